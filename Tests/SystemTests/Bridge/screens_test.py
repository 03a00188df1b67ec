"""Every screen, empty, small and huge: at three widths, in light and dark colours, held against axe, with pictures."""
import unittest

from harness import BridgeTest, deliver, finish, open_task, project, start

EMPTY, SMALL, HUGE = "empty", "small", "huge"

# Names and addresses below /bridge. {project} is one of the three; {context} a run of it, {service} a service.
SCREENS = [
    ("dashboard", "dashboard"),
    ("approvals", "approvals"),
    ("about", "about"),
    ("create-project", "create/project"),
    ("environment", "project/{project}"),
    ("stage", "project/{project}/environment/stage/dev"),
    ("compare", "project/{project}/compare"),
    ("sequences", "project/{project}/sequence"),
    ("sequence", "project/{project}/sequence/{context}"),
    ("services", "project/{project}/service"),
    ("service", "project/{project}/service/{service}"),
    ("evaluation", "project/{project}/service/{service}/context/{context}/stage/dev"),
    ("chart", "project/{project}/service/{service}?view=chart"),
    ("settings", "project/{project}/settings/project"),
    ("settings-services", "project/{project}/settings/services"),
    ("files", "project/{project}/settings/files?file=shipyard.yaml"),
    ("integrations", "project/{project}/settings/uniform/integrations"),
    ("secrets", "project/{project}/settings/uniform/secrets"),
    ("problems", "problems"),
    ("statistics", "statistics"),
    ("tokens", "tokens"),
    ("nowhere", "nowhere/at/all"),
]

# Widths, and whether in dark colours.
FORMS, MORE_FORMS = [(1440, False), (1024, False), (390, True)], [(1440, True), (390, False)]

# On a phone the rows of tables are cards.
SIDEWAYS = """return [...document.querySelectorAll('.list tbody tr')].filter((row) => row.scrollWidth > row.clientWidth + 1)
    .map((row) => row.textContent)"""

services = {EMPTY: "none", SMALL: "carts", HUGE: "a-service-with-a-long-name-059"}
contexts = {EMPTY: "00000000-0000-0000-0000-000000000000"}


def setUpModule():
    project(EMPTY)
    project(SMALL, ["carts"])
    project(HUGE, [f"a-service-with-a-long-name-{number:03}" for number in range(60)])
    for number in range(22):
        project(f"one-of-many-{number:02}")
    contexts[SMALL] = deliver(SMALL, "carts", image="registry.example.org/shop/carts:1.2.3", labels={"build": "7"})
    for task in ("deployment", "evaluation"):
        event = open_task(task, contexts[SMALL])
        start(event)
        finish(event, message="fine", evaluation={"result": "pass", "score": 100})
    open_task("approval", contexts[SMALL])
    for number in range(60):
        contexts[HUGE] = deliver(HUGE, f"a-service-with-a-long-name-{number:03}",
                                 image="registry.example.org/a/very/long/path/to/an/image@sha256:" + "ab" * 32)
    event = open_task("deployment", contexts[HUGE])
    for number in range(40):
        start(event, source=f"https://example.org/an/executor/with/a/long/name/{number}")


class Screens(BridgeTest):
    def looks(self, size):
        page = self.browser
        for name, address in SCREENS:
            path = address.format(project=size, context=contexts[size], service=services[size])
            if size != SMALL and "{" not in address:
                continue
            with self.subTest(f"{name}, {size}"):
                page.size(1440)
                page.visit(path)
                page.settled()
                self.assertEqual(page.count("main h1"), 1)
                for width, dark in FORMS + (MORE_FORMS if size == SMALL else []):
                    page.size(width, dark)
                    page.shot(f"{name}-{size}-{width}{'-dark' if dark else ''}")
                    wide = page.run("return document.documentElement.scrollWidth - innerWidth")
                    self.assertLessEqual(wide, 0, f"at {width} px the page is {wide} px too wide")
                    if width == 390:
                        self.assertEqual(page.run(SIDEWAYS), [], "these rows would have to be scrolled sideways")
                    if width != 1024:
                        self.assertEqual(page.violations(), [], f"at {width} px{', dark' if dark else ''}")

    def test_empty(self):
        self.looks(EMPTY)

    def test_small(self):
        self.looks(SMALL)

    def test_huge(self):
        self.looks(HUGE)

    def test_lists_come_in_pages(self):
        page = self.browser
        page.visit(f"project/{HUGE}")
        page.find(".pager", "1–50 of 60")
        page.find(".pager button", "Forward").click()
        page.find(".pager", "51–60 of 60")
        self.assertIn("from=50", page.run("return location.search"))
        page.visit("dashboard")
        page.find(".pager", "1–20 of")

    def test_statistics_of_many_projects_are_those_of_one_that_is_chosen(self):
        page = self.browser
        page.visit("statistics")
        page.says("Choose a project")
        page.choose("select[aria-label=Project]", SMALL)
        page.find("[aria-label='What was run, by service'] td", "carts")


if __name__ == "__main__":
    unittest.main()
