#!/usr/bin/env python3
"""What the README and the man page show as output is what the command prints: rates to the letter, of what is measured the
form. (tests/house sees to the README's program.)"""

import pathlib
import re

from command import SOURCE, check, run


def form(line):
    """The line with each number a 9 and each gap one space, unless it is a row of rates."""
    return line if re.match(r"1 [A-Z]{3} = ", line) else " ".join(re.sub(r"\d+", "9", line).split())


def check_shown(shown, *arguments):
    result = run(*arguments)
    check(result.returncode == 0, result)
    printed = result.stdout.splitlines()
    at = shown.index("...") if "..." in shown else len(shown)  # the dots stand for some lines
    check(at > 1 and len(printed) >= len(shown) - 1, shown, printed)
    rest = shown[at + 1:]
    printed = printed[:at] + printed[len(printed) - len(rest):] if at < len(shown) else printed
    check([form(line) for line in shown[:at] + rest] == [form(line) for line in printed], shown, printed)


def Z10_the_readme_shows_what_is_printed():
    text = (pathlib.Path(SOURCE) / "README.md").read_text()
    blocks = re.findall(r"^    \$ plait (.*)\n((?:    .*\n|\n(?=    ))+)", text, re.MULTILINE)
    check(blocks, text)
    for arguments, block in blocks:
        check_shown([line.removeprefix("    ") for line in block.splitlines()], *arguments.split())


def Z10_the_man_page_shows_what_is_printed():
    text = (pathlib.Path(SOURCE) / "docs" / "man" / "plait-fx.1").read_text()
    block = re.search(r"^\.Sh OUTPUT\n\.Bd -literal\n(.*?)^\.Ed$", text, re.MULTILINE | re.DOTALL)
    check(block, text)
    check_shown(block.group(1).replace(r"\&", "").splitlines(), "fx")


Z10_the_readme_shows_what_is_printed()
Z10_the_man_page_shows_what_is_printed()
