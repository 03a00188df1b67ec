"""What a demo has not: mistakes, differences, long names, things that wait. scripts/bridge-pictures --scenes starts a
server of its own without executors, `prepare` fills it, and pictures.py takes `SCENES`."""
import base64
import http.server
import threading
import uuid

from harness import SHIPYARD, api, deliver, eventually, finish, open_task, project, query, send, start

SHOP, SERVICE = "web-shop", "carts"
REPAIR = "        - name: remediation\n          tasks:\n            - name: repair\n"
# Without a place at which it could be broken.
LONG = "aprojectwhosenamegoesonandon" * 3
BASE = f"project/{SHOP}"
INTEGRATIONS = f"{BASE}/settings/uniform/integrations"
FILES = f"{BASE}/settings/files?stage=dev&service={SERVICE}"
SLO = """spec_version: '1.0'
comparison:
  compare_with: single_result
objectives:
  - sli: response_time_p95
    displayName: Response time, 95 of 100 requests
    key_sli: true
    weight: 2
    pass:
      - criteria: ['<=+10%', '<600']
    warning:
      - criteria: ['<=800']
  - sli: error_rate
    displayName: Errors
    pass:
      - criteria: ['<1']
total_score:
  pass: '90%'
  warning: '75%'
"""
WEBHOOK = """apiVersion: webhookconfig.keptn.sh/v1beta1
kind: WebhookConfig
metadata:
  name: webhook-configuration
spec:
  webhooks:
    - type: sh.keptn.event.deployment.finished
      subscriptionID: %s
      sendFinished: false
      requests:
        - url: https://chat.example.org/rooms/{{.data.stage}}
          method: POST
          headers:
            - {key: Content-Type, value: application/json}
          payload: '{"text": "{{.data.service}} is in {{.data.stage}}: {{.data.message}}"}'
"""


def write(path, text, place=f"/stage/dev/service/{SERVICE}"):
    api("PUT", f"resource-service/v1/project/{SHOP}{place}/resource/{path}",
        {"resourceContent": base64.b64encode(text.encode()).decode()})


def judged(value, before, result):
    def target(criterion, limit):
        return {"criteria": criterion, "targetValue": limit, "violated": value > limit}
    return {
        "score": {"pass": 2, "warning": 1, "fail": 0}[result], "status": result, "keySli": True,
        "displayName": "Response time, 95 of 100 requests",
        "value": {"metric": "response_time_p95", "value": value, "comparedValue": before, "success": True},
        "passTargets": [target("<=+10%", before * 1.1), target("<600", 600)], "warningTargets": [target("<=800", 800)]}


def fixed(metric, name, value, limit):
    fits = value < limit
    return {
        "score": int(fits), "status": "pass" if fits else "fail", "keySli": False, "displayName": name,
        "value": {"metric": metric, "value": value, "comparedValue": 0, "success": True},
        "passTargets": [{"criteria": f"<{limit}", "targetValue": limit, "violated": not fits}], "warningTargets": None}


def evaluate(service, measured, name=None):
    """Evaluations of a service one after the other; they have a build to be known by if a name is given."""
    before, ids = measured[0], []
    for number, value in enumerate(measured):
        result = "pass" if value <= before * 1.1 and value < 600 else "warning" if value <= 800 else "fail"
        context = str(uuid.uuid4())
        send("evaluation.finished", {
            "project": SHOP, "stage": "dev", "service": service, "status": "succeeded", "result": result,
            "message": "" if result == "pass" else f"95 of 100 requests took up to {value} ms", "evaluation": {
                "timeStart": "2026-01-01T10:00:00Z", "timeEnd": "2026-01-01T10:05:00Z", "result": result,
                "score": {"pass": 100, "warning": 75, "fail": 33.3}[result], "comparedEvents": ids[-1:],
                "sloFileContent": base64.b64encode(SLO.encode()).decode(), "gitCommit": "c0ffee00",
                "indicatorResults": [judged(value, before, result), fixed("error_rate", "Errors", number % 3 / 4, 1),
                                     fixed("memory", "Memory that the process holds at its end", 210 + number, 512)],
            }, "labels": {"buildId": f"{name}{number + 1}"} if name else {}}, context, str(uuid.uuid4()))
        # The newest one that passed is what the next one is compared with.
        if result == "pass":
            before = value
            kind = "sh.keptn.event.evaluation.finished"
            ids.append(api("GET", query("mongodb-datastore/event", type=kind, project=SHOP, keptnContext=context))
                       ["events"][0]["id"])


def through(service, image, *tasks, result="pass"):
    """A delivery that goes through these tasks; the last one ends with the result."""
    context = deliver(SHOP, service, image=image, labels={"build": image.split(":")[-1]})
    for index, task in enumerate(tasks):
        is_last = index == len(tasks) - 1
        event = open_task(task, context)
        if task != "approval":
            start(event, source="deployer")
        finish(event, result if is_last else "pass", "The new version answers with status 503" if is_last and
               result == "fail" else "", source="deployer")
    return context


class Refuser(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(410)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def prepare():
    services = [SERVICE, "orders", "payment", "a-service-with-a-longer-name-than-most"]
    project(SHOP, services)
    project("empty-project")
    project("without-services")
    write("slo.yaml", SLO.replace("<600", "<500").replace("    weight: 2\n", ""))
    write("slo.yaml", SLO)
    through(SERVICE, "registry.example.org/shop/carts:1.0.11", "deployment", "evaluation", "approval", "deployment")
    through(SERVICE, "registry.example.org/shop/carts:1.0.12", "deployment", "evaluation")
    through("orders", "registry.example.org/shop/orders:3.1", "deployment", result="fail")
    through("payment", "registry.example.org/shop/payment:0.9", "deployment")
    through(services[3], "registry.example.org/shop/long@sha256:" + "ab" * 32, "deployment", "evaluation")
    project(LONG, [SERVICE], SHIPYARD + REPAIR)
    waiting = deliver(LONG, SERVICE, image="registry.example.org/a/carts:" + "2026" * 8)
    for event in (open_task(task, waiting) for task in ("deployment", "evaluation")):
        start(event)
        finish(event)
    open_task("approval", waiting)
    for name in (SHOP, LONG):
        send("production.remediation.triggered", {
            "project": name, "stage": "production", "service": SERVICE,
            "problem": {"problemTitle": "Response time degradation", "state": "OPEN"}})
    evaluate(SERVICE, [410, 395, 402, 530, 405, 398, 900, 640, 388, 391, 384, 402], name="1.0.")
    evaluate("orders", [120, 118, 640, 121])
    webhooks = next(one for one in api("GET", "controlPlane/v1/uniform/registration")
                    if one["name"] == "webhook-service")
    subscription = api("POST", f"controlPlane/v1/uniform/registration/{webhooks['id']}/subscription", {
        "event": "sh.keptn.event.deployment.finished", "filter": {"projects": [SHOP], "stages": [], "services": []}})
    write("webhook%2Fwebhook.yaml", WEBHOOK % subscription["id"], place="")
    api("POST", "secrets/v1/secret", {"name": "chat", "scope": "keptn-webhook-service", "data": {"token": "x"}})
    tool = api("POST", "controlPlane/v1/uniform/registration", {
        "name": "load-tests",
        "metadata": {"hostname": "build-4", "integrationversion": "2.4.1", "location": "remote",
                     "kubernetesmetadata": {"namespace": "ci"}},
        "subscriptions": [{"event": "sh.keptn.event.test.triggered", "filter": {"projects": [SHOP]}}]})["id"]
    api("POST", "controlPlane/v1/log", {"logs": [
        {"integrationid": tool, "message": "the load generator has no more memory", "task": "test"}]})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refuser)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    api("PUT", "v1/subscriptions/dashboards", {
        "url": f"http://127.0.0.1:{server.server_port}/events", "mode": "structured",
        "events": ["sh.keptn.event.dev.delivery.triggered"], "projects": [SHOP], "stages": [], "services": []})
    deliver(SHOP, "orders", image="registry.example.org/shop/orders:3.2")
    eventually("it is given up", lambda: api("GET", query("v1/deliveries", subscription="dashboards"))["totalCount"])
    api("POST", "v1/tokens", {"name": "ci", "scopes": ["events:read", "events:write"], "projects": [SHOP],
                              "expiresIn": "720h"})
    return f"{INTEGRATIONS}/{webhooks['id']}/subscriptions/{subscription['id']}/edit"


# MARK: - What is looked at


def leave(page):
    """Goes away from what was looked at, be it a dialog or a file that is not saved."""
    page.run("for (const one of document.querySelectorAll('dialog')) one.close()")
    page.gone("dialog")
    page.visit("nowhere")
    if page.count("dialog"):
        page.find("dialog footer .danger", "Leave").click()
    page.find("main", "Not found")


def click(selector, text=None):
    return lambda page: page.find(selector, text).click()


def compare(page):
    page.find("select[aria-label='Compare with another evaluation']")
    page.run("""const select = document.querySelector("select[aria-label='Compare with another evaluation']")
        select.value = select.options[4].value
        select.dispatchEvent(new Event('change', {bubbles: true}))""")
    page.find(".indicators th", "1.0.")


def payload(page):
    page.find("tbody a").click()
    page.find(".events li a", "approval.triggered").click()
    page.find("dialog pre")


def mistake(page):
    page.find(".verdict", "can be used")
    page.run("""const area = document.querySelector('.code textarea')
        area.value = area.value.replace('weight: 2', 'weight: heavy').replace('<=+10%', 'fast')
        area.dispatchEvent(new Event('input', {bubbles: true}))""")
    page.find(".findings button")


def dry_run(page):
    page.find(".heard h2")
    page.find(".webhook button", "Dry run").click()
    page.find(".webhook .payload")


def late(page):
    """A chart of an indicator in which an older evaluation is chosen."""
    eventually("there are points", lambda: page.count(".chart .point") > 6)
    page.run("document.querySelectorAll('.chart .point')[6].dispatchEvent(new MouseEvent('click', {bubbles: true}))")
    eventually("it is chosen", lambda: page.count(".chart .point:nth-of-type(7).chosen, .chart .chosen") == 1)


def scenes(webhook):
    """Names, addresses, and what is done there before the picture is taken."""
    evaluations, orders = f"{BASE}/service/{SERVICE}?stage=dev", f"{BASE}/service/orders?stage=dev"
    return [
        ("dashboard", "dashboard", None), ("environment", BASE, None),
        ("empty-environment", "project/without-services", None),
        ("stages-differ", f"{BASE}/compare", None), ("bring-on", f"{BASE}/compare", click("td .button", "Bring on")),
        ("services", f"{BASE}/service", None), ("empty-service", f"{BASE}/service/payment?stage=production", None),
        ("evaluations", evaluations, None), ("objectives", evaluations, click(".slo summary")),
        ("two-evaluations", evaluations, compare),
        ("indicator", f"{evaluations}&view=chart&sli=response_time_p95", late),
        ("indicator-of-a-minute", f"{orders}&view=chart&sli=response_time_p95", None),
        ("sequences", f"{BASE}/sequence", None), ("no-sequence", f"{BASE}/sequence?result=warning", None),
        ("failed", f"{BASE}/sequence?result=fail", click("tbody a")),
        ("waiting", f"{BASE}/sequence?state=waitingForApproval", click("tbody a")),
        ("payload", f"{BASE}/sequence?state=waitingForApproval", payload),
        ("approvals", "approvals", None), ("decide", f"approvals?project={SHOP}", click("td .primary")),
        ("problems", "problems", None),
        ("file-with-mistakes", f"{FILES}&file=slo.yaml", mistake),
        ("difference", f"{FILES}&file=slo.yaml", click(".sheet button", "History")),
        ("files", FILES, None), ("new-file", FILES, click(".head button")),
        ("integrations", INTEGRATIONS, None), ("endpoint", INTEGRATIONS, click(".toolbar .button", "Add an endpoint")),
        ("replayed", INTEGRATIONS, click("td button", "Deliver again")),
        ("dry-run", webhook, dry_run),
        ("secrets", f"{BASE}/settings/uniform/secrets", None),
        ("secret", f"{BASE}/settings/uniform/secrets", click(".head .primary")),
        ("upstream", f"{BASE}/settings/project", click(".card .button", "Set an upstream")),
        ("delete-project", f"{BASE}/settings/project", click(".danger .danger")),
        ("settings-services", f"{BASE}/settings/services", None),
        ("tokens", "tokens", None), ("token", "tokens", click(".head .primary")),
        ("statistics", f"statistics?project={SHOP}", None),
        ("about", "about", None), ("unknown-project", "project/nothing-here", None),
        ("menu", "dashboard", click("details.user summary"))]
