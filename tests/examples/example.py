"""example.py: runs the examples, whose output is compared whole.

An expected text is exact but for marks: <seconds> is a number with two decimals, <count> a whole number, <words> what is
left of the line. What the marks stood for is returned, in their order.
"""

import inspect
import os
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "apps"))
from command import LIMIT, Serve, check  # noqa: E402, F401

EXAMPLES = pathlib.Path(os.environ["PLAIT_BUILD_DIR"]) / "examples"
MARKS = {"<seconds>": (r"(\d+\.\d\d)", float), "<count>": (r"(\d+)", int), "<words>": (r"(.*)", str)}


def run(name, *arguments, status=0, stdin="", **environment):
    """Runs an example to its end, which must be `status`. The result has stdout and stderr, as texts."""
    result = subprocess.run([EXAMPLES / name, *arguments], input=stdin, capture_output=True, text=True,
                            encoding="utf-8", timeout=LIMIT, env={**os.environ, **environment})
    check(result.returncode == status, result.returncode, result.stdout, result.stderr)
    return result


def check_match(expected, seen):
    """Compares as the head of this file says."""
    parts = re.split("(" + "|".join(MARKS) + ")", expected)
    pattern = "".join(MARKS[part][0] if part in MARKS else re.escape(part) for part in parts)
    found = re.fullmatch(pattern, seen)
    check(found, "expected:", expected, "but it was:", seen)
    return [MARKS[mark][1](text) for mark, text in zip([part for part in parts if part in MARKS], found.groups())]


def check_prints(expected, name, *arguments, **environment):
    """Runs an example that succeeds and says nothing on stderr, and compares what it prints."""
    result = run(name, *arguments, **environment)
    check(result.stderr == "", result.stderr)
    return check_match(expected, result.stdout)


def sorted_lines(text):
    return "".join(sorted(text.splitlines(keepends=True)))


def main():
    """Runs all tests of the calling file: the functions whose names begin with the number of a sentence, or with "test"."""
    for name, test in inspect.stack()[1].frame.f_globals.copy().items():
        if re.match(r"([A-Z]+\d+|test)_", name) and callable(test):
            print(name, flush=True)
            test()
