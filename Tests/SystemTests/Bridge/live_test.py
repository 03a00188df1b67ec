"""What happens, while it happens: after a break, in a hidden tab, in a flood."""
import base64
import threading
import unittest
import uuid

from harness import SHIPYARD, BridgeTest, Keys, Wire, api, deliver, eventually, open_task, project, send_many
from processes import Server


# The ids of all events that the page hears, in their order, and how often it is told that something was skipped.
HEAR = """
    const done = arguments[0]
    Object.assign(window, {isSamePage: true, heard: [], skips: 0})
    import('/bridge/live.js').then(({onEvents}) => {
        onEvents(({id}) => { window.heard.push(id) }, () => {})
        onEvents(() => false, () => { window.skips += 1 })
        done()
    })"""

# Answers of lists are held back: `spoil` says how, until it is null.
SPOIL = """
    window.spoiled = 0
    const fetch = window.fetch
    window.fetch = (url, ...more) => {
        if (!window.spoil || !String(url).includes('/sequences')) return fetch(url, ...more)
        window.spoiled += 1
        return window.spoil()
    }"""

# A page to which time passes twenty times as fast.
HURRY = """
    const [timeout, signal] = [window.setTimeout, AbortSignal.timeout.bind(AbortSignal)]
    window.setTimeout = (body, ms, ...more) => timeout(body, ms / 20, ...more)
    AbortSignal.timeout = (ms) => signal(ms / 20)"""


class Connection(BridgeTest):
    def open(self, path):
        """A screen that is live, with what it hears written down."""
        page = self.browser
        page.go(path)
        page.find(".live", "live")
        page.driver.execute_async_script(HEAR)
        return page

    def contexts(self):
        """Of all pages of the list of runs."""
        page = self.browser
        shown = set()
        while True:
            shown |= set(page.run("return [...document.querySelectorAll('main tbody tr')].map((row) => row.dataset.key)"))
            if page.run("return document.querySelector('.pager [aria-label=Older]')?.disabled ?? true"):
                return shown
            before = page.run("return document.querySelector('.pager span').textContent")
            page.find(".pager [aria-label=Older]").click()
            eventually("the next page is shown", lambda: before != page.run(
                "return document.querySelector('.pager span')?.textContent"))

    def test_what_happened_while_the_connection_was_lost_is_shown_when_it_is_back(self):
        project("lost", ["carts", "orders"])
        page = self.open("project/lost/sequence")
        page.says("Nothing has been triggered yet")
        before = send_many("lost", 3)
        eventually("they are heard", lambda: page.run("return window.heard") == before)
        page.wire.cut()
        page.find(".live", "reconnecting")
        # More than one page of runs, and more events than one stretch that the server reads.
        contexts = {deliver("lost", service) for _ in range(15) for service in ("carts", "orders")}
        missed = send_many("lost", 300)
        page.wire.mend()
        page.find(".live", "live")
        after = send_many("lost", 1)
        eventually("the newest event is heard", lambda: after[0] in page.run("return window.heard"))
        heard = page.run("return window.heard")
        self.assertEqual(len(heard), len(set(heard)), "an event is heard once")
        self.assertEqual([event for event in heard if event in before + missed + after], before + missed + after)
        page.says("30 runs")
        self.assertEqual(self.contexts(), contexts)
        self.assertTrue(page.run("return window.isSamePage"))

    def test_each_of_two_breaks_is_made_good(self):
        project("twice-lost", ["carts"])
        page = self.open("project/twice-lost/sequence")
        all = []
        for count in (1, 2):
            page.wire.cut()
            page.find(".live", "reconnecting")
            deliver("twice-lost", "carts")
            all += send_many("twice-lost", 2)
            page.wire.mend()
            page.says(f"{count} run")
            eventually("the events of the break are heard", lambda: all == [
                event for event in page.run("return window.heard") if event in all])
        self.assertTrue(page.run("return window.isSamePage"))

    def test_a_server_that_was_started_again_meanwhile_goes_on_where_it_was(self):
        server = Server()
        self.addCleanup(server.stop)
        ours = {"url": server.url, "token": server.token}
        encoded = base64.b64encode(SHIPYARD.encode()).decode()
        api("POST", "controlPlane/v1/project", {"name": "again", "shipyard": encoded}, **ours)
        api("POST", "controlPlane/v1/project/again/service", {"serviceName": "carts"}, **ours)

        sent = []

        def trigger():
            sent.append(str(uuid.uuid4()))
            return api("POST", "v1/event", {
                "type": "sh.keptn.event.dev.delivery.triggered", "source": "tester", "specversion": "1.0",
                "id": sent[-1], "data": {"project": "again", "stage": "dev", "service": "carts"}},
                url=server.url, token=server.token)["keptnContext"]
        page = self.browser
        wire = Wire(server.url)
        page.base = wire.url
        page.log_in(server.token)
        self.open("project/again/sequence")
        first = trigger()
        page.find(f"tr[data-key='{first}']")
        wire.cut()
        page.find(".live", "reconnecting")
        second = trigger()
        server.restart()
        third = trigger()
        wire.lead_to(server.url)
        wire.mend()
        for context in (first, second, third):
            page.find(f"tr[data-key='{context}']")
        page.find(".live", "live")
        fourth = trigger()
        page.find(f"tr[data-key='{fourth}']")
        heard = page.run("return window.heard")
        self.assertEqual(len(heard), len(set(heard)), "an event is heard once")
        self.assertEqual([event for event in heard if event in sent], sent)
        self.assertEqual(page.run("return [window.isSamePage, window.skips]"), [True, 0])

    def test_after_a_break_with_too_many_events_everything_is_looked_at_anew(self):
        project("long-lost", ["carts"])
        page = self.open("project/long-lost/sequence")
        page.wire.cut()
        page.find(".live", "reconnecting")
        context = deliver("long-lost", "carts")
        missed = [event for _ in range(5) for event in send_many("long-lost", 500)]
        page.wire.mend()
        page.find(f"tr[data-key='{context}']")
        eventually("it is told", lambda: page.run("return window.skips") == 1)
        after = send_many("long-lost", 1)
        eventually("what comes now is heard", lambda: after[0] in page.run("return window.heard"))
        self.assertEqual(set(page.run("return window.heard")) & set(missed), set(), "nothing of the break is told")

    def test_a_connection_that_died_in_silence_is_noticed(self):
        project("silent", ["carts"])
        page = self.browser
        script = page.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": HURRY})["identifier"]
        self.addCleanup(page.driver.execute_cdp_cmd, "Page.removeScriptToEvaluateOnNewDocument", {"identifier": script})
        self.open("project/silent/sequence")
        page.says("Nothing has been triggered yet")
        page.wire.hush()
        context = deliver("silent", "carts")
        page.find(f"tr[data-key='{context}']")

    def test_an_answer_that_was_lost_is_asked_for_again(self):
        project("answered", ["carts"])
        page = self.open("project/answered/sequence")
        page.run(SPOIL)
        page.run("window.spoil = () => Promise.reject(new TypeError('Failed to fetch'))")
        context = self.all_is_heard("answered")
        page.run("window.spoil = null")
        page.find(f"tr[data-key='{context}']")

    def test_an_answer_from_before_what_happened_is_asked_for_again(self):
        project("behind", ["carts"])
        page = self.open("project/behind/sequence")
        page.run(SPOIL)
        page.driver.execute_async_script("""
            const done = arguments[0]
            fetch('/api/v1/overview/project/behind/sequences?pageSize=25').then((answer) => answer.text()).then((old) => {
                window.spoil = () => new Promise((answer) => setTimeout(answer, 50)).then(() => new Response(old, {
                    headers: {'content-type': 'application/json', 'keptn-behind': 'true'}}))
                done()
            })""")
        context = self.all_is_heard("behind")
        page.run("window.spoil = null")
        page.find(f"tr[data-key='{context}']")

    def all_is_heard(self, name):
        """A run begins, and the page has heard of all of it, and asked in vain since."""
        page = self.browser
        context = deliver(name, "carts")
        last = open_task("deployment", context)["id"]
        eventually("it is heard", lambda: last in page.run("return window.heard"))
        # One more that is asked for after the last event: it cannot be the event that brings the next.
        asked = page.run("return window.spoiled")
        eventually("the answer is spoiled", lambda: page.run("return window.spoiled") > asked)
        return context


class HiddenTab(BridgeTest):
    def test_a_hidden_tab_shows_what_it_has_missed_when_it_is_seen(self):
        project("hidden", ["carts"])
        page = self.browser
        page.visit("project/hidden/sequence")
        page.says("Nothing has been triggered yet")
        page.find(".live", "live")
        become = ("Object.defineProperty(document, 'visibilityState', {configurable: true, value: arguments[0]});"
                  " document.dispatchEvent(new Event('visibilitychange'))")
        page.run(become, "hidden")
        open_task("deployment", deliver("hidden", "carts"))
        page.run(become, "visible")
        page.find("tbody td", "delivery")
        page.run("delete document.visibilityState")


class Flood(BridgeTest):
    # What is asked and drawn, frame by frame, while events come as fast as the server takes them.
    WATCH = """
        const watch = window.watch = {frames: 0, draws: 0, drawsMax: 0, asked: 0}
        let draws = 0
        new MutationObserver(() => { draws += 1; watch.draws += 1 }).observe(document.querySelector('main'),
            {childList: true, subtree: true, characterData: true, attributes: true})
        const next = () => {
          watch.frames += 1
          watch.drawsMax = Math.max(watch.drawsMax, draws)
          draws = 0
          requestAnimationFrame(next)
        }
        requestAnimationFrame(next)
        const fetch = window.fetch
        window.fetch = (...all) => { watch.asked += 1; return fetch(...all) }
    """
    BATCHES, SIZE = 40, 50

    def test_thousands_of_events_leave_the_page_right_and_usable(self):
        project("flooded", ["carts", "orders"])
        page = self.browser
        page.visit("project/flooded/sequence")
        page.find(".live", "live")
        page.run(self.WATCH)
        last = []

        def flood():
            for _ in range(self.BATCHES):
                send_many("flooded", self.SIZE)
            last.append(deliver("flooded", "orders"))

        sender = threading.Thread(target=flood)
        sender.start()
        typed = page.find("input[aria-label='Service, exactly']")
        typed.send_keys("order")
        sender.join()
        eventually("the last run is shown", lambda: last[0][:13] in page.text())
        self.assertEqual(page.run("return document.querySelector(\"input[aria-label='Service, exactly']\").value"), "order")
        watch = page.run("return window.watch")
        count = self.BATCHES * self.SIZE
        self.assertLessEqual(watch["drawsMax"], 3, "a frame is drawn once, whatever comes in it")
        self.assertLess(watch["asked"], count / 10, "a flood of events is no flood of requests")
        self.assertLess(watch["draws"], count / 10)
        page.keys("s", Keys.ENTER)
        eventually("the filter counts", lambda: page.count("tbody tr") == 1)


if __name__ == "__main__":
    unittest.main()
