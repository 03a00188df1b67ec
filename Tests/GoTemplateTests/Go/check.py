"""Holds the recorded answers against Go itself, by the PyPI package py-go-template (Go 1.20, missingkey=error).

    python check.py

Prints every difference, then how many cases were compared; the exit code is 1 after a difference. Cases with "unasked"
are skipped, which says why the package cannot tell: its Go is too old, it has functions of its own, it takes only
objects, or has another missingkey. Their answers are recorded from Go 1.27.
"""

import json
import os
import re
import sys
import tempfile
from pathlib import Path

FOLDER = Path(__file__).parent


def ask(template, data, file):
    """Go's answer in the form in which it is recorded. The package ends the process after a mistake: so one for each,
    and the template's file is that of who waits for it, which removes it."""
    file.write_bytes(template.encode())
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        os.dup2(writer, 1)
        os.dup2(writer, 2)
        from go_template import render

        os.write(writer, render(file, data))
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        answer = pipe.read().decode()
    failed = os.waitpid(child, 0)[1] != 0
    if not failed:
        return "output", answer
    place = re.search(r"template: [^:]*:(\d+)", answer)
    return ("refused" if answer.startswith("parse") else "fails"), int(place.group(1)) if place else answer


def main():
    event = json.loads((FOLDER / "event.json").read_text())
    compared = differences = 0
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "in.tmpl"
        for text in (FOLDER / "cases.jsonl").read_text().split("\n")[:-1]:
            case = json.loads(text)
            if "unasked" in case:
                continue
            compared += 1
            kind, answer = ask(case["template"], case.get("data", event), file)
            if case.get(kind) != answer:
                differences += 1
                print(f"{case['template']!r}: Go says {kind} {answer!r}, recorded is {text}")
    print(f"{compared} compared")
    sys.exit(1 if differences else 0)


main()
