"""Runs: their list and their timeline, how they are triggered, what they wait for, and what they repair."""
import base64
import unittest

from harness import (
    SHIPYARD, BridgeTest, Keys, answer, api, deliver, eventually, finish, open_task, project, query, run_to_approval, send,
    start,
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


ACTIONS = """apiVersion: spec.keptn.sh/0.1.4
kind: Remediation
metadata: {name: carts}
spec:
  remediations:
    - problemType: default
      actionsOnOpen:
        - {action: scaling, name: the scaling, value: "1"}
        - {action: rollback, name: the rollback}
"""


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
    def type(self, selector, value):
        """As if it were typed, which fields for times take in the order of the country."""
        self.browser.find(selector)
        self.browser.run("const field = document.querySelector(arguments[0]); field.value = arguments[1];"
                         " field.dispatchEvent(new Event('input'))", selector, value)

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
        # The same of a time that has passed.
        page.visit("project/triggered")
        page.find(".head button", "Trigger a sequence").click()
        page.find("#trigger-service").send_keys("carts")
        page.choose("#trigger-sequence", "evaluation")
        page.choose("#trigger-period", "span")
        for name, value in (("from", "2026-01-02T10:00"), ("to", "2026-01-02T10:00")):
            self.type(f"#trigger-{name}", value)
        page.find("dialog footer .primary").click()
        page.find("dialog .problem", "is not after its start")
        self.assertEqual(page.violations(), [])
        self.type("#trigger-to", "2026-01-02T10:30")
        page.find("dialog footer .primary").click()
        page.find("h1", "evaluation of carts")
        context = page.run("return location.pathname").split("/")[-1]
        window = api("GET", query("mongodb-datastore/event", project="triggered", keptnContext=context,
                                  type="sh.keptn.event.dev.evaluation.triggered"))["events"][0]["data"]["evaluation"]
        self.assertEqual([page.run("return new Date(arguments[0]).getTime()", window[end]) for end in ("start", "end")],
                         [page.run("return new Date(arguments[0]).getTime()", at)
                          for at in ("2026-01-02T10:00", "2026-01-02T10:30")])
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

    def test_what_was_done_about_a_problem_is_listed_with_its_results(self):
        tasks = "".join(f"            - name: {name}\n" for name in ("get-action", "action", "evaluation"))
        project("acted", ["carts"], REPAIRED[:REPAIRED.index("            - name: diagnose")] + tasks)
        api("PUT", "resource-service/v1/project/acted/resource/remediation.yaml", {
            "resourceContent": base64.b64encode(ACTIONS.encode()).decode()})
        context = send("production.remediation.triggered", {
            "project": "acted", "stage": "production", "service": "carts", "problem": {"problemTitle": "Too slow"}})
        event = open_task("action", context)
        start(event)
        finish(event)
        event = open_task("evaluation", context)
        start(event)
        finish(event, "fail", evaluation={"result": "fail", "score": 0})
        event = open_task("action", context)
        start(event)
        finish(event, "fail", message="no earlier version")
        page = self.browser
        for path in ("problems?project=acted", "problems"):
            with self.subTest(path):
                page.visit(path)
                row = f"[aria-label='Ended remediations'] tr[data-key='{context}']"
                page.find(f"{row} td", "Too slow")
                page.find(f"{row} .state-pass", "scaling")
                page.find(f"{row} .state-fail", "rollback")
                self.assertIn("no earlier version", page.find(row).text)
                self.assertIn("the rollback", page.find(row).text)
                for width, dark in ((1440, False), (390, True)):
                    page.size(width, dark)
                    page.shot(f"repaired-{width}{'-dark' if dark else ''}")
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


if __name__ == "__main__":
    unittest.main()
