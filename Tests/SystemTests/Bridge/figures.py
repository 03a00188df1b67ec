"""Figures of the Bridge in a browser, run by scripts/bench-bridge against a running server; nothing is asserted.

    figures.py                                  how long until screens show their data, how heavy they are, how long an
                                                event takes to a changed pixel
    figures.py fill PROJECTS SERVICES EVENTS    makes so many projects, services in each, and events in all to measure with
    figures.py memory MINUTES                   what a page needs while 50 events a second arrive
"""
import concurrent.futures
import statistics
import sys
import threading
import time

from harness import api, browser, project, send_many

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


# MARK: - Screens


def fresh(page, path):
    """Milliseconds from the navigation to the data, and the bytes that came, without anything in the cache."""
    page.driver.execute_cdp_cmd("Network.clearBrowserCache", {})
    page.go(path)
    took = page.run(SHOWN % "last.startTime + last.duration")
    size = page.run("return performance.getEntriesByType('resource').filter((one) => one.name.includes('/bridge/'))"
                    ".reduce((sum, one) => sum + one.encodedBodySize, 0)"
                    " + performance.getEntriesByType('navigation')[0].encodedBodySize")
    return took, size


def screens():
    start = time.monotonic()
    overview = api("GET", "v1/overview/projects")
    print(f"the list of projects, as the first request: {(time.monotonic() - start) * 1000:.0f} ms")
    page = browser()
    page.log_in()
    name = overview["projects"][0]["name"]
    project = api("GET", f"v1/overview/project/{name}")
    runs = api("GET", f"v1/overview/project/{name}/sequences")["runs"]
    service = api("GET", f"v1/overview/project/{name}/services")["services"][0]["name"]
    print(f"{overview['totals']['projects']} projects, {project['serviceCount']} services in the first")
    took, size = fresh(page, "dashboard")
    print(f"first load of the dashboard: {took:.0f} ms, {size / 1000:.0f} kB")
    paths = ["dashboard", "approvals", "problems", f"project/{name}", f"project/{name}/service",
             f"project/{name}/service/{service}", f"project/{name}/sequence"]
    paths += [f"project/{name}/sequence/{runs[0]['context']}"] if runs else []
    for path in paths:
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


# MARK: - Something to measure with


def fill(projects, services, events):
    names = [f"project-{number:03}" for number in range(projects)]

    def make(name):
        project(name, [f"service-{number:04}" for number in range(services)])

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(make, names))
        print(f"{projects} projects with {services} services each", flush=True)
        batch = 500
        places = [(names[n % projects], f"service-{n // projects % services:04}") for n in range(events // batch)]
        list(pool.map(lambda place: send_many(place[0], batch, place[1]), places))
    print(f"{events} events")


# MARK: - Memory


def memory(minutes):
    """Ten events every fifth of a second, while somebody looks at the runs of the project that they are about."""
    page = browser()
    page.log_in()
    project("memory", ["carts"])
    page.visit("project/memory/sequence")
    page.find(".live", "live")
    ended = threading.Event()

    def send():
        while not ended.wait(0.2):
            send_many("memory", 10)

    sender = threading.Thread(target=send)
    sender.start()
    try:
        for minute in range(minutes + 1):
            page.driver.execute_cdp_cmd("HeapProfiler.collectGarbage", {})
            used = page.driver.execute_cdp_cmd("Runtime.getHeapUsage", {})["usedSize"]
            counters = page.driver.execute_cdp_cmd("Memory.getDOMCounters", {})
            print(f"after {minute} min: {used / 1e6:.1f} MB of objects, {counters['nodes']} nodes,"
                  f" {counters['jsEventListeners']} listeners", flush=True)
            if minute < minutes:
                time.sleep(60)
    finally:
        ended.set()
        sender.join()


if __name__ == "__main__":
    match sys.argv[1:]:
        case []: screens()
        case ["fill", *numbers] if len(numbers) == 3: fill(*map(int, numbers))
        case ["memory", minutes]: memory(int(minutes))
        case _: sys.exit(__doc__)
