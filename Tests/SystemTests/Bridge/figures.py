"""Figures of the Bridge in a browser, run by scripts/bench-bridge against a running server; nothing is asserted.

    figures.py                                  how long until screens show their data, how heavy they are, how long an
                                                event takes to a changed pixel
    figures.py fill PROJECTS SERVICES EVENTS RUNS
                                                makes so many projects, services in each, and events and runs in all to
                                                measure with; half of the runs wait for an approval, one in ten has led
                                                to a problem that is being repaired
    figures.py memory MINUTES                   what a page needs while 50 events a second arrive
"""
import concurrent.futures
import statistics
import sys
import threading
import time
import uuid

from harness import api, browser, eventually, project, query, send_many

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
    paths = ["dashboard", "approvals", "problems", f"statistics?project={name}", f"project/{name}",
             f"project/{name}/service", f"project/{name}/service/{service}", f"project/{name}/sequence"]
    paths += [f"project/{name}/sequence/{runs[0]['context']}"] if runs else []
    for path in paths:
        times = []
        for _ in range(5):
            page.visit("nowhere")
            page.visit(path)
            times.append(page.run(SHOWN % "last.duration"))
        print(f"{path}: {statistics.median(times):.0f} ms, the slowest of five {max(times):.0f} ms")
    page.visit(f"project/{name}/sequence")
    page.find(".live", "live")
    stage = project["stages"][0]["name"]
    times = sorted(page.driver.execute_async_script(PIXEL, name, stage, service) for _ in range(20))
    print(f"event to pixel: median {statistics.median(times):.0f} ms, the slowest of 20 {times[-1]:.0f} ms")


# MARK: - Something to measure with


SHIPYARD = """apiVersion: spec.keptn.sh/0.2.2
kind: Shipyard
metadata: {name: shipyard}
spec:
  stages:
    - name: dev
      sequences:
        - {name: delivery, tasks: [{name: deployment}]}
    - name: production
      sequences:
        - name: delivery
          triggeredOn: [{event: dev.delivery.finished}]
          tasks:
            - {name: approval, properties: {pass: manual, warning: manual}}
            - {name: release}
        - name: remediation
          tasks: [{name: repair}]
"""


def fill(projects, services, events, runs):
    names = [f"project-{number:03}" for number in range(projects)]
    places = [f"service-{number:04}" for number in range(services)]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda name: project(name, places, SHIPYARD), names))
        print(f"{projects} projects with {services} services each", flush=True)
        batch = 500
        batches = [(names[n % projects], places[n // projects % services]) for n in range(events // batch)]
        list(pool.map(lambda one: send_many(one[0], batch, one[1]), batches))
        print(f"{events} events", flush=True)
        shares = [runs // projects + (number < runs % projects) for number in range(projects)]
        list(pool.map(lambda name, count: run(name, places, count), names, shares))
    print(f"{runs} runs")


def event(kind, scope, context, triggered=None, **data):
    return {"type": f"sh.keptn.event.{kind}", "source": "figures", "specversion": "1.0", "id": str(uuid.uuid4()),
            "shkeptncontext": context, "data": scope | data} | ({"triggeredid": triggered} if triggered else {})


def run(name, services, count):
    """Deliveries of a project: through dev, with a gate, as far as production's approval, which every other gets."""
    runs = {str(uuid.uuid4()): services[number % len(services)] for number in range(count)}
    scopes = {context: {"project": name, "stage": "dev", "service": service} for context, service in runs.items()}
    post([event("dev.delivery.triggered", scope, context, configurationChange={"values": {"image": f"shop:{count}"}})
          for context, scope in scopes.items()])
    answer("deployment", name, runs)
    post([event("evaluation.finished", scope, context, str(uuid.uuid4()), **gate(number))
          for number, (context, scope) in enumerate(scopes.items())])
    answer("approval", name, list(runs)[::2])
    answer("release", name, list(runs)[::2])
    problems = {str(uuid.uuid4()): service for service in list(runs.values())[::10]}
    post([event("production.remediation.triggered", {"project": name, "stage": "production", "service": service},
                context, problem={"problemTitle": "Response time degradation"})
          for context, service in problems.items()])
    answer("repair", name, list(problems)[::2])


def gate(number):
    result = ("pass", "pass", "warning", "fail")[number % 4]
    indicators = [
        {"score": 1, "status": result, "displayName": metric, "passTargets": [
            {"criteria": "<600", "targetValue": 600, "violated": result != "pass"}], "warningTargets": None,
         "value": {"metric": metric, "value": 400 + number % 300, "comparedValue": 400, "success": True}}
        for metric in ("response_time_p50", "response_time_p95", "error_rate", "throughput", "saturation")]
    return {"status": "succeeded", "result": result, "evaluation": {
        "timeStart": "2026-01-01T10:00:00Z", "timeEnd": "2026-01-01T10:05:00Z", "result": result,
        "score": {"pass": 100, "warning": 80, "fail": 40}[result], "indicatorResults": indicators}}


def answer(task, name, contexts):
    """Does the open tasks of these runs, as soon as all of them are there."""
    wanted = set(contexts)

    def find():
        path = query(f"controlPlane/v1/event/triggered/sh.keptn.event.{task}.triggered", project=name)
        found = [one for one in api("GET", path)["events"] if one["shkeptncontext"] in wanted]
        return found if len(found) == len(wanted) else None

    for one in eventually(f"{len(wanted)} times {task} in {name}", find, seconds=600) if wanted else []:
        scope = {key: one["data"][key] for key in ("project", "stage", "service")}
        # What an approval waits for has been started by approval-service: a second start would want a second end.
        of = (scope, one["shkeptncontext"], one["id"])
        started = [event(f"{task}.started", *of)] if task != "approval" else []
        post(started + [event(f"{task}.finished", *of, status="succeeded", result="pass")])


def post(events):
    if events:
        api("POST", "v1/event", events, kind="application/cloudevents-batch+json")


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
        case ["fill", *numbers] if len(numbers) == 4: fill(*map(int, numbers))
        case ["memory", minutes]: memory(int(minutes))
        case _: sys.exit(__doc__)
