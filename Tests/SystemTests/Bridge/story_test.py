"""The story of a delivery, told by clicking; and how one gets in and out."""
import unittest

from harness import (
    HOSTILE, SHIPYARD, TOKEN, BridgeTest, Keys, Refused, api, browser, deliver, eventually, finish, open_task, project,
    query, start,
)


class Auth(unittest.TestCase):
    def test_a_wrong_token_is_refused_and_the_right_one_opens_the_page_that_was_asked_for(self):
        page = browser()
        page.driver.delete_all_cookies()
        page.go("approvals")
        field = page.find("input[name=token]")
        field.send_keys("keptn_wrong", Keys.ENTER)
        page.says("This is no token of this server")
        self.assertEqual(page.violations(), [])
        field.clear()
        field.send_keys(TOKEN, Keys.ENTER)
        page.find("h1", "Approvals")
        cookie = page.driver.get_cookie("keptn_session")
        self.assertTrue(cookie["httpOnly"])
        self.assertEqual(cookie["sameSite"], "Strict")
        self.assertEqual(page.run("return document.cookie"), "")

    def test_a_link_logs_in_once(self):
        page = browser()
        page.driver.delete_all_cookies()
        code = api("POST", "v1/session/code", {})["code"]
        page.driver.get("about:blank")
        page.go(f"#login={code}")
        page.find("h1", "Dashboard")
        self.assertNotIn("login", page.run("return location.href"))
        page.driver.delete_all_cookies()
        page.driver.get("about:blank")
        page.go(f"#login={code}")
        page.says("this login link was used already")

    def test_a_session_that_has_ended_asks_for_the_token_and_goes_on_where_one_was(self):
        page = browser()
        page.log_in()
        page.visit("approvals")
        page.find("h1", "Approvals")
        session = page.driver.get_cookie("keptn_session")["value"]
        # As another tab would do it.
        page.driver.execute_async_script(
            "fetch('/api/v1/session', {method: 'DELETE', headers: {'x-keptn-bridge': '1'}}).then(arguments[0])")
        self.assertTrue(session)
        page.run("document.querySelector('nav.rail a[href=about]').click()")
        field = page.find("input[name=token]")
        field.send_keys(TOKEN, Keys.ENTER)
        page.find("h1", "About")

    def test_logging_out_ends_the_session(self):
        page = browser()
        page.log_in()
        page.find("details.user summary").click()
        page.find(".menu button", "Log out").click()
        page.find("input[name=token]")
        self.assertIsNone(page.driver.get_cookie("keptn_session"))


class Delivery(BridgeTest):
    def test_the_story(self):
        page = self.browser
        # A project is created.
        page.visit("create/project")
        page.find("form input").send_keys("story")
        self.assertEqual(page.violations(), [])
        page.run("document.querySelector('textarea').value = arguments[0]", SHIPYARD.replace("spec:", "spec", 1))
        page.find("button[type=submit]").click()
        page.says("shipyard.yaml")
        page.run("document.querySelector('textarea').value = arguments[0]", SHIPYARD)
        page.find("button[type=submit]").click()
        page.find("h1", "Environment")
        page.says("keptn create service SERVICE --project story")
        api("POST", "controlPlane/v1/project/story/service", {"serviceName": "carts"})
        page.find("td", "carts")
        # A delivery is triggered, after its preview.
        page.find(".head button", "Trigger").click()
        page.find("dialog .preview", "after dev.delivery")
        self.assertEqual(page.violations(), [])
        page.find("#trigger-service").send_keys("carts")
        page.find("#trigger-image").send_keys("carts:2")
        page.find("#trigger-labels").send_keys("build=42")
        page.find("dialog footer .primary").click()
        page.find("h1", "delivery of carts")
        context = page.run("return location.pathname").split("/")[-1]
        # The run is followed live.
        task = open_task("deployment", context)
        self.assertEqual(task["data"]["labels"], {"build": "42"})
        page.says("task deployment to be started")
        start(task, source="deployer")
        page.find(".of-task", "deployer")
        page.says("task deployment to be finished by deployer")
        finish(task, source="deployer")
        gate = open_task("evaluation", context)
        page.find(".of-task .state-pass")
        start(gate)
        finish(gate, evaluation={"result": "pass", "score": 97.5})
        # An approval is given with a comment.
        page.says("waits for an approval")
        page.find(".waiting button", "Decide").click()
        page.find("dialog textarea").send_keys("looks good")
        self.assertEqual(page.violations(), [])
        page.find("dialog footer .primary").click()
        task = open_task("deployment", context)
        answers = api("GET", query("mongodb-datastore/event", keptnContext=context, project="story",
                                   type="sh.keptn.event.approval.finished"))["events"]
        self.assertEqual([answer["data"]["message"] for answer in answers], ["looks good"])
        start(task)
        finish(task)
        page.find(".head .state-pass")
        # Its versions stand in the environment.
        page.visit("project/story")
        page.find("td .version", "carts:2")
        page.shot("environment")

    def test_a_failing_gate_is_found_by_its_result(self):
        project("gates", ["carts"])
        contexts = [deliver("gates", "carts", image=f"carts:{number}") for number in (1, 2)]
        for context, result in zip(contexts, ("pass", "fail")):
            for name in ("deployment", "evaluation"):
                task = open_task(name, context)
                start(task)
                finish(task, result=result if name == "evaluation" else "pass", message=f"the gate says {result}")
        page = self.browser
        page.visit("project/gates/sequence")
        page.choose("select[aria-label='Any result']", "fail")
        page.gone("tbody .state-pass")
        page.find("tbody .state-fail", "failed")
        self.assertEqual(page.count("tbody tr"), 1)
        self.assertIn("result=fail", page.run("return location.search"))
        page.find("tbody a").click()
        page.find(".messages", "the gate says fail")
        page.driver.back()
        page.find("h1", "Sequences")
        self.assertEqual(page.run("return document.querySelector(\"select[aria-label='Any result']\").value"), "fail")

    def test_a_run_is_paused_resumed_and_aborted(self):
        project("steer", ["carts"])
        context = deliver("steer", "carts")
        page = self.browser
        page.visit(f"project/steer/sequence/{context}")
        page.find(".head button", "Pause").click()
        page.find(".head button", "Resume").click()
        page.find(".head button", "Pause")
        page.find(".head button", "Abort").click()
        page.find("dialog footer .danger", "Abort").click()
        page.find(".head .state-aborted")
        self.assertEqual(page.count(".head .actions button"), 0)

    def test_hostile_texts_stay_texts(self):
        project("hostile", ["carts"])
        context = deliver("hostile", "carts", image=HOSTILE, labels={HOSTILE: HOSTILE})
        for name in ("deployment", "evaluation"):
            task = open_task(name, context)
            start(task, source=HOSTILE)
            finish(task, result="warning", message=HOSTILE, source=HOSTILE)
        open_task("approval", context)
        page = self.browser
        for path in ("dashboard", "approvals", "project/hostile", "project/hostile/environment/stage/dev",
                     "project/hostile/sequence", f"project/hostile/sequence/{context}"):
            with self.subTest(path):
                page.visit(path)
                page.settled()
                self.assertEqual(page.count("main img, main script, main b b"), 0)
        page.says("onerror=")
        page.run("document.querySelector('details.events').open = true")
        page.find(".events a", "evaluation.finished").click()
        page.find("dialog pre", "onerror=")
        page.find("dialog input[type=search]").send_keys("onerror")
        page.find("dialog mark", "onerror")
        # The first one empties the field.
        page.keys(Keys.ESCAPE)
        page.keys(Keys.ESCAPE)
        page.gone("dialog")


class Safety(BridgeTest):
    def test_everything_is_of_this_server_and_a_foreign_page_could_change_nothing(self):
        project("safe", ["carts"])
        page = self.browser
        for path in ("dashboard", "project/safe", "project/safe/settings/files?file=shipyard.yaml", "about"):
            page.go(path)
            policy, elsewhere, status = page.driver.execute_async_script("""
                const done = arguments[0]
                const names = performance.getEntriesByType('resource').map((one) => one.name)
                Promise.all([fetch(location.href), fetch('/api/v1/event', {method: 'POST', body: '{}'})]).then(
                    ([own, posted]) => done([own.headers.get('content-security-policy'),
                        names.filter((name) => !name.startsWith(location.origin + '/')), posted.status]))""")
            self.assertIn("default-src", policy)
            self.assertNotIn("unsafe", policy)
            self.assertEqual(elsewhere, [])
            self.assertEqual(status, 403)


class Keyboard(BridgeTest):
    def test_everything_is_reached_without_a_mouse(self):
        project("keys", ["orders"])
        context = deliver("keys", "orders")
        page = self.browser
        page.visit("dashboard")
        page.find("h1", "Dashboard")
        with self.subTest("the search"):
            page.keys("/")
            page.keys("keys")
            page.find(".found a[aria-selected=true]", "keys")
            page.keys(Keys.ARROW_DOWN, Keys.ARROW_UP, Keys.ENTER)
            page.find("h1", "Environment")
            page.keys("/")
            page.keys(context[:20])
            page.find(".found a", context)
            page.keys(Keys.ENTER)
            page.find("h1", "delivery of orders")
        with self.subTest("the focus is seen, and the first stop leads to the content"):
            page.go("project/keys")
            page.keys(Keys.TAB)
            self.assertEqual(page.driver.switch_to.active_element.text, "To the content")
            page.keys(Keys.ENTER)
            self.assertEqual(page.run("return document.activeElement.id"), "main")
        with self.subTest("a dialog takes the focus, keeps it, and gives it back"):
            opener = page.find(".head button", "Trigger")
            opener.send_keys(Keys.ENTER)
            page.find("dialog")
            self.assertEqual(page.run("return document.activeElement.id"), "trigger-stage")
            for _ in range(12):
                page.keys(Keys.TAB)
                self.assertTrue(page.run(
                    "return document.activeElement === document.body || document.activeElement.closest('dialog') !== null"))
            page.run("document.querySelector('#trigger-service').focus()")
            page.keys("orders", Keys.ENTER)
            page.find("h1", "delivery of orders")

    def test_typing_in_a_filter_is_not_disturbed_by_what_happens(self):
        project("typing", [f"service-{number}" for number in range(4)])
        page = self.browser
        page.visit("project/typing")
        page.find("input[aria-label='Filter services by name']").send_keys("service-")
        deliver("typing", "service-2")
        page.find("td .state", "delivery")
        page.keys("2")
        eventually("the filter counts", lambda: page.count("tbody tr") == 1)
        self.assertEqual(page.run("return document.activeElement.value"), "service-2")


class ReadOnly(BridgeTest):
    def setUp(self):
        project("readable", ["carts"])
        try:
            self.token = api("POST", "v1/tokens", {"name": "reader", "scopes": ["read"]})["token"]
        except Refused:
            self.token = api("POST", "v1/tokens/reader/rotate", {})["token"]
        super().setUp()

    def test_nothing_is_offered_that_would_be_refused(self):
        page = self.browser
        context = deliver("readable", "carts")
        open_task("deployment", context)
        for path in ("dashboard", "approvals", "project/readable", "project/readable/sequence",
                     f"project/readable/sequence/{context}"):
            with self.subTest(path):
                page.visit(path)
                page.settled()
                words = [button.text for button in page.driver.find_elements("css selector", "main button, main a.button")]
                offered = [word for word in words if word.strip() in (
                    "Create project", "Trigger a sequence", "Pause", "Resume", "Abort", "Decide")]
                self.assertEqual(offered, [])
        page.find(".user .tag", "read only")


if __name__ == "__main__":
    unittest.main()
