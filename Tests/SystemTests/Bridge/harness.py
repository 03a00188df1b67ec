"""What the tests of the Bridge share: one browser, one server behind a wire that can be cut, the API, and waiting.

The server is given: KEPTN_BRIDGE_URL (http://127.0.0.1:PORT) and KEPTN_BRIDGE_TOKEN. KEPTN_BRIDGE_PROGRAM is the binary
`keptn`, for tests that want a process of their own. Nothing here sleeps for a time that is guessed: `eventually` asks
until something is so, and fails after a deadline.
"""
import atexit
import base64
import json
import os
import pathlib
import select
import socket
import threading
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request
import uuid

from selenium import webdriver
from selenium.common.exceptions import JavascriptException, StaleElementReferenceException, WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

URL = os.environ["KEPTN_BRIDGE_URL"]
TOKEN = os.environ["KEPTN_BRIDGE_TOKEN"]
PROGRAM = os.environ.get("KEPTN_BRIDGE_PROGRAM", ".build/debug/keptn")
SHOTS = pathlib.Path(os.environ.get("KEPTN_BRIDGE_SHOTS", ".build/bridge"))

# Text that would do harm if it ever became markup, a template or a path.
HOSTILE = "<img src=x onerror=\"window.hacked=1\">'\"${7*7}{{7*7}}</script><b>\u202e../%2e%2e"


# MARK: - The API


class Refused(Exception):
    def __init__(self, status, text):
        super().__init__(f"{status}: {text}")
        self.status = status


def api(method, path, body=None, token=TOKEN, url=URL, kind="application/json"):
    request = urllib.request.Request(
        f"{url}/api/{path}", method=method, data=None if body is None else json.dumps(body).encode(),
        headers={"x-token": token, "content-type": kind})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise Refused(error.code, error.read().decode(errors="replace")) from None


def send(kind, data, context=None, triggered=None, source="tester"):
    event = {
        "type": f"sh.keptn.event.{kind}", "source": source, "specversion": "1.0", "contenttype": "application/json",
        "data": data,
    }
    if context:
        event["shkeptncontext"] = context
    if triggered:
        event["triggeredid"] = triggered
    return api("POST", "v1/event", event)["keptnContext"]


def send_many(project, count, service="carts"):
    """Events about a project that change nothing there, in one request; their ids."""
    ids = [str(uuid.uuid4()) for _ in range(count)]
    api("POST", "v1/event", [
        {"type": "sh.keptn.event.note.status.changed", "source": "tester", "specversion": "1.0", "id": event,
         "shkeptncontext": str(uuid.uuid4()), "triggeredid": str(uuid.uuid4()),
         "data": {"project": project, "stage": "dev", "service": service}} for event in ids],
        kind="application/cloudevents-batch+json")
    return ids


def query(path, **items):
    return f"{path}?{urllib.parse.urlencode(items)}"


def open_task(task, context):
    """The event that an executor of the task would get now."""
    def find():
        events = api("GET", f"controlPlane/v1/event/triggered/sh.keptn.event.{task}.triggered")["events"]
        return next((event for event in events if event["shkeptncontext"] == context), None)
    return eventually(f"{task} is triggered", find)


def start(event, source="tester"):
    task = event["type"].removeprefix("sh.keptn.event.").removesuffix(".triggered")
    data = {key: event["data"][key] for key in ("project", "stage", "service")}
    send(f"{task}.started", data, event["shkeptncontext"], event["id"], source)


def finish(event, result="pass", message="", source="tester", **more):
    task = event["type"].removeprefix("sh.keptn.event.").removesuffix(".triggered")
    data = {key: event["data"][key] for key in ("project", "stage", "service")}
    data |= {"status": "succeeded", "result": result, "message": message} | more
    send(f"{task}.finished", data, event["shkeptncontext"], event["id"], source)


def is_stale(error):
    """Whether the page was drawn anew under the driver, which has two ways to say so."""
    return isinstance(error, StaleElementReferenceException) or "does not belong to the document" in str(error)


def eventually(what, condition, seconds=60):
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what() if callable(what) else what}")
        time.sleep(0.03)


# MARK: - The wire between browser and server


class Wire:
    """Passes connections on until it is cut; then it drops them and takes no more."""

    def __init__(self, url=URL):
        self.lead_to(url)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.is_cut = False
        self.open = set()
        self.silent = set()
        threading.Thread(target=self.accept, daemon=True).start()

    def lead_to(self, url):
        host, port = urllib.parse.urlparse(url).netloc.split(":")
        self.target = (host, int(port))

    def accept(self):
        while True:
            near, _ = self.listener.accept()
            if self.is_cut:
                near.close()
                continue
            threading.Thread(target=self.carry, args=(near,), daemon=True).start()

    def carry(self, near):
        try:
            far = socket.create_connection(self.target)
        except OSError:
            near.close()
            return
        pair = (near, far)
        self.open |= set(pair)
        try:
            while True:
                for ready in select.select(pair, [], [])[0]:
                    data = ready.recv(65536)
                    if not data:
                        return
                    if near in self.silent:
                        continue
                    (far if ready is near else near).sendall(data)
        except (OSError, ValueError):
            pass
        finally:
            self.open -= set(pair)
            self.silent.discard(near)
            for end in pair:
                end.close()

    def cut(self):
        self.is_cut = True
        for end in list(self.open):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def mend(self):
        self.is_cut = False

    def hush(self):
        """What is open now stays open and carries nothing any more, and neither end is told."""
        self.silent |= self.open


# MARK: - The browser


# Notices go by themselves after some seconds, which a slow machine may spend elsewhere: they are written down.
NOTICES = """
window.notices = []
new MutationObserver((changes) => {
  for (const {addedNodes} of changes) {
    for (const node of addedNodes) if (node.classList?.contains('notice')) window.notices.push(node.textContent)
  }
}).observe(document, {childList: true, subtree: true})
"""


class Browser:
    def __init__(self):
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
        self.driver.set_script_timeout(60)
        self.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": NOTICES})
        self.wire = Wire()
        self.base = self.wire.url
        self.size(1440)
        import axe_playwright_python
        self.axe = (pathlib.Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()

    def go(self, path):
        self.driver.get(f"{self.base}/bridge/{path}")
        self.settled()

    def visit(self, path):
        """Goes there as a link does, without loading the page anew."""
        self.run("const link = document.createElement('a'); link.href = arguments[0]; document.body.append(link);"
                 " link.click(); link.remove()", path)
        self.settled()

    def settled(self):
        """The screen has its data (or says that it cannot have it)."""
        eventually("the screen has its data", lambda: self.run(
            "return document.querySelector('.login, body > .failure, main[aria-busy=\"false\"]') !== null"))

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def log_in(self, token=TOKEN):
        self.driver.delete_all_cookies()
        self.go("about")
        self.find("input[name=token]").send_keys(token)
        self.find(".login button[type=submit]").click()
        self.find("nav.rail")

    def find(self, selector, text=None):
        """The first visible element with the text in it; waits for it."""
        def look():
            try:
                for element in self.driver.find_elements(By.CSS_SELECTOR, selector):
                    if element.is_displayed() and (text is None or text in element.text):
                        return element
            except WebDriverException as error:
                if not is_stale(error):
                    raise
            return None
        return eventually(lambda: f"there is {selector} with {text!r}; the page says: {self.text()[:2000]}", look)

    def noticed(self, text):
        """A notice with the text in it has been shown since the last one that was asked for, seen in time or not."""
        def look():
            notices = self.run("return window.notices")
            index = next((index for index, notice in enumerate(notices) if text in notice), None)
            if index is None:
                return False
            self.run("window.notices.splice(0, arguments[0])", index + 1)
            return True
        eventually(lambda: f"there is a notice with {text!r}; the page says: {self.text()[:2000]}", look)

    def gone(self, selector):
        def look():
            try:
                return not any(
                    element.is_displayed() for element in self.driver.find_elements(By.CSS_SELECTOR, selector))
            except WebDriverException as error:
                if not is_stale(error):
                    raise
                return False
        eventually(f"{selector} is gone", look)

    def count(self, selector):
        return len(self.driver.find_elements(By.CSS_SELECTOR, selector))

    def text(self):
        return self.run("return document.body.innerText")

    def says(self, text):
        eventually(lambda: f"the page says {text!r}; it says: {self.text()[:2000]}", lambda: text in self.text())

    def keys(self, *keys):
        self.driver.switch_to.active_element.send_keys(*keys)

    def choose(self, selector, value):
        self.run("const s = document.querySelector(arguments[0]); s.value = arguments[1];"
                 " s.dispatchEvent(new Event('change', {bubbles: true}))", selector, value)

    def size(self, width, dark=False, height=0):
        """The window gets this size, at least as high as it would be on a desk or in a hand."""
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": max(height, 844 if width < 500 else 900), "deviceScaleFactor": 1,
            "mobile": False})
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
            {"name": "prefers-reduced-motion", "value": "reduce"}]})

    def shot(self, name):
        SHOTS.mkdir(parents=True, exist_ok=True)
        self.driver.save_screenshot(str(SHOTS / f"{name}.png"))

    def violations(self):
        """What axe finds against WCAG 2.2 AA, one line each."""
        self.run(self.axe)
        found = self.driver.execute_async_script("""
            const done = arguments[0]
            axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})
                .then((result) => done(result.violations.flatMap((one) => one.nodes.map((node) =>
                    `${one.id}: ${node.target} ${node.failureSummary}`))), (error) => done([String(error)]))""")
        return found

    def complaints(self):
        """Errors in the browser's log, but for requests that the server is meant to refuse."""
        return [entry["message"] for entry in self.driver.get_log("browser")
                if entry["level"] == "SEVERE" and "Failed to load resource" not in entry["message"]]


_browser = None


def browser():
    global _browser
    if _browser is None:
        _browser = Browser()
        atexit.register(_browser.driver.quit)
    return _browser


class BridgeTest(unittest.TestCase):
    """Logged in as the first token, at 1440 px, in light colours."""
    token = TOKEN

    def setUp(self):
        self.browser = browser()
        self.browser.wire.mend()
        self.browser.base = self.browser.wire.url
        self.browser.size(1440)
        self.browser.log_in(self.token)

    def tearDown(self):
        try:
            self.assertIsNone(self.browser.run("return window.hacked ?? null"), "a text became markup")
        except JavascriptException:
            pass
        self.assertEqual(self.browser.complaints(), [])


# MARK: - Things to look at

SHIPYARD = """apiVersion: spec.keptn.sh/0.2.2
kind: Shipyard
metadata:
  name: shipyard
spec:
  stages:
    - name: dev
      sequences:
        - name: delivery
          tasks:
            - name: deployment
            - name: evaluation
    - name: production
      sequences:
        - name: delivery
          triggeredOn:
            - event: dev.delivery.finished
          tasks:
            - name: approval
              properties:
                pass: manual
                warning: manual
            - name: deployment
        - name: rollback
          triggeredOn:
            - event: production.delivery.finished
              selector:
                match:
                  result: fail
          tasks:
            - name: rollback
"""


_made = set()


def project(name, services=(), shipyard=SHIPYARD):
    """Makes a project, unless these tests have; one that an earlier run has left on the server goes first."""
    def make():
        api("POST", "controlPlane/v1/project", {"name": name, "shipyard": base64.b64encode(shipyard.encode()).decode()})
    if name not in _made:
        _made.add(name)
        try:
            make()
        except Refused as error:
            if error.status != 409:
                raise
            api("DELETE", f"controlPlane/v1/project/{name}")
            make()
    for service in services:
        try:
            api("POST", f"controlPlane/v1/project/{name}/service", {"serviceName": service})
        except Refused as error:
            if error.status != 409:
                raise


def deliver(name, service, image="carts:1", labels=None):
    """Triggers dev.delivery and returns the context."""
    data = {"project": name, "stage": "dev", "service": service,
            "configurationChange": {"values": {"image": image}}}
    if labels:
        data["labels"] = labels
    return send("dev.delivery.triggered", data)


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
    data |= {"status": "succeeded", "result": result}
    return send("approval.finished", data, event["shkeptncontext"], event["id"])
