"""Processes of a test's own: servers, the Bridge apart, an identity provider, a Git upstream."""
import base64
import http.server
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading
import urllib.request

from harness import PROGRAM, eventually


class Process:
    """A program that runs until it is stopped, and the folder that it works in."""

    def __init__(self, *arguments, environment=None):
        self.folder = tempfile.TemporaryDirectory(prefix="keptn-bridge-")
        self.home = pathlib.Path(self.folder.name)
        self.output = open(self.home / "output", "w+")
        self.arguments = arguments
        self.environment = os.environ | {"KEPTN_HOME": str(self.home)} | (environment or {})
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            self.arguments, stdin=subprocess.DEVNULL, stdout=self.output, stderr=self.output, env=self.environment)

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
        self.find()

    def find(self):
        self.url = self.ready(lambda: self.read("endpoint")).removesuffix("/api")
        self.token = self.read("token")

    def restart(self):
        """The same data, at another address."""
        self.process.terminate()
        self.process.wait(60)
        (self.home / "endpoint").unlink(missing_ok=True)
        self.start()
        self.find()


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
