"""Pictures of the Bridge for people, run by scripts/bridge-pictures: every screen and the dialogs, at three widths,
light and dark. pictures.py NAME… takes only those; pictures.py --scenes NAME… those of scenes.py, which it prepares."""
import collections
import sys

import scenes
from harness import SHOTS, api, browser, query

HEIGHT_MAX = 4000
FORMS = [(width, dark) for width in (1440, 1024, 390) for dark in (False, True)]


def newest(projects):
    return max((one for one in projects if one["runs"]), key=lambda one: one["runs"][0]["triggeredAt"], default=None)


def measured(projects):
    """The address of the service with most of the newest evaluations, if there is one."""
    kind = "sh.keptn.event.evaluation.finished"
    found = [event["data"] for one in projects for event in api("GET", query(
        "mongodb-datastore/event", project=one["name"], type=kind, pageSize=100))["events"]]
    places = collections.Counter((data["project"], data["service"], data["stage"]) for data in found)
    if not places:
        return None
    (project, service, stage), _ = places.most_common(1)[0]
    return f"project/{project}/service/{service}?stage={stage}"


def screens():
    """Names, addresses, and what is clicked there before the picture is taken."""
    projects = api("GET", "v1/overview/projects")["projects"]
    if not newest(projects):
        raise SystemExit("Nothing was run here yet: there would be nothing to see. Try it with: keptn demo --keep")
    name, runs = newest(projects)["name"], newest(projects)["runs"]
    run = max(runs, key=lambda one: len(one["stages"]))
    base, uniform = f"project/{name}", f"project/{name}/settings/uniform"
    evaluation = measured(projects) or f"{base}/service/{run['service']}"
    chart = evaluation + ("&" if "?" in evaluation else "?") + "view=chart"
    known = api("GET", "controlPlane/v1/uniform/registration")
    webhooks = next(one for one in known if one["name"] == "webhook-service")
    heard = [one for one in webhooks["subscriptions"] or [] if name in one["filter"]["projects"]]
    webhook = f"{uniform}/integrations/{webhooks['id']}"
    return [
        ("dashboard", "dashboard", None), ("environment", base, None),
        ("stage", f"{base}/environment/stage/{run['stages'][0]['stage']}", None),
        ("compare", f"{base}/compare?all=true", None),
        ("trigger", base, ".head .primary"), ("services", f"{base}/service", None),
        ("service", evaluation, None), ("chart", chart, None), ("slo", evaluation, ".slo summary"),
        ("invalidate", evaluation, ".evaluation .head .actions .button"), ("sequences", f"{base}/sequence", None),
        ("sequence", f"{base}/sequence/{run['context']}", None),
        ("payload", f"{base}/sequence/{run['context']}", ".events li a"), ("approvals", "approvals", None),
        ("decide", "approvals", "td .primary"), ("problems", "problems", None),
        ("integrations", f"{uniform}/integrations", None), ("integration", webhook, None),
        ("subscription", f"{webhook}/subscriptions/{heard[0]['id'] + '/edit' if heard else 'add'}", None),
        ("secrets", f"{uniform}/secrets", None), ("settings", f"{base}/settings/project", None),
        ("settings-services", f"{base}/settings/services", None),
        ("files", f"{base}/settings/files?file=shipyard.yaml", None),
        ("history", f"{base}/settings/files?file=shipyard.yaml", ".sheet .toolbar .button"),
        ("statistics", "statistics", None), ("tokens", "tokens", None), ("about", "about", None),
        ("create-project", "create/project", None), ("nowhere", "nowhere", None)]


def main(wanted):
    page = browser()
    page.go("dashboard")
    if wanted[:1] == ["--scenes"]:
        page.log_in()
        shoot(page, scenes.scenes(scenes.prepare()), wanted[1:], prefix="scene-")
    else:
        if not wanted or "login" in wanted:
            take(page, "login")
        page.log_in()
        shoot(page, screens(), wanted)
    print(f"The pictures are in {SHOTS}")


def shoot(page, shown, wanted, prefix=""):
    for name, path, act in shown:
        if wanted and name not in wanted:
            continue
        page.size(1440)
        scenes.leave(page)
        page.visit(path)
        if callable(act):
            act(page)
        elif act:
            # Where there is nothing to be decided, for instance, there is no dialog.
            if page.count(act) == 0:
                continue
            page.run("document.querySelector('details.events')?.setAttribute('open', '')")
            page.find(act).click()
        page.settled()
        take(page, prefix + name)


def take(page, name):
    # Nothing lies under the mouse.
    page.driver.execute_cdp_cmd("Input.dispatchMouseEvent", {"type": "mouseMoved", "x": 0, "y": 0})
    for width, dark in FORMS:
        page.size(width, dark)
        if page.count("dialog") == 0:
            # What is below the edge of the window is looked at, too; some of it grows with the window.
            for _ in range(2):
                height = page.run("return document.documentElement.scrollHeight")
                page.size(width, dark, height=min(height, HEIGHT_MAX))
        page.shot(f"{name}-{width}{'-dark' if dark else ''}")


if __name__ == "__main__":
    main(sys.argv[1:])
