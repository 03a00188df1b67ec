"""What is around the screens: the frame, ways through them, old addresses, notices, and what is not there."""
import unittest
import uuid

from harness import BridgeTest, Keys, api, deliver, eventually, open_task, project, query, run_to_approval


class App(BridgeTest):
    def test_the_frame_says_who_and_where_and_looks_as_one_likes(self):
        page = self.browser
        project("framed", ["carts"])
        page.visit("project/framed")
        page.find(".trail .project", "framed")
        page.find(".live", "live")
        self.assertEqual(page.run("return document.title"), "Environment · framed · Keptn")
        page.find("details.user summary", "first").click()
        for theme in ("dark", "light"):
            page.find(".themes button", theme).click()
            self.assertEqual(page.run("return document.documentElement.dataset.theme"), theme)
            self.assertEqual(page.violations(), [])
        page.go("project/framed")
        self.assertEqual(page.run("return document.documentElement.dataset.theme"), "light")
        page.find("details.user summary").click()
        page.find(".themes button", "auto").click()
        self.assertIsNone(page.run("return document.documentElement.dataset.theme ?? null"))

    def test_about_says_the_version_and_the_components(self):
        page = self.browser
        page.visit("about")
        version = api("GET", "v1/metadata")["keptnversion"]
        page.find("dd", version)
        page.find("td", "webhook-service")
        page.find("td .state-pass", "part of this server")
        page.find(".links a", "OpenAPI")


class Navigation(BridgeTest):
    def test_rail_trail_and_history_lead_through_everything(self):
        project("walked", ["carts"])
        page = self.browser
        page.visit("project/walked")
        for link, title in (("Services", "Services"), ("Sequences", "Sequences"), ("Settings", "Settings"),
                            ("Integrations", "Integrations"), ("Secrets", "Secrets"), ("Approvals", "Approvals"),
                            ("Problems", "Problems"), ("Statistics", "Statistics"), ("Tokens", "Tokens"),
                            ("About", "About"), ("Dashboard", "Dashboard")):
            with self.subTest(link):
                if not page.count(f"nav.rail a[title={link}]"):
                    page.visit("project/walked")
                page.find(f"nav.rail a[title={link}]").click()
                page.find("h1", title)
                page.find("nav.rail a[aria-current=page]", link)
        page.driver.back()
        page.find("h1", "About")
        page.driver.forward()
        page.find("h1", "Dashboard")
        page.visit("project/walked/service")
        page.find(".trail a.project", "walked").click()
        page.find("h1", "Environment")


    def test_a_dialog_does_not_outlive_its_screen(self):
        project("walked", ["carts"])
        page = self.browser
        page.visit("project/walked/settings/services/create")
        page.find("dialog input")
        page.visit("about")
        page.find("h1", "About")
        page.gone("dialog")

    def test_the_same_place_of_another_project_is_chosen_in_the_head(self):
        project("walked", ["carts"])
        project("walked-elsewhere", ["carts"])
        page = self.browser
        page.visit("project/walked/service")
        page.find(".switch summary").click()
        page.find(".switch a", "walked-elsewhere")
        self.assertEqual(page.violations(), [])
        page.keys("elsewh")
        eventually("one is left", lambda: page.count(".switch .projects a") == 1)
        for width in (1440, 390):
            page.size(width)
            self.assertLessEqual(page.run("return document.documentElement.scrollWidth - innerWidth"), 0)
        page.keys(Keys.TAB, Keys.ENTER)
        page.find("h1", "Services")
        self.assertEqual(page.run("return location.pathname"), "/bridge/project/walked-elsewhere/service")
        page.gone(".switch .menu")


class DeepLinks(BridgeTest):
    def test_a_trace_leads_to_its_stage_and_to_its_event(self):
        project("traced", ["carts"])
        context, event = run_to_approval("traced")
        page = self.browser
        page.go(f"trace/{context}/production")
        page.find(".lane.chosen", "production")
        self.assertTrue(page.run("return location.pathname").endswith(f"/sequence/{context}/stage/production"))
        page.go(f"trace/{context}/sh.keptn.event.approval.triggered")
        page.find("dialog pre", event["id"])

    def test_the_addresses_of_keptns_own_bridge_lead_to_what_they_name(self):
        project("linked", ["carts"])
        context, event = run_to_approval("linked")
        base = "project/linked"
        evaluation = api("GET", query("mongodb-datastore/event", project="linked",
                                      type="sh.keptn.event.evaluation.finished"))["events"][0]["id"]
        page = self.browser
        for path, text in (
                ("dashboard", "Dashboard"), ("create/project", "Create project"), (base, "Environment"),
                (f"{base}/environment/stage/production", "Stage production"),
                (f"{base}/environment/stage/production?filterType=approval", "carts"),
                (f"{base}/service", "Services"), (f"{base}/service/carts", "Deployments"),
                (f"{base}/service/carts/context/{context}", "Deployments"),
                (f"{base}/service/carts/context/{context}/stage/dev", "score"),
                (f"{base}/sequence", "Sequences"), (f"{base}/sequence/{context}", "delivery of carts"),
                (f"{base}/sequence/{context}/stage/dev", "delivery of carts"),
                (f"{base}/sequence/{context}/event/{event['id']}", "approval.triggered"),
                (f"{base}/settings/project", "Shipyard"), (f"{base}/settings/services", "Create a service"),
                (f"{base}/settings/services/create", "Lower case letters"),
                (f"{base}/settings/services/edit/carts", "Files"),
                (f"{base}/settings/uniform/integrations", "Integrations"), (f"{base}/settings/uniform/secrets", "Secrets"),
                (f"{base}/settings/uniform/secrets/add", "Add a secret"),
                (f"trace/{context}", "delivery of carts"), (f"trace/{context}/dev", "delivery of carts"),
                (f"evaluation/{context}", "score"), (f"evaluation/{context}/dev", "score"),
                (f"evaluation/{context}/{evaluation}", "score")):
            with self.subTest(path):
                page.go(path)
                page.says(text)


class Notification(BridgeTest):
    def test_what_was_done_and_what_failed_is_said_to_everybody(self):
        project("noted", ["carts"])
        context = deliver("noted", "carts")
        open_task("deployment", context)
        page = self.browser
        page.visit(f"project/noted/sequence/{context}")
        page.find(".head button", "Pause").click()
        page.find("#notices[aria-live=polite] .notice.state-pass", "Paused")
        self.assertEqual(page.violations(), [])
        page.wire.cut()
        page.find(".head button", "Resume").click()
        page.noticed("no answer from the server")
        page.wire.mend()
        page.gone(".notice")


class ErrorPages(BridgeTest):
    def test_what_is_not_there_says_so_and_leads_on(self):
        project("there", ["carts"])
        page = self.browser
        for path, text in (("no/such/page", "There is nothing here"), ("error", "There is nothing here"),
                           ("project/nowhere", "there is no project 'nowhere'"),
                           ("project/nowhere/service", "there is no project 'nowhere'"),
                           ("project/there/service/nothing", "There is no service nothing"),
                           (f"project/there/sequence/{uuid.uuid4()}", "Not found"),
                           (f"trace/{uuid.uuid4()}", "No run has this context"),
                           (f"evaluation/{uuid.uuid4()}", "No run has this context"),
                           ("project/there/settings/uniform/integrations/none", "No integration has the id none"),
                           ("project/%ff", "There is nothing here")):
            with self.subTest(path):
                page.go(path)
                page.says(text)
                self.assertEqual(page.violations(), [])

    def test_a_server_that_cannot_be_reached_is_named_and_asked_again(self):
        project("cut", ["carts"])
        webhooks = next(one["id"] for one in api("GET", "controlPlane/v1/uniform/registration")
                        if one["name"] == "webhook-service")
        integrations = "project/cut/settings/uniform/integrations"
        page = self.browser
        for path, title in (("approvals", "Approvals"), ("project/cut/sequence", "Sequences"),
                            (f"{integrations}/{webhooks}/subscriptions/add", "New subscription"),
                            ("project/cut/settings/files", "Files"), ("project/cut/service/carts", "carts")):
            with self.subTest(path):
                # The screen is there, its data are not.
                page.visit(path)
                page.find("h1", title)
                page.visit("about")
                page.wire.cut()
                page.find(".live", "reconnecting")
                page.visit(path)
                page.says("no answer from the server")
                page.wire.mend()
                page.find("h1", title)


if __name__ == "__main__":
    unittest.main()
