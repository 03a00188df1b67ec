"""Figures of the Bridge in a browser: how long until screens show their data, how heavy they are, how long an event takes
to a changed pixel. Run by scripts/bench-bridge against a running server; nothing is asserted.
"""
import statistics

from harness import api, browser

SHOWN = "const all = performance.getEntriesByName('shown'); const last = all[all.length - 1]; return last && %s"

PIXEL = """
const [project, stage, service, done] = arguments
const main = document.querySelector('main')
const send = async () => {
  const answer = await fetch('/api/v1/event', {
    method: 'POST', headers: {'content-type': 'application/json', 'x-keptn-bridge': '1'},
    body: JSON.stringify({type: `sh.keptn.event.${stage}.delivery.triggered`, source: 'figures', specversion: '1.0',
                          data: {project, stage, service}})})
  const start = performance.now()
  const {keptnContext} = await answer.json()
  const isThere = () => main.innerHTML.includes(keptnContext)
  const end = () => requestAnimationFrame(() => done(performance.now() - start))
  if (isThere()) return end()
  const observer = new MutationObserver(() => { if (isThere()) { observer.disconnect(); end() } })
  observer.observe(main, {childList: true, subtree: true, attributes: true, characterData: true})
}
send()
"""


def fresh(page, path):
    """Milliseconds from the navigation to the data, and the bytes that came, without anything in the cache."""
    page.driver.execute_cdp_cmd("Network.clearBrowserCache", {})
    page.go(path)
    time = page.run(SHOWN % "last.startTime + last.duration")
    size = page.run("return performance.getEntriesByType('resource').filter((one) => one.name.includes('/bridge/'))"
                    ".reduce((sum, one) => sum + one.encodedBodySize, 0)"
                    " + performance.getEntriesByType('navigation')[0].encodedBodySize")
    return time, size


def main():
    page = browser()
    page.log_in()
    overview = api("GET", "v1/overview/projects")
    project = overview["projects"][0]
    name = project["name"]
    runs = api("GET", f"v1/overview/project/{name}/sequences")["runs"]
    service = api("GET", f"v1/overview/project/{name}/services")["services"][0]["name"]
    print(f"{overview['totals']['projects']} projects, {project['serviceCount']} services in the first")
    time, size = fresh(page, "dashboard")
    print(f"first load of the dashboard: {time:.0f} ms, {size / 1000:.0f} kB")
    screens = ["dashboard", "approvals", f"project/{name}", f"project/{name}/service", f"project/{name}/sequence"]
    screens += [f"project/{name}/sequence/{runs[0]['context']}"] if runs else []
    for path in screens:
        times = []
        for _ in range(5):
            page.visit("about")
            page.visit(path)
            times.append(page.run(SHOWN % "last.duration"))
        print(f"{path}: {statistics.median(times):.0f} ms, the slowest of five {max(times):.0f} ms")
    page.visit(f"project/{name}/sequence")
    page.find(".live", "live")
    stage = project["stages"][0]["name"]
    times = sorted(page.driver.execute_async_script(PIXEL, name, stage, service) for _ in range(20))
    print(f"event to pixel: median {statistics.median(times):.0f} ms, the slowest of 20 {times[-1]:.0f} ms")


if __name__ == "__main__":
    main()
