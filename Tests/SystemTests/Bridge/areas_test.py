"""The areas of the Cypress tests of Keptn's own Bridge that no other file here has (README.md lists all of them)."""
import re
import threading
import unittest
import uuid

from harness import (
    SHIPYARD, BridgeTest, Keys, Refused, api, deliver, eventually, finish, open_task, pathlib, project, query, send,
    send_many, start,
)

REPAIRED = SHIPYARD + """        - name: remediation
          triggeredOn:
            - event: production.remediation.finished
              selector:
                match:
                  evaluation.result: fail
          tasks:
            - name: diagnose
            - name: repair
"""


def run_to_approval(name, service="carts", image="carts:1"):
    """Triggers a delivery and plays the executors up to the approval; its context and the approval's event."""
    context = deliver(name, service, image)
    for task in ("deployment", "evaluation"):
        event = open_task(task, context)
        start(event)
        finish(event, evaluation={"result": "pass", "score": 98.5})
    return context, open_task("approval", context)


def answer(event, result="pass"):
    data = {key: event["data"][key] for key in ("project", "stage", "service")}
    return send("approval.finished", data | {"status": "succeeded", "result": result}, event["shkeptncontext"], event["id"])


class Areas(unittest.TestCase):
    def test_every_area_has_the_tests_that_the_table_names(self):
        folder = pathlib.Path(__file__).parent
        classes = set(re.findall(r"^class (\w+)", "".join(file.read_text() for file in folder.glob("*_test.py")), re.M))
        rows = re.findall(r"^\| ([a-zA-Z -]+) \| (`.*`) \|$", (folder / "README.md").read_text(), re.M)
        self.assertEqual(len(rows), 25)
        for area, names in rows:
            for name in re.findall(r"`(\w+)`", names):
                self.assertIn(name, classes, area)


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
        page.find(".links a", "OpenAPI")


class Approval(BridgeTest):
    def test_all_that_waits_is_in_one_list_with_its_gate(self):
        project("approved", ["carts"])
        context, _ = run_to_approval("approved")
        page = self.browser
        page.visit("approvals?project=approved")
        page.find("tbody td", "carts")
        page.find("tbody td", "98.5")
        page.find("tbody button", "Decide").click()
        page.find("dialog .facts", "carts:1")
        self.assertEqual(page.violations(), [])
        page.find("dialog .choice", "Decline").click()
        page.find("dialog textarea").send_keys("not on a Friday")
        page.find("dialog footer [type=submit]", "Decline").click()
        page.noticed("Declined")
        page.says("Nothing waits for you")
        page.visit(f"project/approved/sequence/{context}")
        page.find(".messages", "not on a Friday")

    def test_a_decision_that_somebody_else_has_taken_meanwhile_is_told(self):
        project("late", ["carts"])
        context, event = run_to_approval("late")
        page = self.browser
        page.visit("approvals?project=late")
        page.find("tbody button", "Decide").click()
        page.find("dialog .facts")
        answer(event)
        open_task("deployment", context)
        page.find("dialog footer .primary").click()
        page.noticed("Your decision does not count")
        page.gone("dialog")
        page.says("Nothing waits for you")

    def test_a_second_decision_of_the_same_person_is_told(self):
        shipyard = SHIPYARD.replace("pass: manual", "pass: manual\n                approvers: 2")
        project("twice", ["carts"], shipyard)
        _, event = run_to_approval("twice")
        page = self.browser
        page.visit("approvals?project=twice")
        page.find("tbody button", "Decide").click()
        page.find("dialog footer .primary").click()
        page.noticed("Approved")
        page.gone("dialog")
        page.find("tbody button", "Decide").click()
        page.find("dialog footer .primary").click()
        page.noticed("Your decision does not count")
        page.gone("dialog")
        page.find("tbody button", "Decide")


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


class DeepLinks(BridgeTest):
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
        page = self.browser
        page.visit("about")
        page.wire.cut()
        page.find(".live", "reconnecting")
        page.visit("approvals")
        page.says("no answer from the server")
        page.wire.mend()
        page.find("h1", "Approvals")


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


class Remediation(BridgeTest):
    def test_what_was_repaired_is_listed_for_all_projects_in_pages(self):
        names = ["mended-one", "mended-two"]
        for name in names:
            project(name, ["carts"], REPAIRED)
        for name in [names[0]] * 21 + [names[1]]:
            context = send("production.remediation.triggered", {
                "project": name, "stage": "production", "service": "carts"})
            open_task("diagnose", context)
            api("POST", f"controlPlane/v1/sequence/{name}/{context}/control", {"state": "abort"})
        page = self.browser
        page.visit("problems")
        rows = "[aria-label='Ended remediations'] tbody tr"
        newest = page.find(rows)
        self.assertIn(names[1], newest.text)
        eventually("there is a page of them", lambda: page.count(rows) == 20)
        page.find("[aria-label='Ended remediations'] ~ .pager [aria-label=Older]").click()
        eventually("the second page is shown", lambda: 0 < page.count(rows) != 20)
        self.assertIn("past=20", page.run("return location.search"))
        page.visit(f"problems?project={names[1]}")
        eventually("only that project is shown", lambda: page.count(rows) == 1)
        self.assertEqual(page.violations(), [])

    def test_a_problem_is_followed_until_it_is_repaired(self):
        project("repaired", ["carts"], REPAIRED)
        context = send("production.remediation.triggered", {
            "project": "repaired", "stage": "production", "service": "carts",
            "problem": {"problemTitle": "Response time too long"}})
        open_task("diagnose", context)
        page = self.browser
        page.visit("problems?project=repaired")
        page.find("tbody .state-problem", "Response time too long")
        self.assertEqual(page.violations(), [])
        page.visit("project/repaired?filterType=problem")
        page.find("td .state-problem", "remediation")
        page.visit("problems?project=repaired")
        for task in ("diagnose", "repair"):
            event = open_task(task, context)
            start(event)
            finish(event)
        page.says("No open problems")
        page.find("[aria-label='Ended remediations'] td", "carts")
        self.assertEqual(page.violations(), [])


class Sequences(BridgeTest):
    def test_runs_are_filtered_by_everything_and_the_address_keeps_it(self):
        project("listed", ["carts", "orders"])
        done = deliver("listed", "carts")
        event = open_task("deployment", done)
        start(event)
        finish(event, result="fail", message="no space left")
        open_task("deployment", deliver("listed", "orders"))
        page = self.browser
        page.visit("project/listed/sequence")
        page.find(".head .beside", "2 runs")
        for label, value, service in (("Any state", "started", "orders"), ("Any state", "finished", "carts"),
                                      ("Any result", "fail", "carts"), ("Any stage", "dev", "orders")):
            with self.subTest(f"{label}: {value}"):
                page.visit("project/listed/sequence")
                page.find(f"select[aria-label='{label}']")
                page.choose(f"select[aria-label='{label}']", value)
                page.find("tbody td", service)
        page.go("project/listed/sequence?service=carts")
        eventually("one is left", lambda: page.count("tbody tr") == 1)
        page.find(".toolbar a", "Clear").click()
        eventually("all are back", lambda: page.count("tbody tr") == 2)

    def test_a_long_wait_is_drawn_shorter_and_work_to_scale(self):
        page = self.browser
        page.visit("about")
        found = page.driver.execute_async_script("""
            const done = arguments[0]
            import('/bridge/screens/waterfall.js').then(({scale}) => {
                const {share, cuts} = scale(0, 1_000_000, [[0, 10], [999_990, 1_000_000]])
                const shares = [0, 5, 10, 999_990, 1_000_000].map((at) => Math.round(share(at) * 60))
                done([...shares, cuts.map((one) => one.ms)])
            }, (error) => done(String(error)))""")
        self.assertEqual(found, [0, 10, 20, 40, 60, [999_980]])

    def test_a_run_that_waits_says_for_whom_and_leads_there(self):
        project("queued", ["carts"])
        first = deliver("queued", "carts")
        open_task("deployment", first)
        second = deliver("queued", "carts")
        page = self.browser
        page.visit(f"project/queued/sequence/{second}")
        page.find(".waiting a").click()
        eventually("the first run is shown", lambda: first in page.run("return location.pathname"))
        page.find(".of-task", "deployment")

    def test_a_task_that_failed_says_why(self):
        project("failed", ["carts"])
        context = deliver("failed", "carts")
        event = open_task("deployment", context)
        start(event)
        finish(event, result="fail", message="no space left on device")
        page = self.browser
        page.visit(f"project/failed/sequence/{context}")
        page.find(".head .state-fail", "failed")
        page.find(".messages", "no space left on device")
        page.find(".events a", "deployment.finished").click()
        page.find("dialog pre", "no space left on device")
        page.keys(Keys.ESCAPE)


class TriggerSequence(BridgeTest):
    def test_an_evaluation_and_a_custom_sequence_are_triggered_and_mistakes_told(self):
        shipyard = SHIPYARD.replace("      sequences:\n        - name: delivery",
                                    "      sequences:\n        - name: smoke\n          tasks:\n            - name: check\n"
                                    "        - name: delivery", 1)
        project("triggered", ["carts", "orders"], shipyard)
        page = self.browser
        page.visit("project/triggered")
        page.find(".head button", "Trigger a sequence").click()
        page.find("#trigger-service").send_keys("carts")
        page.choose("#trigger-sequence", "evaluation")
        field = page.find("#trigger-timeframe")
        field.clear()
        field.send_keys("soon")
        page.find("dialog footer .primary").click()
        page.find("dialog .problem", "soon")
        field.clear()
        field.send_keys("5m")
        page.find("dialog footer .primary").click()
        page.find("h1", "evaluation of carts")
        page.visit("project/triggered")
        page.find(".head button", "Trigger a sequence").click()
        page.choose("#trigger-sequence", "smoke")
        page.find("dialog .preview", "check")
        page.find("#trigger-service").send_keys("orders")
        page.find("#trigger-labels").send_keys("nonsense")
        page.find("dialog footer .primary").click()
        page.find("dialog .problem", "name=value is needed")
        page.run("document.querySelector('#trigger-labels').value = 'a=b';"
                 " document.querySelector('#trigger-labels').dispatchEvent(new Event('input'))")
        page.find("#trigger-values").send_keys('{"replicas": 2}')
        page.find("dialog footer .primary").click()
        page.find("h1", "smoke of orders")
        context = page.run("return location.pathname").split("/")[-1]
        data = open_task("check", context)["data"]
        self.assertEqual(data["configurationChange"]["values"], {"replicas": 2})
        self.assertEqual(data["labels"], {"a": "b"})


class Flood(BridgeTest):
    # What is asked and drawn, frame by frame, while events come as fast as the server takes them.
    WATCH = """
        const watch = window.watch = {frames: 0, draws: 0, drawsMax: 0, asked: 0}
        let draws = 0
        new MutationObserver(() => { draws += 1; watch.draws += 1 }).observe(document.querySelector('main'),
            {childList: true, subtree: true, characterData: true, attributes: true})
        const next = () => {
          watch.frames += 1
          watch.drawsMax = Math.max(watch.drawsMax, draws)
          draws = 0
          requestAnimationFrame(next)
        }
        requestAnimationFrame(next)
        const fetch = window.fetch
        window.fetch = (...all) => { watch.asked += 1; return fetch(...all) }
    """
    BATCHES, SIZE = 40, 50

    def test_thousands_of_events_leave_the_page_right_and_usable(self):
        project("flooded", ["carts", "orders"])
        page = self.browser
        page.visit("project/flooded/sequence")
        page.find(".live", "live")
        page.run(self.WATCH)
        last = []

        def flood():
            for _ in range(self.BATCHES):
                send_many("flooded", self.SIZE)
            last.append(deliver("flooded", "orders"))

        sender = threading.Thread(target=flood)
        sender.start()
        typed = page.find("input[aria-label='Service, exactly']")
        typed.send_keys("order")
        sender.join()
        eventually("the last run is shown", lambda: last[0][:13] in page.text())
        self.assertEqual(page.run("return document.querySelector(\"input[aria-label='Service, exactly']\").value"), "order")
        watch = page.run("return window.watch")
        count = self.BATCHES * self.SIZE
        self.assertLessEqual(watch["drawsMax"], 3, "a frame is drawn once, whatever comes in it")
        self.assertLess(watch["asked"], count / 10, "a flood of events is no flood of requests")
        self.assertLess(watch["draws"], count / 10)
        page.keys("s", Keys.ENTER)
        eventually("the filter counts", lambda: page.count("tbody tr") == 1)


if __name__ == "__main__":
    unittest.main()
