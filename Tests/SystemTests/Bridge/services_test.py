"""Services: their deployments, and their evaluations as a heat map, a chart and a table."""
import base64
import unittest
import uuid

from harness import (
    HOSTILE, SHIPYARD, BridgeTest, api, deliver, eventually, finish, open_task, project, query, send, start,
)

PROJECT = "measured"
SLO = "spec_version: '1.0'\nobjectives:\n  - sli: response_time\n    weight: 4\n    key_sli: true\n"


REPAIR = "        - name: remediation\n          tasks:\n            - name: repair\n"


def indicator(metric, name, value, status="pass", before=0.0, violated=False, **more):
    return {
        "score": 1 if status == "pass" else 0, "status": status, "displayName": name, "keySli": metric == "response_time",
        "value": {"metric": metric, "value": value, "comparedValue": before, "success": True} | more,
        "passTargets": [{"criteria": "<=+10%", "targetValue": before * 1.1, "violated": violated},
                        {"criteria": "<600", "targetValue": 600, "violated": False}],
        "warningTargets": None,
    }


def evaluate(result, score, indicators, stage="dev", service="carts", message="", compared=(), **labels):
    """An evaluation as the log has it, and its context."""
    context = str(uuid.uuid4())
    send("evaluation.finished", {
        "project": PROJECT, "stage": stage, "service": service, "status": "succeeded", "result": result,
        "message": message, "labels": labels,
        "evaluation": {
            "timeStart": "2026-01-01T10:00:00Z", "timeEnd": "2026-01-01T10:05:00Z", "result": result, "score": score,
            "sloFileContent": base64.b64encode(SLO.encode()).decode(), "indicatorResults": indicators,
            "comparedEvents": list(compared), "gitCommit": "c0ffee00",
        },
    }, context, str(uuid.uuid4()))
    return context


def newest():
    return api("GET", query("mongodb-datastore/event", type="sh.keptn.event.evaluation.finished", project=PROJECT,
                            pageSize=1))["events"][0]["id"]


def setUpModule():
    global first, last, run
    project(PROJECT, ["carts", "orders", "hostile", "reached"], SHIPYARD + REPAIR)
    run = deliver(PROJECT, "carts", image="registry.example.org/shop/carts:1.2.3")
    first = evaluate("pass", 100, [indicator("response_time", "Response time", 400)], build="1")
    before = newest()
    evaluate("fail", 40, [indicator("response_time", "Response time", 580, "fail", 400, True),
                          indicator("errors", "Errors", 0)], compared=[before], build="2")
    last = evaluate("warning", 80, [indicator("response_time", "Response time", 430.5, "warning", 400),
                                    indicator("errors", "Errors", 0)], compared=[before], build="3",
                    job="https://ci.example.org/3")
    evaluate("fail", 0, [indicator("evil" + HOSTILE, HOSTILE, 1, "fail", message=HOSTILE)], service="hostile",
             message=HOSTILE, evil=HOSTILE, build=HOSTILE)


class ServicesPage(BridgeTest):
    def test_the_list(self):
        page = self.browser
        page.go(f"project/{PROJECT}/service")
        page.find("td a", "carts")
        page.find(".places a", "dev")
        page.find(".toolbar input").send_keys("ord")
        eventually("only orders is left", lambda: page.count("tbody tr") == 1)
        self.assertIn("search=ord", page.run("return location.search"))
        self.assertEqual(page.violations(), [])

    def test_deployments(self):
        page = self.browser
        page.go(f"project/{PROJECT}/service/carts")
        page.find(".deployments .version", "carts:1.2.3")
        page.find(".deployments a", "delivery").click()
        eventually("the run is shown", lambda: run in page.run("return location.pathname"))


class EvaluationHeatmap(BridgeTest):
    def test_the_newest_is_chosen_and_others_can_be_and_compared(self):
        page = self.browser
        page.go(f"project/{PROJECT}/service/carts?stage=dev")
        page.find(".heatmap thead [aria-pressed=true]", "3")
        self.assertEqual(page.count(".heatmap tbody tr"), 3)
        self.assertEqual(page.count(".heat.compared"), 3)
        page.find(".evaluation h2", "3")
        page.find(".evaluation a", "https://ci.example.org/3")
        self.assertEqual(page.violations(), [])
        # Another evaluation, by the keyboard.
        page.run("document.querySelectorAll('.heatmap thead button')[1].focus()")
        page.keys("\ue007")
        page.find(".evaluation h2", "2")
        page.find(".evaluation .missed code", "<=+10%")
        self.assertIn("evaluation=", page.run("return location.search"))
        # Beside another one, and its objectives.
        page.choose("select[aria-label='Compare with another evaluation']",
                    page.run("return [...document.querySelectorAll('.evaluation option')].find("
                             "(one) => one.textContent.startsWith('1 ')).value"))
        page.find(".indicators th", "1")
        page.find(".indicators td", "+45 %")
        page.find(".slo summary").click()
        page.find(".slo pre", "sli: response_time")
        self.assertEqual(page.violations(), [])


class SLIBreakdown(BridgeTest):
    def test_each_indicator_says_what_it_was_what_was_wanted_and_what_it_weighs(self):
        page = self.browser
        page.go(f"project/{PROJECT}/service/carts?stage=dev")
        row = "tr[data-key=response_time]"
        page.find(f".evaluation {row} td", "430.5")
        page.find(f".evaluation {row} td", "+8 %")
        page.find(f".evaluation {row} .met code", "<600")
        titles = page.run("return [...document.querySelectorAll('.indicators th')].map((one) => one.textContent)")
        cells = page.run(f"return [...document.querySelectorAll('.indicators {row} td')].map((one) => one.textContent)")
        self.assertEqual(cells[titles.index("Weight")], "4")
        page.find(f"{row} .tag", "key")
        self.assertEqual(page.count("tr[data-key=errors] .tag"), 0)

    def test_indicators_are_sorted_and_the_event_is_shown(self):
        page = self.browser
        page.go(f"project/{PROJECT}/service/carts?stage=dev")

        def names():
            return page.run("return [...document.querySelectorAll('.indicators tbody tr')].map((one) => one.dataset.key)")
        page.find(".indicators")
        self.assertEqual(names(), ["response_time", "errors"])
        for expected, order in ((["errors", "response_time"], "ascending"), (["response_time", "errors"], "descending")):
            page.find(".indicators th button", "Value").click()
            page.find(f".indicators th[aria-sort={order}]", "Value")
            self.assertEqual(names(), expected)
        self.assertEqual(page.violations(), [])
        page.find(".indicators th button", "Value").click()
        page.gone(".indicators th[aria-sort]")
        page.find(".indicators td", "+30.5, +8 %")
        page.find(".evaluation .beside a", "Event").click()
        page.find("dialog pre", "sloFileContent")

    def test_evaluations_of_one_name_are_told_apart(self):
        for _ in range(2):
            evaluate("pass", 100, [indicator("errors", "Errors", 0)], service="orders", build="same")
        page = self.browser
        page.go(f"project/{PROJECT}/service/orders?stage=dev")
        eventually("both have names", lambda: page.run(
            "return [...document.querySelectorAll('.heatmap thead button')].map((one) => one.textContent)"
        )[-2:] == ["same", "same (2)"])

    def test_what_is_deployed_can_be_opened_and_what_is_repaired_is_named(self):
        context = send("production.remediation.triggered", {
            "project": PROJECT, "stage": "production", "service": "reached", "problem": {"problemTitle": "No memory"}})
        self.assertTrue(open_task("repair", context))
        deployed = deliver(PROJECT, "reached", image="reached:1")
        event = open_task("deployment", deployed)
        start(event)
        finish(event, deployment={"deploymentURIsPublic": ["javascript:alert(1)", "https://reached.example.org"]})
        page = self.browser
        page.go(f"project/{PROJECT}/service/reached")
        address = page.find(".head a[target=_blank]", "open")
        self.assertEqual(address.get_attribute("href"), "https://reached.example.org/")
        page.find(".waiting .state-problem", "No memory")
        page.find(".waiting a", "remediation.yaml")
        self.assertEqual(page.violations(), [])


class EvaluationChart(BridgeTest):
    def test_a_score_and_an_indicator_with_its_limits_are_drawn(self):
        page = self.browser
        page.go(f"project/{PROJECT}/service/carts?stage=dev&view=chart")
        eventually("there are points", lambda: page.count(".chart .point") == 3)
        page.choose("select[aria-label='What is drawn']", "response_time")
        eventually("limits are drawn", lambda: page.count(".chart .limit-pass") > 0)
        page.find(".chart .legend", "pass <=+10%")
        self.assertIn("sli=response_time", page.run("return location.search"))
        self.assertEqual(page.violations(), [])


class EvaluationBoard(BridgeTest):
    def test_links_to_evaluations(self):
        page = self.browser
        page.go(f"project/{PROJECT}/service/carts/context/{first}/stage/dev")
        page.find(".evaluation h2", "1")
        page.visit(f"evaluation/{run}")
        eventually("the service is shown",
                   lambda: page.run("return location.pathname").startswith(f"/bridge/project/{PROJECT}/service/carts"))
        page.visit("evaluation/11111111-1111-4111-8111-111111111111")
        page.says("No run has this context")

    def test_what_is_ignored(self):
        page = self.browser
        evaluate("fail", 10, [indicator("response_time", "Response time", 900, "fail")], service="orders", build="9")
        page.go(f"project/{PROJECT}/service/orders?stage=dev")
        page.find(".evaluation button", "Ignore for comparison").click()
        page.find("dialog textarea").send_keys("The load generator was broken")
        self.assertEqual(page.violations(), [])
        page.find("dialog footer .danger").click()
        page.find(".evaluation .waiting", "The load generator was broken")
        self.assertGreater(page.count(".heat.invalidated"), 0)
        event = api("GET", query("mongodb-datastore/event", type="sh.keptn.event.evaluation.invalidated",
                                 project=PROJECT, service="orders"))["events"][0]
        self.assertEqual(event["data"]["evaluation"]["reason"], "The load generator was broken")

    def test_a_new_evaluation_appears(self):
        page = self.browser
        page.go(f"project/{PROJECT}/service/orders?stage=production")
        page.says("keptn trigger evaluation")
        evaluate("pass", 100, [indicator("errors", "Errors", 0)], stage="production", service="orders", build="77")
        page.find(".heatmap thead button", "77")

    def test_hostile_texts_stay_texts(self):
        page = self.browser
        page.go(f"project/{PROJECT}/service/hostile?stage=dev")
        page.find(".evaluation .message", HOSTILE[:20])
        self.assertEqual(page.count("main img") + page.count("main b[onerror]"), 0)
        page.go(f"project/{PROJECT}/service/hostile?stage=dev&view=chart")
        page.find(".chart")
        self.assertEqual(page.violations(), [])


class EvaluationTile(BridgeTest):
    def test_the_newest_gate_stands_beside_its_service_and_leads_to_the_evaluation(self):
        page = self.browser
        page.go(f"project/{PROJECT}?search=carts")
        page.find("td .state-warning", "gate warning").click()
        page.find(".evaluation h2", "3")
        self.assertIn(f"/service/carts/context/{last}/stage/dev", page.run("return location.pathname"))


class ReadOnly(BridgeTest):
    @classmethod
    def setUpClass(cls):
        try:
            api("DELETE", "v1/tokens/services-reader")
        except Exception:
            pass
        cls.token = api("POST", "v1/tokens", {"name": "services-reader", "scopes": ["read"]})["token"]

    def test_no_button_that_would_be_refused(self):
        page = self.browser
        page.go(f"project/{PROJECT}/service/carts?stage=dev")
        page.find(".evaluation h2")
        self.assertNotIn("Ignore for comparison", page.text())
        self.assertNotIn("Trigger a sequence", page.text())


if __name__ == "__main__":
    unittest.main()
