"""What happens, while it happens: after a break, in a hidden tab, in a flood."""
import threading
import unittest

from harness import BridgeTest, Keys, deliver, eventually, open_task, project, send_many


class Connection(BridgeTest):
    def test_what_happened_while_the_connection_was_lost_is_shown_when_it_is_back(self):
        project("lost", ["carts"])
        page = self.browser
        page.visit("project/lost/sequence")
        page.find(".live", "live")
        page.says("Nothing has been triggered yet")
        page.wire.cut()
        page.find(".live", "reconnecting")
        context = deliver("lost", "carts")
        open_task("deployment", context)
        page.wire.mend()
        page.find("tbody td", "delivery")
        page.find(".live", "live")


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
