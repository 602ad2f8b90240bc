#!/usr/bin/env python3
"""Each example is a page that says what it shows and how to build it, stands in the index, and builds with its own `cc` line
against an installed copy, with gcc and with clang, as C11 and without a warning."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SOURCE, BUILD = pathlib.Path(os.environ["PLAIT_SOURCE_DIR"]), os.environ["PLAIT_BUILD_DIR"]
EXAMPLES = SOURCE / "examples"
STRICT = "-std=c11 -Wall -Wextra -Wpedantic -Werror"
PAGE = 110  # lines

wrong = []
command_lines = {}
index = re.findall(r"\]\((\w+\.c)\)", (EXAMPLES / "README.md").read_text())
for path in sorted(EXAMPLES.glob("*.c")):
    name, text = path.name, path.read_text()
    head = text.split("*/")[0]
    lines = re.findall(r"^ +(cc .*)$", head, re.M)
    target = re.compile(rf"cc {re.escape(name)} \$\(pkg-config --cflags --libs (plait|plait-http|plait-value|plait glib-2.0)\) -o {path.stem}")
    if not re.match(rf"/\* {re.escape(name)} \((\w+)(, \w+)*\): |/\* {re.escape(name)}: ", text):
        wrong.append(f"{name}: does not open with what it shows: /* {name} (P1): …")
    if len(lines) != 1 or not target.fullmatch(lines[0]):
        wrong.append(f"{name}: has no line by which it is built: cc {name} $(pkg-config … plait) -o {path.stem}")
    else:
        command_lines[name] = lines[0]
    if text.count("\n") > PAGE:
        wrong.append(f"{name}: {text.count(chr(10))} lines are more than a page of {PAGE}")
    if index.count(name) != 1:
        wrong.append(f"{name}: stands {index.count(name)} times in examples/README.md")
wrong += [f"examples/README.md: {name}: is not there" for name in index if not (EXAMPLES / name).exists()]

with tempfile.TemporaryDirectory() as temporary:
    directory = pathlib.Path(temporary)
    log = subprocess.run(["cmake", "--install", BUILD, "--prefix", directory / "installed"], capture_output=True, text=True)
    if log.returncode != 0:
        sys.exit(log.stdout + log.stderr)
    configuration = next((directory / "installed").rglob("plait.pc")).parent
    environment = {**os.environ, "PKG_CONFIG_PATH": str(configuration),
                   "PATH": f"{directory}:{os.environ['PATH']}"}
    built = 0
    for compiler in filter(shutil.which, ["gcc", "clang"]):
        (directory / "cc").write_text(f'#!/bin/sh\nexec {compiler} {STRICT} "$@"\n')
        (directory / "cc").chmod(0o755)
        here = directory / compiler
        shutil.copytree(EXAMPLES, here)
        for name, line in command_lines.items():
            if "glib-2.0" in line and subprocess.run(["pkg-config", "--exists", "glib-2.0"]).returncode != 0:
                continue
            library = re.search(r"--libs ([\w-]+)", line)
            if library and not (configuration / f"{library.group(1)}.pc").exists():
                continue
            built += 1
            result = subprocess.run(["sh", "-c", line], cwd=here, env=environment, capture_output=True, text=True)
            if result.returncode != 0 or result.stderr:
                wrong.append(f"{name}: {compiler}: {line}\n{result.stdout}{result.stderr}")
    if not built:
        wrong.append("no example was built: there is neither gcc nor clang, or no example")

print("\n".join(wrong) or f"{built} builds: good")
sys.exit(1 if wrong else 0)
