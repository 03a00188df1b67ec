#!/usr/bin/env python3
"""A Keptn integration over plain HTTP, with nothing but Python's standard library.

It pulls the task `notify`, says that it has started, does its work, and says how it went. Settling a delivery and sending
the answer are one request, so that a crash in between loses nothing: the delivery comes again, marked as repeated.

    KEPTN_ENDPOINT=http://127.0.0.1:8080/api KEPTN_API_TOKEN=... python3 integration.py

Several may run side by side, each with a KEPTN_CLIENT of its own: then each task goes to one of them.
"""

import json
import os
import time
import urllib.error
import urllib.request
import uuid

ENDPOINT = os.environ["KEPTN_ENDPOINT"].rstrip("/")
TOKEN = os.environ["KEPTN_API_TOKEN"]
CLIENT = os.environ.get("KEPTN_CLIENT", "")
NAME = "python-notifier"
TASK = "notify"


def call(path, body):
    request = urllib.request.Request(
        f"{ENDPOINT}/v1/subscriptions/{NAME}/{path}", json.dumps({"client": CLIENT, **body}).encode(),
        {"x-token": TOKEN, "content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def reply(event, kind, **data):
    """The same id in every life of this program: an event that is sent twice is one event to Keptn."""
    place = {key: event["data"][key] for key in ("project", "stage", "service")}
    return {
        "specversion": "1.0", "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{NAME} {kind} {event['id']}")),
        "source": NAME, "type": f"sh.keptn.event.{TASK}.{kind}", "datacontenttype": "application/json",
        "shkeptncontext": event["shkeptncontext"], "triggeredid": event["id"], "data": {**place, **data}}


def work(event):
    """What this integration is for; returns what Keptn shows and gives to the tasks that follow."""
    print(f"{event['data']['service']} has come to {event['data']['stage']}", flush=True)
    return {"told": "everybody"}


def serve():
    restart = True
    while True:
        pulled = call("pull", {
            "events": [f"sh.keptn.event.{TASK}.triggered"], "waitSeconds": 20, "max": 1, "restart": restart})
        restart = False
        for delivery in pulled["deliveries"]:
            event = delivery["event"]
            call("settle", {"positions": [], "events": [reply(event, "started")]})
            try:
                outcome = {"status": "succeeded", "result": "pass", TASK: work(event)}
            except Exception as error:  # whatever it is, Keptn has to hear of it
                outcome = {"status": "errored", "result": "fail", "message": str(error)}
            call("settle", {"positions": [delivery["position"]], "events": [reply(event, "finished", **outcome)]})


def main():
    """Whatever was not settled when Keptn went away comes again."""
    while True:
        try:
            serve()
        except OSError as error:  # URLError is one
            if isinstance(error, urllib.error.HTTPError) and error.code in (400, 401, 403):
                raise
            print(f"Keptn does not answer, another try in 2 s: {error}", flush=True)
            time.sleep(2)


if __name__ == "__main__":
    main()
