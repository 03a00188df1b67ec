"""What holds on every screen: texts that would do harm stay texts, nothing is offered that would be refused, and where
there is nothing yet it is said how to begin."""
import base64
import unittest

from harness import HOSTILE, SHIPYARD, BridgeTest, Refused, api, deliver, finish, open_task, project, send, start
from processes import Server
from scenes import REPAIR
from screens_test import SCREENS

# Below /bridge, besides those that are pictured.
MORE = [
    "project/{project}/environment/stage/production", "project/{project}/sequence/{context}/stage/dev",
    "project/{project}/settings/files?stage=dev&service={service}&file=notes.txt",
    "project/{project}/settings/services/create", "project/{project}/settings/uniform/secrets/add",
    "project/{project}/settings/uniform/integrations/{integration}",
    "project/{project}/settings/uniform/integrations/{integration}/subscriptions/add",
    "trace/{context}", "evaluation/{context}", "problems?project={project}", "approvals?project={project}",
    "statistics?project={project}",
]


def everything(name, text):
    """A project with all that people and programs can write; what stands for its places in addresses."""
    project(name, ["carts"], SHIPYARD + REPAIR)
    path = f"resource-service/v1/project/{name}/stage/dev/service/carts/resource/notes.txt"
    api("PUT", path, {"resourceContent": base64.b64encode(text.encode()).decode()})
    context = deliver(name, "carts", image=text, labels={text: text})
    for task in ("deployment", "evaluation"):
        event = open_task(task, context)
        start(event, source=text)
        finish(event, "warning", text, source=text, evaluation={
            "result": "warning", "score": 50, "sloFileContent": base64.b64encode(text.encode()).decode(),
            "indicatorResults": [{
                "score": 1, "status": "warning", "displayName": text, "keySli": True,
                "value": {"metric": text, "value": 1, "comparedValue": 2, "success": True, "message": text},
                "passTargets": [{"criteria": text, "targetValue": 1, "violated": True}], "warningTargets": None}]})
    open_task("approval", context)
    for isEnded in (True, False):
        repair = send("production.remediation.triggered", {
            "project": name, "stage": "production", "service": "carts", "problem": {"problemTitle": text},
            "action": {"action": text, "name": text}})
        event = open_task("repair", repair)
        if isEnded:
            start(event, source=text)
            finish(event, "fail", text, source=text)
    integration = api("POST", "controlPlane/v1/uniform/registration", {
        "name": f"{name}-tool", "metadata": {
            "hostname": text, "integrationversion": text, "location": text, "distributorversion": text,
            "kubernetesmetadata": {"namespace": text, "podname": text, "deploymentname": text}},
        "subscriptions": []})["id"]
    api("POST", "controlPlane/v1/log", {"logs": [
        {"integrationid": integration, "message": text, "task": text, "shkeptncontext": context}]})
    return {"project": name, "service": "carts", "context": context, "integration": integration}


def forget(places):
    """Other tests look at lists of all projects, and whether all in them fits."""
    api("DELETE", f"controlPlane/v1/uniform/registration/{places['integration']}")
    api("DELETE", f"controlPlane/v1/project/{places['project']}")


def addresses(places):
    return [path.format(**places) for path in [path for _, path in SCREENS] + MORE]


class Hostile(BridgeTest):
    def test_hostile_texts_stay_texts_on_every_screen(self):
        page = self.browser
        places = everything("evil", HOSTILE)
        self.addCleanup(forget, places)
        for path in addresses(places):
            with self.subTest(path):
                page.visit(path)
                self.assertEqual(page.count("main img, main script, main b b, main a[href^='javascript:']"), 0)
                self.assertIsNone(page.run("return window.hacked ?? null"))
        # It was there to be seen.
        for path, selector in (("problems?project=evil", "td"), ("project/evil/service/carts", ".indicators td")):
            page.visit(path)
            page.find(selector, "<img src=x")


class Looking(BridgeTest):
    """Logged in with a token that may only read."""
    # What changes nothing on the server.
    HARMLESS = {
        "Back", "Forward", "All stages", "Compare stages", "Heat map", "Chart", "Clear", "Files", "History", "Try again",
        "To the dashboard",
    }

    def setUp(self):
        self.places = everything("looked-at", "a text")
        try:
            self.token = api("POST", "v1/tokens", {"name": "looker", "scopes": ["read"]})["token"]
        except Refused:
            self.token = api("POST", "v1/tokens/looker/rotate", {})["token"]
        super().setUp()

    def test_nothing_is_offered_that_would_be_refused(self):
        page = self.browser
        for path in addresses(self.places):
            if path.endswith("/add") or path.endswith("/create") or path == "create/project":
                continue
            with self.subTest(path):
                page.visit(path)
                page.find("main h1")
                offered = page.run("return [...document.querySelectorAll('main .button')].filter((one) => !one.hidden"
                                   " && one.offsetParent !== null).map((one) => one.textContent.trim())")
                self.assertEqual(set(offered) - self.HARMLESS, set())
                self.assertEqual(page.complaints(), [])


class Beginning(BridgeTest):
    def test_a_server_without_anything_says_how_to_begin(self):
        server = Server()
        self.addCleanup(server.stop)
        page = self.browser
        page.base = server.url
        page.log_in(server.token)
        for path, text in (("dashboard", "keptn create project"), ("approvals", "keptn send approval"),
                           ("problems", "keptn trigger sequence remediation"), ("statistics", "keptn trigger delivery"),
                           ("tokens", "first"), ("about", "This server"), ("create/project", "Shipyard")):
            with self.subTest(path):
                page.visit(path)
                page.says(text)
                for width, dark in ((1440, True), (390, False)):
                    page.size(width, dark)
                    self.assertLessEqual(page.run("return document.documentElement.scrollWidth - innerWidth"), 0)
                    self.assertEqual(page.violations(), [])


if __name__ == "__main__":
    unittest.main()
