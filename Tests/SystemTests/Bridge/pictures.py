"""Pictures of the Bridge for people, run by scripts/bridge-pictures: six screens, at three widths, light and dark."""
from harness import SHOTS, api, browser


def screens():
    """Of the project with the newest run: names and addresses."""
    projects = [one for one in api("GET", "v1/overview/projects", None)["projects"] if one["runs"]]
    if not projects:
        raise SystemExit("Nothing was run here yet: there would be nothing to see. Try it with: keptn demo --keep")
    newest = max(projects, key=lambda one: one["runs"][0]["triggeredAt"])
    base, run = f"project/{newest['name']}", newest["runs"][0]
    return [
        ("dashboard", "dashboard"), ("environment", base), ("service", f"{base}/service/{run['service']}"),
        ("sequences", f"{base}/sequence"), ("sequence", f"{base}/sequence/{run['context']}"),
        ("files", f"{base}/settings/files?file=shipyard.yaml")]


def main():
    page = browser()
    page.log_in()
    for name, path in screens():
        page.size(1440)
        page.visit(path)
        for width in (1440, 1024, 390):
            for dark in (False, True):
                page.size(width, dark)
                page.shot(f"{name}-{width}{'-dark' if dark else ''}")
    print(f"The pictures are in {SHOTS}")


if __name__ == "__main__":
    main()
