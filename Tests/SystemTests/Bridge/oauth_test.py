"""Logins at an identity provider, in the browser; and the Bridge as a process of its own."""
import unittest

from harness import SHIPYARD, TOKEN, URL, BridgeTest, api, browser, deliver, open_task, project
from processes import Provider, RemoteBridge, Server

ALICE = {"sub": "alice", "keptn_scopes": "keptn:write"}
READER = {"sub": "reader", "keptn_scopes": ["keptn:read"]}
STRANGER = {"sub": "stranger", "keptn_scopes": "other:read"}


class OAuth(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.provider = Provider(ALICE, READER, STRANGER)
        cls.addClassCleanup(cls.provider.stop)
        cls.server = Server(
            "--oidc-issuer", cls.provider.url, "--oidc-audience", "bridge", "--oidc-scope-claim", "keptn_scopes",
            "--oidc-client-id", "bridge", environment={"OAUTH_CLIENT_SECRET": "s"})
        cls.addClassCleanup(cls.server.stop)

    def setUp(self):
        self.page = browser()
        self.page.base = self.server.url
        self.page.size(1440)
        self.page.driver.delete_all_cookies()
        self.addCleanup(setattr, self.page, "base", self.page.wire.url)

    def go_to_provider(self, path="dashboard"):
        self.page.go(path)
        self.page.find(".login a", "Log in by 127.0.0.1").click()
        self.page.find("h1", "Authorize Client")

    def log_in(self, person, path="dashboard"):
        self.go_to_provider(path)
        self.page.find(f"button[value={person}]").click()

    def test_who_may_write_comes_back_to_the_page_they_wanted(self):
        page = self.page
        page.go("dashboard")
        page.find(".login a", "Log in by")
        self.assertEqual(page.violations(), [])
        self.log_in("alice", "create/project?x=1")
        page.find("h1", "Create project")
        self.assertTrue(page.run("return location.href").endswith("/bridge/create/project?x=1"))
        cookie = page.driver.get_cookie("keptn_session")
        self.assertTrue(cookie["httpOnly"])
        self.assertEqual(cookie["sameSite"], "Strict")
        self.assertEqual(page.run("return document.cookie"), "")
        page.find("details.user summary", "alice").click()
        page.find(".menu", "by 127.0.0.1")
        page.find(".live", "live")
        # It may what the claims say.
        page.find("form input").send_keys("by-alice")
        page.run("document.querySelector('textarea').value = arguments[0]", SHIPYARD)
        page.find("form.card button[type=submit]").click()
        page.find("h1", "Environment")
        page.run("document.querySelector('details.user').open = true")
        page.find(".menu button", "Log out").click()
        page.find("input[name=token]")
        self.assertIsNone(page.driver.get_cookie("keptn_session"))

    def test_who_may_only_read_sees_no_buttons(self):
        page = self.page
        self.log_in("reader")
        page.find(".user .tag", "read only")
        page.settled()
        self.assertNotIn("Create project", page.text())
        page.visit("about")
        page.find("dd", self.provider.url)

    def test_who_has_no_rights_is_told_so(self):
        self.log_in("stranger")
        self.page.says("stranger has no rights here")
        self.page.find("a", "Back to the login").click()
        self.page.find("input[name=token]")

    def test_a_refusal_says_so_and_leads_back(self):
        page = self.page
        self.go_to_provider()
        page.find("button[value=deny]").click()
        page.find("h1", "You are not logged in")
        page.says("The identity provider refused")
        self.assertEqual(page.violations(), [])
        page.find("a", "Back to the login").click()
        page.find(".login a", "Log in by")

    def test_another_state_and_a_used_code_do_not_count(self):
        page = self.page
        self.log_in("alice")
        page.find("h1", "Dashboard")
        for query in ("code=stolen&state=guessed", "code=stolen", ""):
            page.driver.delete_all_cookies()
            page.driver.get(f"{self.server.url}/oauth/redirect?{query}")
            page.says("not the end of a login that was begun in this browser")
        # A login that was begun here, and a code that the provider does not know (any more).
        self.go_to_provider()
        state = page.run("return new URLSearchParams(location.search).get('state')")
        page.driver.get(f"{self.server.url}/oauth/redirect?code=used&state={state}")
        page.says("the identity provider gives no token")
        page.says("Begin again")
        self.assertIsNone(page.driver.get_cookie("keptn_session"))

    def test_a_provider_that_is_gone_is_named_and_a_token_still_counts(self):
        page = self.page
        server = Server("--oidc-issuer", "http://127.0.0.1:1", "--oidc-audience", "bridge", "--oidc-client-id", "bridge")
        self.addCleanup(server.stop)
        page.base = server.url
        page.go("dashboard")
        page.find(".login a", "Log in by").click()
        page.says("http://127.0.0.1:1")
        page.says("log in with a token")
        page.find("a", "Back to the login").click()
        page.find("input[name=token]").send_keys(server.token)
        page.find(".login button[type=submit]").click()
        page.find("h1", "Dashboard")

    def test_a_bridge_elsewhere_has_the_same_login(self):
        page = self.page
        remote = RemoteBridge(f"{self.server.url}/api")
        self.addCleanup(remote.stop)
        page.base = remote.url
        self.log_in("reader", "approvals")
        page.find("h1", "Approvals")
        self.assertTrue(page.run("return location.href").startswith(remote.url))


class RemoteBridges(BridgeTest):
    """Two processes: the server, and the Bridge in front of it."""

    def setUp(self):
        self.remote = RemoteBridge(URL)
        self.addCleanup(self.remote.stop)
        super().setUp()
        self.browser.base = self.remote.url
        self.browser.log_in()

    def test_a_run_is_followed_live(self):
        page = self.browser
        project("remote", ["carts"])
        page.visit("project/remote/sequence")
        page.find(".live", "live")
        page.says("Nothing has been triggered yet")
        context = deliver("remote", "carts")
        page.find("tbody td", "delivery")
        page.visit(f"project/remote/sequence/{context}")
        open_task("deployment", context)
        page.says("task deployment to be started")
        page.find(".head button", "Abort").click()
        page.find("dialog footer .danger", "Abort").click()
        page.find(".head .state-aborted")

    def test_what_is_sent_and_what_is_refused_arrives_as_it_is(self):
        text = "x" * 200_000
        answer = api("POST", "v1/validate", {"file": "slo.yaml", "content": f"# {text}"}, url=self.remote.url)
        self.assertIn("valid", answer)
        with self.assertRaisesRegex(Exception, "401"):
            api("GET", "v1/tokens", token="wrong", url=self.remote.url)
        self.assertEqual(api("GET", "v1/session", token=TOKEN, url=self.remote.url)["name"], "first")

    def test_a_server_that_is_gone_is_named(self):
        page = self.browser
        server = Server()
        remote = RemoteBridge(server.url)
        self.addCleanup(remote.stop)
        page.base = remote.url
        page.log_in(server.token)
        page.find(".live", "live")
        server.stop()
        page.find(".live", "reconnecting")
        page.visit("approvals")
        page.says(f"the API at {server.url} does not answer")
        self.assertEqual(page.violations(), [])


if __name__ == "__main__":
    unittest.main()
