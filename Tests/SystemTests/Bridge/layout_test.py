"""Where things stand: the scenes of scenes.py, at every width, and what was once found crooked in their pictures."""
import unittest

import scenes
from harness import BridgeTest, eventually

# Of a dialog, what reaches beyond its edge; of the page, how much wider than the window it is.
TOO_WIDE = """const box = [...document.querySelectorAll('dialog')].at(-1)
    return box ? box.scrollWidth - box.clientWidth : document.documentElement.scrollWidth - innerWidth"""

# Tables that have to be scrolled sideways.
SIDEWAYS = """return [...document.querySelectorAll('.scroll:has(> .list)')]
    .filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.getAttribute('aria-label'))"""

# Pairs of these elements of which one lies upon the other.
UPON = """const boxes = [...document.querySelectorAll(arguments[0])]
        .map((one) => [one.textContent, one.getBoundingClientRect()])
    return boxes.flatMap(([text, a], index) => boxes.slice(index + 1).filter(([, b]) =>
        a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1)
        .map(([other]) => `${text} and ${other}`))"""

# How far below the top of the page the line stands on which the words of each element are written.
BASELINES = """return [...document.querySelectorAll(arguments[0])].map((one) => {
    const mark = document.createElement('i')
    mark.style.display = 'inline-block'
    one.append(mark)
    const { bottom } = mark.getBoundingClientRect()
    mark.remove()
    return Math.round(bottom)
})"""

IN_SIGHT = """const rail = document.querySelector('.rail').getBoundingClientRect()
    const here = document.querySelector('.rail [aria-current]').getBoundingClientRect()
    return here.left >= rail.left && here.right <= rail.right"""


def setUpModule():
    global webhook
    webhook = scenes.prepare()


class Scenes(BridgeTest):
    def test_every_scene_fits_at_every_width(self):
        page = self.browser
        for name, path, act in scenes.scenes(webhook):
            with self.subTest(name):
                page.size(1440)
                scenes.leave(page)
                page.visit(path)
                if act:
                    act(page)
                    page.settled()
                self.fits(page)

    def fits(self, page):
        self.assertEqual(page.violations(), [])
        for width in (1024, 390):
            page.size(width)
            eventually(f"at {width} px nothing is too wide", lambda: page.run(TOO_WIDE) <= 0, seconds=10)
            self.assertEqual(page.run(SIDEWAYS), [], f"at {width} px these would have to be scrolled sideways")
            self.assertEqual(page.run(UPON, ".head h1, .head .beside > *, .head .actions > *"), [])


class Places(BridgeTest):
    def test_on_a_phone_the_place_where_one_is_is_in_sight(self):
        page = self.browser
        page.size(390)
        for path in ("about", "dashboard", scenes.INTEGRATIONS, scenes.BASE, f"{scenes.BASE}/settings/project"):
            with self.subTest(path):
                page.visit(path)
                self.assertTrue(page.run(IN_SIGHT))


class Lines(BridgeTest):
    def test_words_beside_each_other_stand_on_one_line(self):
        page = self.browser
        page.visit(scenes.BASE)
        gate = "tr[data-key=carts] .line:has(> [title='The newest quality gate'])"
        page.find(f"{gate} time")
        for width in (1440, 390):
            page.size(width)
            with self.subTest(width):
                self.assertEqual(page.run(BASELINES, f"{gate} .state > span"), page.run(BASELINES, f"{gate} time"))

    def test_the_buttons_of_a_file_stay_together(self):
        page = self.browser
        page.visit(f"{scenes.FILES}&file=slo.yaml")
        scenes.mistake(page)
        page.size(390)
        tops = page.run("return [...document.querySelectorAll('.sheet header button')].map((one) => one.offsetTop)")
        self.assertEqual(len(tops), 3)
        self.assertEqual(len(set(tops)), 1)

    def test_a_word_in_a_table_is_not_broken(self):
        page = self.browser
        page.size(1024)
        page.visit(scenes.INTEGRATIONS)
        page.find("[aria-label=Endpoints] td", "dashboards")
        heights = page.run("return [...document.querySelectorAll('td b')].map((one) => one.getClientRects().length)")
        self.assertEqual(set(heights), {1})


class Axes(BridgeTest):
    def test_the_times_above_a_run_are_round(self):
        steps = self.browser.driver.execute_async_script("""
            const done = arguments[0]
            const spans = [[3, 6], [2530, 6], [2530, 1], [95e3, 6], [3 * 864e5, 6], [30 * 864e5, 6]]
            import('/bridge/screens/waterfall.js')
                .then(({ roundStep }) => done(spans.map((one) => roundStep(...one))))""")
        day = 86_400_000
        self.assertEqual(steps, [1, 500, 5000, 30_000, day // 2, 8 * day])

    def test_the_times_above_a_run_stay_apart_when_the_window_changes(self):
        page = self.browser
        for result in ("pass&state=finished", "fail"):
            with self.subTest(result):
                page.size(1440)
                page.visit(f"{scenes.BASE}/sequence?result={result}")
                page.find("tbody a").click()
                page.find(".lane.axis .track span", "0")
                page.size(390)
                eventually("none lies on another", lambda: page.run(UPON, ".lane.axis .track span") == [], seconds=10)

    def test_evaluations_of_a_minute_are_told_apart_and_limits_of_a_kind_too(self):
        page = self.browser
        page.visit(f"{scenes.BASE}/service/orders?stage=dev&view=chart&sli=response_time_p95")
        page.find(".chart .legend", "pass <600")
        labels = page.run("return [...document.querySelectorAll('.chart .axis:not(.end)')]"
                          ".map((one) => one.textContent)")
        self.assertEqual(len(labels), len(set(labels)))
        self.assertRegex(labels[0], r"^\d\d:\d\d:\d\d$")
        dashes = page.run("return [...document.querySelectorAll('.chart figcaption path')].map("
                          "(one) => [one.getAttribute('class'), getComputedStyle(one).strokeDasharray].join())")
        self.assertEqual(len(dashes), 3)
        self.assertEqual(len(set(dashes)), 3)


if __name__ == "__main__":
    unittest.main()
