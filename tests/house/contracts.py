#!/usr/bin/env python3
"""Every exported function has its contract: a comment right above its declaration, or above the group (lines without an
empty one between) that the declaration stands in. And every public header opens with what it is for."""

import pathlib
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import declarations

wrong = []
for header in declarations.public_headers():
    text = (declarations.INCLUDE / header).read_text()
    if not text.startswith(f"/* {pathlib.Path(header).name}: "):
        wrong.append(f"include/{header}:1: does not open with a comment '/* {pathlib.Path(header).name}: …'")
    source = text.splitlines()
    first_lines, inside = set(), set()  # of comments that begin a line; lines that lie inside of one
    for comment in re.finditer(r"^[ \t]*/\*(?! clang-format).*?\*/", text, re.DOTALL | re.MULTILINE):
        first, last = (text.count("\n", 0, at) + 1 for at in comment.span())
        first_lines.add(first)
        inside.update(range(first + 1, last + 1))
    for name, number in declarations.declarations(header):
        top = number
        while top not in first_lines and top > 1 and (top in inside or source[top - 2].strip()):
            top -= 1
        if top not in first_lines:
            wrong.append(f"include/{header}:{number}: {name} has no contract: a comment right above it or its group")
for line in wrong:
    print(line)
sys.exit(1 if wrong else 0)
