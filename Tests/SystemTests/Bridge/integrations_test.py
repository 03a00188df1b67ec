"""Integrations: what is connected, what it hears, what was written, what is called, and what could not be delivered."""
import base64
import http.server
import threading
import unittest
import uuid

from harness import HOSTILE, BridgeTest, Refused, api, deliver, eventually, open_task, project, query

PROJECT = "connected"


def register(name, subscriptions=()):
    return api("POST", "controlPlane/v1/uniform/registration", {
        "name": name,
        "metadata": {"hostname": "tester", "integrationversion": "1.2.3", "location": "remote",
                     "kubernetesmetadata": {"namespace": "tests"}},
        "subscriptions": list(subscriptions)})["id"]


def setUpModule():
    global tool
    project(PROJECT, ["carts"])
    context = deliver(PROJECT, "carts")
    open_task("deployment", context)
    tool = register("my-tool", [{"event": "sh.keptn.event.deployment.triggered",
                                 "filter": {"projects": [PROJECT], "stages": [], "services": []}}])


class Uniform(BridgeTest):
    HOME = f"project/{PROJECT}/settings/uniform/integrations"

    def test_the_list_and_unread_lines(self):
        page = self.browser
        api("POST", "controlPlane/v1/log", {"logs": [
            {"integrationid": tool, "message": HOSTILE, "task": "deployment", "shkeptncontext": str(uuid.uuid4())}]})

        def is_connected():
            # Who was last heard of a while ago is shown as silent, however long the tests before took.
            api("PUT", f"controlPlane/v1/uniform/registration/{tool}/ping")
            page.go(self.HOME)
            return page.count(f"tr[data-key='{tool}'] .state-pass")
        eventually("it is connected", is_connected)
        page.find("tbody td", "webhook-service")
        page.find(f"tr[data-key='{tool}'] .state-pass", "connected")
        self.assertEqual(page.violations(), [])
        page.find(f"tr[data-key='{tool}'] a", "new line").click()
        page.find("td .lines", HOSTILE[:20])
        self.assertEqual(page.count("main img"), 0)
        self.assertEqual(page.violations(), [])
        page.visit(self.HOME)
        page.find("tbody td", "my-tool")
        self.assertEqual(page.count(f"tr[data-key='{tool}'] .state-warning"), 0)

    def test_a_subscription_is_tried_out_saved_and_deleted(self):
        page = self.browser
        page.go(f"{self.HOME}/{tool}/subscriptions/add")
        page.find("form input").send_keys("deployment")
        page.find(".heard", "all would be heard")
        page.find(".heard", "from carts in dev")
        page.find(".heard summary", "The last one").click()
        page.find(".heard pre", '"service": "carts"')
        page.find(".boxes .check", "production").click()
        page.find(".heard", "None of the newest")
        self.assertEqual(page.violations(), [])
        page.find("form .primary").click()
        page.find("h1", "my-tool")
        page.find("td", "of connected in production")
        page.find("td a", "deployment.triggered")
        count = page.count("table.list tbody tr")
        [button.click() for button in page.driver.find_elements("css selector", "td .danger")[-1:]]
        page.find("dialog footer .danger").click()
        eventually("it is gone", lambda: "of connected in production" not in page.text())
        self.assertGreater(count, 0)

    def add_webhook(self, stage="", service=""):
        """Adds a subscription of webhook-service by hand, and is then where its webhook is written."""
        page = self.browser
        page.go(self.HOME)
        page.find("td a", "webhook-service").click()
        page.find(".head a", "Add a subscription").click()
        page.find("form input").send_keys("deployment")
        if stage:
            page.find(".boxes .check", stage).click()
        page.find("form input[placeholder=all]").send_keys(service)
        page.find(".heard h2")
        page.find("form .primary").click()
        page.find(".webhook textarea")
        return page.run("return location.pathname").split("/")[-2]

    def place(self):
        """Whose file is shown: the stage, and the service."""
        return self.browser.run(
            "const of = (label) => document.querySelector(`.webhook [aria-label='${label}']`)?.value;"
            " return [of('Whose webhook.yaml'), of('Service whose webhook.yaml it is') || null]")

    def test_a_webhook_can_be_written_for_another_place(self):
        page = self.browser
        subscription = self.add_webhook()
        page.choose("select[aria-label='Whose webhook.yaml']", "production")
        field = page.find("input[aria-label='Service whose webhook.yaml it is']")
        # What is typed stands there at once, but the file is shown in a field of its own.
        page.run("document.querySelector('.webhook textarea').id = 'the-stage-s'")
        field.send_keys("carts", "\ue007")
        page.gone("#the-stage-s")
        self.assertEqual(self.place(), ["production", "carts"])
        page.find(".webhook .primary").click()
        page.find(".webhook .state-pass", "saved as")
        self.assertIn(subscription, self.file("/stage/production/service/carts"))

    def file(self, place):
        content = api("GET", f"resource-service/v1/project/{PROJECT}{place}/resource/webhook%2Fwebhook.yaml")
        return base64.b64decode(content["resourceContent"]).decode()

    def test_a_webhook_belongs_to_the_project_a_stage_or_a_service(self):
        page = self.browser
        for stage, service, place in (("", "", ""), ("dev", "", "/stage/dev"), ("dev", "carts", "/stage/dev/service/carts")):
            with self.subTest(place or "the project"):
                subscription = self.add_webhook(stage, service)
                # What the subscription is about says where it belongs; it can stand elsewhere, too.
                self.assertEqual(self.place(), [stage, service or None])
                page.find(".webhook p", "This is a beginning")
                page.find(".webhook .primary").click()
                page.find(".webhook .state-pass", "saved as")
                self.assertIn(subscription, self.file(place))
                # It is found again where it is.
                page.go(page.run("return location.pathname").removeprefix("/bridge/"))
                page.find(".webhook textarea")
                self.assertEqual(self.place(), [stage, service or None])
                self.assertIn(subscription, page.run("return document.querySelector('.webhook textarea').value"))
                self.assertEqual(page.violations(), [])

    def test_a_webhook_is_written_run_dry_and_saved(self):
        page = self.browser
        self.add_webhook()
        page.run("const area = document.querySelector('.webhook textarea');"
                 " const at = area.value.lastIndexOf('/hook');"
                 " area.value = area.value.slice(0, at) + '/{{.data.stage}}' + area.value.slice(at + 5)")
        page.find(".webhook button", "Dry run").click()
        page.find(".webhook .payload", "POST https://tool.example.org/dev")
        self.assertEqual(page.violations(), [])
        page.find(".webhook .primary").click()
        page.find(".webhook .state-pass", "saved as")
        page.run("const area = document.querySelector('.webhook textarea');"
                 " area.value = area.value.replace('{{.data.stage}}', '{{.data.')")
        page.find(".webhook .primary").click()
        page.find(".webhook .problem", "webhook.yaml:")

    def test_what_could_not_be_delivered_is_delivered_again(self):
        status = [410]
        taken = []

        class Endpoint(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                taken.append(self.rfile.read(int(self.headers["content-length"])))
                self.send_response(status[0])
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.addCleanup(self.forget, "sink")
        self.forget("sink")
        page = self.browser
        page.go(self.HOME)
        page.find("button", "Add an endpoint").click()
        inputs = page.driver.find_elements("css selector", "dialog input")
        for field, text in zip(inputs, ("sink", f"http://127.0.0.1:{server.server_port}/", "sh.keptn.event.dev.delivery.triggered")):
            field.send_keys(text)
        self.assertEqual(page.violations(), [])
        page.find("dialog footer .primary").click()
        page.find("td", "sink")
        deliver(PROJECT, "carts")
        eventually("it was given up", lambda: api("GET", query("v1/deliveries", subscription="sink"))["totalCount"] > 0)
        page.go(self.HOME)
        page.find("h2", "Given up")
        page.find("td .problem", "410")
        self.assertEqual(page.violations(), [])
        status[0] = 204
        page.find("td button", "Deliver again").click()
        eventually("it was delivered", lambda: api("GET", query("v1/deliveries", subscription="sink"))["totalCount"] == 0)

    def forget(self, name):
        try:
            api("DELETE", f"v1/subscriptions/{name}")
        except Refused:
            pass


class Figures(BridgeTest):
    def test_statistics(self):
        page = self.browser
        page.go("statistics")
        page.find("select[aria-label=Project]")
        page.choose("select[aria-label=Project]", PROJECT)
        rows = "[aria-label='What was run, by service'] tbody tr"
        eventually("only that project is shown", lambda: page.count(rows) == 1)
        self.assertIn(PROJECT, page.find(rows).text)
        self.assertEqual(page.violations(), [])

    def test_problems(self):
        page = self.browser
        page.go("problems")
        page.find("h1", "Problems")
        self.assertEqual(page.violations(), [])


if __name__ == "__main__":
    unittest.main()
