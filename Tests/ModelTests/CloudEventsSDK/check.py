"""Both directions between our CloudEvents and the Python SDK (package cloudevents, 2.x).

    python check.py IN OUT

IN holds one message of ours a line, with what the SDK has to find in it; every difference is printed and makes the exit
code 1. OUT gets messages written by the SDK, one a line, with what we have to find in them.
"""

import base64
import json
import sys
from datetime import datetime, timedelta, timezone

from cloudevents.core.bindings.http import (
    HTTPMessage,
    from_binary_event,
    from_http_event,
    from_structured_event,
    to_binary_event,
    to_structured_event,
)
from cloudevents.core.v1.event import CloudEvent

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def plain(value):
    """An attribute or payload in the form in which messages are described in IN and OUT."""
    if isinstance(value, datetime):
        return {"milliseconds": (value - EPOCH) // timedelta(milliseconds=1)}
    if isinstance(value, (bytes, bytearray)):
        return {"base64": base64.b64encode(value).decode()}
    return value


def read(line):
    body = base64.b64decode(line["body"])
    if line["mode"] == "batched":
        assert line["headers"]["content-type"] == "application/cloudevents-batch+json"
        part = json.loads(body)[line["index"]]
        return from_structured_event(HTTPMessage(headers={}, body=json.dumps(part).encode()))
    message = HTTPMessage(headers=line["headers"], body=body)
    detected = from_http_event(message)
    event = (from_binary_event if line["mode"] == "binary" else from_structured_event)(message)
    assert plain(detected.get_data()) == plain(event.get_data())
    return event


def differences(line):
    event = read(line)
    found = {name: plain(value) for name, value in event.get_attributes().items()}
    data = event.get_data()
    expected = line["data"]
    if isinstance(expected, dict) and set(expected) == {"base64"} and isinstance(data, str):
        data = data.encode()  # In binary mode the SDK makes text of whatever is UTF-8.
    if found != line["attributes"]:
        yield f"attributes {found}, expected {line['attributes']}"
    if plain(data) != expected:
        yield f"data {plain(data)}, expected {expected}"


def our_reading(written, mode, event):
    attributes = {name: plain(value) for name, value in event.get_attributes().items()}
    if mode == "binary":
        attributes = {name: value if isinstance(value, dict) else str(value) for name, value in attributes.items()}
    return {
        "mode": mode,
        "headers": written.headers,
        "body": base64.b64encode(written.body).decode(),
        "attributes": attributes,
        "data": plain(event.get_data()),
    }


def sdk_events():
    base = {"id": "1", "source": "/python", "type": "com.example.test", "specversion": "1.0"}
    odd = "sp ace, \"quote\", 100%, ü, 漢, 😀"
    time = datetime(2018, 4, 5, 3, 56, 24, 123000, tzinfo=timezone(timedelta(hours=2)))
    json_type = {"datacontenttype": "application/json"}
    yield base, None
    yield {**base, **json_type}, {"message": odd, "nested": {"list": [1, 2.5, None, True]}}
    yield {**base, **json_type, "subject": odd, "source": "https://example.com/a?b=c#d"}, {}
    yield {**base, **json_type, "time": time, "dataschema": "https://example.com/schema"}, {"a": 1}
    yield {**base, **json_type, "shkeptncontext": "c-1", "count": 7, "odd": odd}, {"a": 1}
    yield {**base, "datacontenttype": "text/plain"}, odd
    yield {**base, "datacontenttype": "application/octet-stream"}, bytes(range(256))


def main(source, target):
    failures = 0
    with open(source, encoding="utf-8") as lines:
        for number, text in enumerate(lines, 1):
            for difference in differences(json.loads(text)):
                failures += 1
                print(f"message {number}: {difference}")
    with open(target, "w", encoding="utf-8") as out:
        for attributes, data in sdk_events():
            event = CloudEvent(attributes=attributes, data=data)
            for mode, write in (("binary", to_binary_event), ("structured", to_structured_event)):
                out.write(json.dumps(our_reading(write(event), mode, event)) + "\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
