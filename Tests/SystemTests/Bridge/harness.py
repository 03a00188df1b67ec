"""What the tests of the Bridge share: one browser, one server behind a wire that can be cut, the API, and waiting.

The server is given: KEPTN_BRIDGE_URL (http://127.0.0.1:PORT) and KEPTN_BRIDGE_TOKEN. KEPTN_BRIDGE_PROGRAM is the binary
`keptn`, for tests that want a process of their own. Nothing here sleeps for a time that is guessed: `eventually` asks
until something is so, and fails after a deadline.
"""
import atexit
import base64
import http.server
import json
import os
import pathlib
import select
import socket
import subprocess
import sys
import tempfile
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
    """Events about a project that change nothing there, in one request."""
    api("POST", "v1/event", [
        {"type": "sh.keptn.event.note.status.changed", "source": "tester", "specversion": "1.0", "id": str(uuid.uuid4()),
         "shkeptncontext": str(uuid.uuid4()), "triggeredid": str(uuid.uuid4()),
         "data": {"project": project, "stage": "dev", "service": service}} for _ in range(count)],
        kind="application/cloudevents-batch+json")


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


# MARK: - Processes of one's own


class Process:
    """A program that runs until it is stopped, and the folder that it works in."""

    def __init__(self, *arguments, environment=None):
        self.folder = tempfile.TemporaryDirectory(prefix="keptn-bridge-")
        self.home = pathlib.Path(self.folder.name)
        self.output = open(self.home / "output", "w+")
        self.process = subprocess.Popen(
            arguments, stdin=subprocess.DEVNULL, stdout=self.output, stderr=self.output,
            env=os.environ | {"KEPTN_HOME": str(self.home)} | (environment or {}))

    def read(self, file="output"):
        path = self.home / file
        return path.read_text().strip() if path.exists() else ""

    def ready(self, condition):
        def look():
            assert self.process.poll() is None, f"it has ended: {self.read()}"
            return condition()
        return eventually(lambda: f"{self.process.args} is ready; it says: {self.read()}", look)

    def stop(self):
        self.process.terminate()
        self.process.wait(60)
        self.output.close()
        self.folder.cleanup()


class Server(Process):
    """A server of one's own."""

    def __init__(self, *options, environment=None):
        super().__init__(PROGRAM, "server", "--listen", "127.0.0.1:0", *options, environment=environment)
        self.url = self.ready(lambda: self.read("endpoint")).removesuffix("/api")
        self.token = self.read("token")


class RemoteBridge(Process):
    """A Bridge in front of a server elsewhere."""

    def __init__(self, api_url):
        super().__init__(PROGRAM, "run", "bridge", "--listen", "127.0.0.1:0", environment={"API_URL": api_url})
        line = self.ready(lambda: next((line for line in self.read().splitlines() if "/bridge/" in line), None))
        self.url = line.split()[-1].removesuffix("/bridge/")


class Provider(Process):
    """An identity provider, with people and their claims."""

    def __init__(self, *people):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        users = [part for person in people for part in ("--user-claims", json.dumps(person))]
        super().__init__(sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "-p", str(port), *users)
        self.url = f"http://127.0.0.1:{port}"
        self.ready(self.answers)

    def answers(self):
        try:
            with urllib.request.urlopen(f"{self.url}/.well-known/openid-configuration", timeout=5):
                return True
        except OSError:
            return False


class GitUpstream:
    """Empty Git repositories over HTTP for whoever knows the password, by Git's own program."""
    PASSWORD = "a-git-token"

    def __init__(self):
        folder = self.folder = tempfile.TemporaryDirectory(prefix="keptn-upstream-")
        wanted = "Basic " + base64.b64encode(f"user:{self.PASSWORD}".encode()).decode()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                if self.headers["authorization"] != wanted:
                    self.send_response(401)
                    self.send_header("www-authenticate", 'Basic realm="git"')
                    self.send_header("content-length", "0")
                    return self.end_headers()
                path, _, query = self.path.partition("?")
                result = subprocess.run(
                    ["git", "-c", "http.receivepack=true", "http-backend"], capture_output=True,
                    input=self.rfile.read(int(self.headers["content-length"] or 0)),
                    env=os.environ | {
                        "GIT_PROJECT_ROOT": folder.name, "GIT_HTTP_EXPORT_ALL": "1", "PATH_INFO": path,
                        "QUERY_STRING": query, "REQUEST_METHOD": self.command, "REMOTE_USER": "user",
                        "CONTENT_TYPE": self.headers["content-type"] or "",
                        "GIT_PROTOCOL": self.headers["git-protocol"] or "",
                        "HTTP_CONTENT_ENCODING": self.headers["content-encoding"] or ""})
                head, _, body = result.stdout.partition(b"\r\n\r\n")
                fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if line)
                self.send_response(int(fields.pop("Status", "200").split()[0]))
                for name, value in fields.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def repository(self, name):
        subprocess.run(["git", "init", "--bare", "--quiet", f"{self.folder.name}/{name}.git"], check=True)
        return f"http://127.0.0.1:{self.server.server_port}/{name}.git"

    def branches(self, name):
        return subprocess.run(
            ["git", "--git-dir", f"{self.folder.name}/{name}.git", "branch", "--format=%(refname:short)"],
            capture_output=True, text=True, check=True).stdout.split()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.folder.cleanup()


# MARK: - The wire between browser and server


class Wire:
    """Passes connections on until it is cut; then it drops them and takes no more."""

    def __init__(self):
        host, port = urllib.parse.urlparse(URL).netloc.split(":")
        self.target = (host, int(port))
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.is_cut = False
        self.open = set()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            near, _ = self.listener.accept()
            if self.is_cut:
                near.close()
                continue
            threading.Thread(target=self.carry, args=(near,), daemon=True).start()

    def carry(self, near):
        far = socket.create_connection(self.target)
        pair = (near, far)
        self.open |= set(pair)
        try:
            while True:
                for ready in select.select(pair, [], [])[0]:
                    data = ready.recv(65536)
                    if not data:
                        return
                    (far if ready is near else near).sendall(data)
        except (OSError, ValueError):
            pass
        finally:
            self.open -= set(pair)
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
