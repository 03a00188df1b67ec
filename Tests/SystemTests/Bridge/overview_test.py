"""All projects, one project's stages with what stands where, and two stages compared."""
import unittest
import uuid

from harness import (
    SHIPYARD, BridgeTest, answer, api, deliver, eventually, finish, open_task, project, run_to_approval, send, start,
)


def deployed(name, stage, service, image):
    """A run that brings a version to one stage alone: what was deployed is told, as by any executor."""
    context = send(f"{stage}.delivery.triggered", {
        "project": name, "stage": stage, "service": service, "configurationChange": {"values": {"image": image}}})
    if stage == "production":
        answer(open_task("approval", context))
    event = open_task("deployment", context)
    start(event)
    finish(event)
    eventually("the deployment has ended", lambda: not any(
        one["shkeptncontext"] == context for one in api(
            "GET", "controlPlane/v1/event/triggered/sh.keptn.event.deployment.triggered")["events"]))
    if stage == "dev":
        api("POST", f"controlPlane/v1/sequence/{name}/{context}/control", {"state": "abort"})


class Dashboard(BridgeTest):
    def test_a_tile_says_what_runs_waits_and_failed_and_leads_there(self):
        project("tiled", ["carts", "orders"])
        run_to_approval("tiled")
        running = deliver("tiled", "orders")
        open_task("deployment", running)
        page = self.browser
        page.visit("dashboard?search=tiled")
        tile = ".tile[data-key=tiled]"
        page.find(f"{tile} header", "2 services")
        page.find(f"{tile} .stages .state-running", "1")
        page.find(f"{tile} .stages .state-approval", "1")
        page.find(f"{tile} .runs a", "orders").click()
        page.find("h1", "delivery of orders")
        page.visit("dashboard?search=tiled")
        page.find(f"{tile} .stages a", "production").click()
        page.find("h1", "Stage production")

    def test_the_filter_stands_in_the_address(self):
        project("filtered-one")
        project("filtered-two")
        page = self.browser
        page.visit("dashboard")
        page.find("input[aria-label='Filter projects by name']").send_keys("filtered-t")
        eventually("one is left", lambda: page.count(".tile") == 1)
        self.assertIn("search=filtered-t", page.run("return location.search"))
        page.keys("xyz")
        page.says("No project has this name")

    def test_what_happens_is_shown_also_to_who_may_see_one_project_only(self):
        project("limited", ["carts"])
        project("unseen", ["carts"])
        name = f"limited-{uuid.uuid4().hex[:8]}"
        token = api("POST", "v1/tokens", {"name": name, "scopes": ["write"], "projects": ["limited"]})["token"]
        page = self.browser
        page.log_in(token)
        page.visit("dashboard")
        page.find(".live", "live")
        page.find(".tile h2", "limited")
        self.assertEqual(page.count(".tile"), 1)
        deliver("unseen", "carts")
        context = deliver("limited", "carts")
        page.find(".tile .runs a", "carts")
        # Every place says something to them.
        for path, text in (("approvals", "Approvals"), ("problems", "Problems"), ("statistics", "counted over the whole"),
                           ("tokens", "not for yours to see"), ("about", "limited"),
                           ("project/limited/settings/uniform/integrations", "whole server"),
                           ("project/limited/settings/uniform/secrets", "whole server"),
                           (f"project/limited/sequence/{context}", "delivery of carts"),
                           ("project/unseen", "limited to the projects")):
            with self.subTest(path):
                page.visit(path)
                page.says(text)
                self.assertEqual(page.complaints(), [])


class Environment(BridgeTest):
    def test_stages_are_a_graph_and_services_say_what_stands_where(self):
        shipyard = SHIPYARD.replace("    - name: production", "    - name: test\n      sequences:\n        - name: delivery\n"
                                    "          triggeredOn:\n            - event: dev.delivery.finished\n"
                                    "          tasks:\n            - name: deployment\n    - name: production")
        project("graphed", ["carts", "orders"], shipyard)
        run_to_approval("graphed", image="carts:7")
        page = self.browser
        page.visit("project/graphed")
        page.find(".graph .stage", "production")
        columns = page.run("return [...document.querySelectorAll('.graph .column')].map((one) => one.children.length)")
        self.assertEqual(columns, [1, 2])
        page.find("tr[data-key=carts] .version", "carts:7")
        page.find("tr[data-key=carts] .state-pass", "gate pass")
        page.find("tr[data-key=carts] .state-approval", "approval")
        page.choose("select[aria-label='Which services']", "approval")
        eventually("one service is left", lambda: page.count("tbody tr") == 1)
        self.assertIn("filterType=approval", page.run("return location.search"))
        page.find(".graph .stage", "test").click()
        page.find("h1", "Stage test")
        self.assertEqual(page.violations(), [])

    def test_a_stage_shows_the_gates_before_the_newest(self):
        project("gated", ["carts"])
        for result in ("fail", "warning", "pass"):
            context = str(uuid.uuid4())
            send("evaluation.finished", {
                "project": "gated", "stage": "dev", "service": "carts", "status": "succeeded", "result": result,
                "evaluation": {"result": result, "score": 1, "indicatorResults": []}}, context, str(uuid.uuid4()))
        page = self.browser
        page.visit("project/gated/environment/stage/dev")
        page.find("tr[data-key=carts] .state-pass", "gate passed")
        page.find("tr[data-key=carts] .steps .state-warning")
        self.assertEqual(page.run("return [...document.querySelectorAll('td .steps .state')].map((one) => one.textContent)"),
                         ["warning", "failed"])
        self.assertEqual(page.violations(), [])
        page.find("tr[data-key=carts] .steps a:last-child").click()
        page.find(".evaluation .state-fail")

    def test_two_stages_are_compared_and_a_version_is_brought_on(self):
        project("compared", ["alike", "carts", "orders", "untouched"])
        for service, images in (("alike", ["a:1", "a:1"]), ("carts", ["c:2", "c:1"]), ("orders", ["o:1"])):
            for stage, image in zip(("dev", "production"), images):
                deployed("compared", stage, service, image)
        page = self.browser
        page.visit("project/compared")
        page.find(".toolbar a", "Compare stages").click()
        page.find("h1", "Compare stages")
        rows = "main tbody tr"
        eventually("only what differs is shown", lambda: page.count(rows) == 2)
        page.says("2 services differ")
        page.find("tr[data-key=carts] .version", "c:2")
        page.find("tr[data-key=carts] .version", "c:1")
        page.find("tr[data-key=orders] .state-warning", "differs")
        for width, dark in ((1440, False), (390, True)):
            page.size(width, dark)
            page.shot(f"compare-{width}{'-dark' if dark else ''}")
            self.assertLessEqual(page.run("return document.documentElement.scrollWidth - innerWidth"), 0)
            self.assertEqual(page.violations(), [])
        page.size(1440)
        page.run("document.querySelector('.compare input[type=checkbox]').focus()")
        page.keys(" ")
        eventually("all are shown", lambda: page.count(rows) == 4)
        page.find("tr[data-key=alike]", "the same")
        page.find("tr[data-key=untouched]", "nothing in both")
        self.assertIn("all=true", page.run("return location.search"))
        page.keys(" ")
        eventually("only what differs is shown again", lambda: page.count(rows) == 2)
        # The other way round nothing in the shipyard leads from production to dev.
        page.visit("project/compared/compare?left=production&right=dev")
        page.find("thead th:nth-child(2)", "production")
        page.gone("tbody .button")
        page.choose("select[aria-label='This stage']", "dev")
        page.find("thead th:nth-child(2)", "dev")
        self.assertIn("left=dev&right=production", page.run("return location.search"))
        page.find("tr[data-key=carts] .button", "Bring on to production").click()
        self.assertEqual(page.run("return ['stage', 'sequence', 'service', 'image'].map((one) => "
                                  "document.getElementById(`trigger-${one}`).value)"),
                         ["production", "delivery", "carts", "c:2"])
        page.find("dialog button[type=submit]").click()
        page.find("h1", "delivery")
        context = page.run("return location.pathname").split("/")[5]
        self.assertEqual(open_task("approval", context)["data"]["configurationChange"]["values"]["image"], "c:2")


if __name__ == "__main__":
    unittest.main()
