#!/usr/bin/env python3
"""Arrows point down: a room includes headers of its own and of lower rooms; public headers include public headers.

Headers inside are named from src/ on, "park/parker.h", so that the arrow can be seen. What a lower room needs of a higher
one it declares as an interface that the higher one fills in.
"""

import os
import pathlib
import re
import sys

ROOT = pathlib.Path(os.environ.get("PLAIT_SOURCE_DIR", pathlib.Path(__file__).resolve().parents[2]))
BELOW = {"base": []}
BELOW["park"] = ["base"]
BELOW["sync"] = BELOW["io"] = ["base", "park"]
BELOW["thread"] = ["base", "park", "sync", "io"]
BELOW["future"] = [*BELOW["thread"], "thread"]
BELOW["coroutine"] = BELOW["process"] = [*BELOW["future"], "future"]
BELOW["loop"] = [*BELOW["coroutine"], "coroutine"]
BELOW["executor"] = [*BELOW["loop"], "loop", "process"]
BELOW["http"] = BELOW["cluster"] = BELOW["value"] = [*BELOW["executor"], "executor"]
BELOW["observe"] = BELOW["testing"] = BELOW["future"]  # they fill in interfaces; nobody needs them
OWNED = {"plait/http.h": "http", "plait/value.h": "value"}  # headers of rooms with a library of their own

wrong = []


def includes(path):
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if match:
            yield f"{path.relative_to(ROOT)}:{number}", match.group(1), match.group(2)


for path in sorted((ROOT / "src").rglob("*.[chS]")):
    room = path.relative_to(ROOT / "src").parts[0]
    if room not in BELOW:
        wrong.append(f"src/{room}: no such room; tests/house/includes.py says where it would stand")
        continue
    for where, quote, name in includes(path):
        if quote == "<":
            if name in OWNED and room != OWNED[name]:
                wrong.append(f"{where}: {room} includes <{name}>, which belongs to {OWNED[name]}")
            continue
        other = name.split("/")[0]
        if not (ROOT / "src" / name).exists() or "/" not in name or ".." in name:
            wrong.append(f'{where}: "{name}" is no header of ours, named from src/ on')
        elif other != room and other not in BELOW[room]:
            wrong.append(f"{where}: {room} includes {name}, but {other} does not lie below {room}")

for path in sorted((ROOT / "include").rglob("*.h")):
    for where, quote, name in includes(path):
        if quote == '"':
            wrong.append(f'{where}: "{name}": a public header is included as <plait/…>')
        elif name.split("/")[0] == "plait" and not (ROOT / "include" / name).exists():
            wrong.append(f"{where}: <{name}> is no public header")
        elif name in OWNED:
            wrong.append(f"{where}: <{name}> belongs to libplait-{OWNED[name]} and is included by programs alone")

for line in wrong:
    print(line)
sys.exit(1 if wrong else 0)
