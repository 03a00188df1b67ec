"""Settings of a project: files, history, services, the end; and what belongs to the whole server: secrets and tokens."""
import base64
import tempfile
import unittest

from harness import HOSTILE, SHIPYARD, BridgeTest, Keys, Refused, api, eventually, project, query
from processes import GitUpstream

PROJECT = "settled"
GOOD = "spec_version: '1.0'\nobjectives:\n  - sli: errors\n    pass:\n      - criteria: ['<1']\n"


def setUpModule():
    project(PROJECT, ["carts"])
    write("slo.yaml", GOOD)


def path(file, stage="dev", service="carts"):
    return f"resource-service/v1/project/{PROJECT}/stage/{stage}/service/{service}/resource/{file}"


def write(file, text):
    api("PUT", path(file), {"resourceContent": base64.b64encode(text.encode()).decode()})


def read(file):
    return base64.b64decode(api("GET", path(file))["resourceContent"]).decode()


def type_into(page, text):
    """As if it were typed, which would take long."""
    page.run("const area = document.querySelector('.code textarea'); area.value = arguments[0];"
             " area.dispatchEvent(new Event('input', {bubbles: true}))", text)


class Files(BridgeTest):
    ADDRESS = f"project/{PROJECT}/settings/files?stage=dev&service=carts"

    def test_a_mistake_is_shown_at_its_line_and_the_mended_file_is_a_commit(self):
        page = self.browser
        page.go(self.ADDRESS)
        page.find(".filelist a", "slo.yaml").click()
        page.find(".verdict", "can be used")
        self.assertEqual(page.violations(), [])
        type_into(page, GOOD.replace("  - sli: errors", "  - sli: errors\n    weight: heavy"))
        page.find(".verdict", "1 mistake")
        page.find(".numbers .error", "4")
        finding = page.find(".findings button", "line 4")
        self.assertIn("heavy", finding.text)
        self.assertEqual(page.violations(), [])
        finding.click()
        self.assertEqual(page.run("const area = document.activeElement;"
                                  " return area.value.slice(0, area.selectionStart).split('\\n').length"), 4)
        mended = GOOD.replace("  - sli: errors", "  - sli: errors\n    weight: 3")
        type_into(page, mended)
        page.find(".verdict", "can be used")
        page.find(".sheet .primary", "Save").click()
        page.noticed("Saved as")
        self.assertEqual(read("slo.yaml"), mended)

    def test_what_is_not_saved_is_not_lost_on_the_way_back(self):
        page = self.browser
        write("kept.yaml", "one: 1\n")
        page.go(self.ADDRESS)
        page.find(".filelist a", "kept.yaml").click()
        area = page.find(".code textarea")
        area.send_keys("two: 2")
        page.driver.back()
        page.find("dialog", "not saved")
        self.assertEqual(page.violations(), [])
        page.keys(Keys.ESCAPE)
        page.gone("dialog")
        self.assertIn("file=kept.yaml", page.run("return location.search"))
        page.keys("2")
        self.assertEqual(area.get_attribute("value"), "one: 1\ntwo: 22")
        page.driver.back()
        page.find("dialog", "not saved")
        page.keys(Keys.ENTER)
        eventually("the file is closed", lambda: "file=kept.yaml" not in page.run("return location.search"))
        page.gone(".code textarea")

    def test_what_is_not_saved_is_not_lost_by_a_link_or_a_choice(self):
        page = self.browser
        write("kept.yaml", "one: 1\n")
        page.go(f"{self.ADDRESS}&file=kept.yaml")
        page.find(".code textarea").send_keys("two: 2")
        page.choose("select[aria-label='Project or stage']", "production")
        page.find("dialog", "not saved")
        page.keys(Keys.ESCAPE)
        page.gone("dialog")
        eventually("the choice is taken back", lambda: page.run(
            "return document.querySelector('select[aria-label=\"Project or stage\"]').value") == "dev")
        page.find(".rail a", "Services").click()
        page.find("dialog button", "Cancel").click()
        page.gone("dialog")
        self.assertEqual(page.find(".code textarea").get_attribute("value"), "one: 1\ntwo: 2")
        page.find(".rail a", "Services").click()
        page.find("dialog footer .danger", "Leave").click()
        page.find("h1", "Services")
        page.gone("dialog")

    def test_history_and_difference(self):
        page = self.browser
        write("notes.yaml", "one: 1\ntwo: 2\n")
        write("notes.yaml", "one: 1\ntwo: 22\n")
        page.go(f"{self.ADDRESS}&file=notes.yaml")
        page.find(".sheet button", "History").click()
        page.find(".revisions button", "Updated resource")
        page.find(".difference del", "two: 2")
        page.find(".difference ins", "two: 22")
        self.assertEqual(page.violations(), [])
        page.find(".revision button", "Take this text").click()
        self.assertEqual(page.run("return document.querySelector('.code textarea').value"), "one: 1\ntwo: 2\n")

    def test_a_file_comes_and_goes(self):
        page = self.browser
        page.go(self.ADDRESS)
        page.find(".head button", "New file").click()
        page.find("dialog input").send_keys("docs/readme.md", "\ue007")
        page.find(".sheet header", "docs/readme.md")
        type_into(page, HOSTILE)
        page.find(".sheet .primary", "Save").click()
        eventually("it is there", lambda: self.is_there("docs/readme.md"))
        self.assertEqual(read("docs/readme.md"), HOSTILE)
        page.find(".sheet .danger", "Delete").click()
        page.find("dialog footer .danger").click()
        eventually("it is gone", lambda: not self.is_there("docs/readme.md"))
        page.says("Choose a file")

    def is_there(self, file):
        try:
            return read(file) is not None
        except Refused:
            return False


class ProjectCreate(BridgeTest):
    def test_mistakes_are_told_and_a_shipyard_can_come_from_a_file(self):
        page = self.browser
        project("taken")
        page.visit("create/project")
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write(SHIPYARD.replace("name: production", "name: live"))
            file.flush()
            page.find("input[type=file]").send_keys(file.name)
            eventually("the file is read", lambda: "name: live" in page.run(
                "return document.querySelector('textarea').value"))
        name = page.find("form input")
        name.send_keys("taken")
        page.find("form.card button[type=submit]").click()
        page.find(".problem", "exists already")
        self.assertEqual(page.violations(), [])
        name.clear()
        name.send_keys("from-a-file")
        page.find("form.card button[type=submit]").click()
        page.find(".graph .stage", "live")


class ServiceSettings(BridgeTest):
    def test_services_come_and_go(self):
        page = self.browser
        page.go(f"project/{PROJECT}/settings/services")
        page.find(".head button", "Create a service").click()
        page.find("dialog input").send_keys("orders", "\ue007")
        page.find("td", "orders")
        self.assertEqual(page.violations(), [])
        page.find("tr[data-key=orders] .danger").click()
        page.find("dialog footer .danger").click()
        page.gone("tr[data-key=orders]")


class ProjectSettings(BridgeTest):
    def test_the_upstream_dialog_says_what_is_wrong(self):
        page = self.browser
        page.go(f"project/{PROJECT}/settings/project")
        page.find("button", "Set an upstream").click()
        page.find("dialog input[required]").send_keys("nonsense")
        page.find("dialog input[type=password]").send_keys("a token")
        page.find("dialog footer .primary").click()
        page.find("dialog .problem", "'nonsense' is no URL")
        self.assertEqual(page.violations(), [])

    def test_a_proxy_stays_when_something_else_is_changed(self):
        page = self.browser
        sent = """
            window.sent = []
            const fetch = window.fetch
            window.fetch = (url, options) => {
                if (options?.method !== 'PUT') return fetch(url, options)
                window.sent.push(JSON.parse(options.body))
                return Promise.resolve(new Response('{}', {headers: {'content-type': 'application/json'}}))
            }
            const answer = Response.prototype.json
            Response.prototype.json = async function () {
                const data = await answer.call(this)
                return data.projectName ? {...data, gitCredentials: arguments_} : data
            }""".replace("arguments_", """{remoteURL: 'https://git.example.org/shop.git', user: 'me', https: {
                insecureSkipTLS: false, proxy: {url: 'proxy.example.org:3128', scheme: 'https', user: 'you'}}}""")
        page.go(f"project/{PROJECT}/settings/services")
        page.run(sent)
        page.visit(f"project/{PROJECT}/settings/project")
        page.find("dd", "proxy.example.org:3128")
        page.find("button", "Change the upstream").click()
        page.find("dialog input[type=password]").send_keys("a new token")
        self.assertEqual(page.violations(), [])
        page.find("dialog footer .primary").click()
        page.noticed("The upstream is set")
        self.assertEqual(page.run("return window.sent")[0]["gitCredentials"], {
            "remoteURL": "https://git.example.org/shop.git", "user": "me", "https": {
                "token": "a new token", "insecureSkipTLS": False,
                "proxy": {"url": "proxy.example.org:3128", "scheme": "https", "user": "you"}}})

    def test_an_upstream_is_set_pushed_to_and_told_when_it_is_gone(self):
        page = self.browser
        project("mirrored", ["carts"])
        upstream = GitUpstream()
        self.addCleanup(upstream.folder.cleanup)
        url = upstream.repository("mirror")
        page.go("project/mirrored/settings/project")
        page.find("button", "Set an upstream").click()
        page.find("dialog input[required]").send_keys(url)
        user, token = page.driver.find_elements("css selector", "dialog input:not([required]):not([type=checkbox])")[:2]
        user.send_keys("user")
        page.find("dialog input[type=password]").send_keys("wrong")
        page.find("dialog footer .primary").click()
        page.find("dialog .problem")
        self.assertEqual(upstream.branches("mirror"), [])
        field = page.find("dialog input[type=password]")
        field.clear()
        field.send_keys(GitUpstream.PASSWORD)
        page.find("dialog footer .primary").click()
        page.noticed("The upstream is set")
        page.find(".card .state-pass", "synced")
        self.assertEqual(sorted(upstream.branches("mirror")), ["dev", "master", "production"])
        self.assertNotIn(GitUpstream.PASSWORD, page.run("return document.documentElement.outerHTML"))
        self.assertEqual(page.violations(), [])
        page.visit("project/mirrored")
        page.find(".head .state-pass", "Git upstream synced")
        self.assertEqual(page.find(".head a[target=_blank]", "open").get_attribute("href"), url)
        # Another project begins from what was pushed.
        page.visit("create/project")
        page.find("form input[required]").send_keys("adopted")
        page.run("document.querySelector('form textarea').value = ''")
        page.find("form .primary").click()
        page.find("form .problem", "needs a shipyard, or a Git upstream")
        page.find("form details summary", "Git upstream").click()
        address, user = page.driver.find_elements("css selector", "form details .body > .field input")[:2]
        address.send_keys(url)
        user.send_keys("user")
        page.find("form input[type=password]").send_keys(GitUpstream.PASSWORD)
        self.assertEqual(page.violations(), [])
        page.find("form .primary").click()
        page.find("h1", "Environment")
        page.find("td", "carts")
        upstream.server.shutdown()
        upstream.server.server_close()
        api("POST", "controlPlane/v1/project/mirrored/service", {"serviceName": "orders"})
        eventually(
            "it is noticed",
            lambda: api("GET", "controlPlane/v1/project/mirrored")["upstream"]["state"] == "unreachable")
        page.go("dashboard?search=mirrored")
        page.find(".tile .problem", "Git upstream")


class ProjectDelete(BridgeTest):
    def test_a_project_is_deleted_by_its_name(self):
        page = self.browser
        project("to-delete")
        page.go("project/to-delete/settings/project")
        page.find(".card.danger button").click()
        field = page.find("dialog input")
        field.send_keys("to-keep", "\ue007")
        page.find("dialog .problem", "“to-keep” is not the project’s name")
        field.clear()
        field.send_keys("to-delete", "\ue007")
        page.find("h1", "Dashboard")
        with self.assertRaises(Refused):
            api("GET", "controlPlane/v1/project/to-delete")


class Secrets(BridgeTest):
    def test_values_go_in_and_do_not_come_out(self):
        page = self.browser
        page.go(f"project/{PROJECT}/settings/uniform/secrets")
        page.find(".head button", "Add a secret").click()
        page.find("dialog input").send_keys("pager")
        page.find("dialog input[placeholder=key]").send_keys("token")
        page.find("dialog input[placeholder=value]").send_keys("s3cr3t-value")
        self.assertEqual(page.violations(), [])
        page.find("dialog footer .primary").click()
        page.find("td code", "token")
        self.assertNotIn("s3cr3t-value", page.run("return document.documentElement.outerHTML"))
        page.find("tr[data-key$='/pager'] .danger").click()
        page.find("dialog footer .danger").click()
        page.gone("tr[data-key$='/pager']")
        self.assertEqual(api("GET", query("secrets/v1/secret", name="pager"))["Secrets"], [])


class Tokens(BridgeTest):
    def test_a_token_is_made_shown_once_and_revoked(self):
        page = self.browser
        page.go("tokens")
        page.find("td", "you")
        page.find(".head button", "Create a token").click()
        page.find("dialog input").send_keys("robot")
        page.find("dialog footer .primary").click()
        text = page.find(".secret code").text
        self.assertEqual(api("GET", "v1/session", token=text)["name"], "robot")
        self.assertEqual(page.violations(), [])
        page.find("dialog header button").click()
        page.gone("dialog")
        self.assertNotIn(text, page.run("return document.documentElement.outerHTML"))
        page.find("tr[data-key=robot] .danger").click()
        page.find("dialog footer .danger").click()
        page.gone("tr[data-key=robot]")
        with self.assertRaises(Refused):
            api("GET", "v1/session", token=text)


class ReadOnly(BridgeTest):
    @classmethod
    def setUpClass(cls):
        try:
            api("DELETE", "v1/tokens/settings-reader")
        except Refused:
            pass
        cls.token = api("POST", "v1/tokens", {"name": "settings-reader", "scopes": ["read"]})["token"]

    def test_no_button_that_would_be_refused(self):
        page = self.browser
        for address, sign in ((f"project/{PROJECT}/settings/project", "Shipyard"),
                              (f"project/{PROJECT}/settings/services", "carts"),
                              (f"project/{PROJECT}/settings/files?stage=dev&service=carts&file=slo.yaml", "sli: errors"),
                              (f"project/{PROJECT}/settings/uniform/secrets", "Secrets"),
                              (f"project/{PROJECT}/settings/uniform/integrations", "webhook-service"),
                              ("tokens", "tokens:read")):
            with self.subTest(address):
                page.go(address)
                eventually(f"{sign} is shown", lambda: sign in page.text() + page.run(
                    "return document.querySelector('.code textarea')?.value ?? ''"))
                for button in ("Save", "Delete", "New file", "Create", "Add", "Set", "Revoke", "Edit"):
                    self.assertEqual(page.run(
                        "return [...document.querySelectorAll('main button, main a.button')].filter("
                        "(one) => one.textContent.startsWith(arguments[0])).length", button), 0, button)


if __name__ == "__main__":
    unittest.main()
