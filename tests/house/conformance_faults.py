#!/usr/bin/env python3
"""tools/conformance finds each fault that it is there for, in a small tree made for that, and none where there is none."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(os.environ.get("PLAIT_SOURCE_DIR", pathlib.Path(__file__).resolve().parents[2]))
ROWS = [f"Q{n}" for n in range(1, 41)]
GOOD = """\
/* TEST_IN_EACH_KIND(Q9_in_a_comment) */
#include "helpers.h"
static void Q1_Q2_direct(void **unused)
{
    (void)unused;
    check(1 + 1 == 2);
}
TEST_IN_EACH_KIND(Q3_by_a_helper_of_the_file)
{
    struct pair { int a; } pairs[] = { { 1 } };
    expect(pairs[0].a);
}
static void Q4_by_a_function_that_is_named(void **unused) { run(deeper, unused); }
static void Q5_M40_by_a_header(void **unused) { (void)unused, from_header(); }
static void Q6_of_cmocka(void **unused) { assert_int_equal(1, unused == 0); }
static void of_no_id(void **unused) { (void)unused; }
"""
MORE = "".join(f"static void {row}_and_so_on(void **unused) {{ check(unused == 0); }}\n" for row in ROWS[6:])
HELPERS = """\
static void expect(int number)
{
    check_number(number, 1);
}
static void deeper(void)
{
    if (1) expect(1);
}
"""
SUPPORT = {
    "check.h": "#define check(condition) x\n#define check_number(actual, expected) y\n",
    "helpers.h": "static inline void from_header(void)\n{\n    check(2 > 1);\n}\nint run(void *, void *);\n",
    "runners.h": "int start(void);\n",
    "runners.c": "int start(void)\n{\n    check(1 > 2);\n    return 0;\n}\n",
}
SCRIPT = "from helping import helper\n\n\ndef Q40_in_python():\n    helper()\n"
HELPING = "def check(x):\n    assert x\n\n\ndef helper():\n    check(1)\n"


def main_of(code):
    names = re.findall(r"\b((?:[A-Z]+\d+_)+\w+|of_no_id)\b", re.sub(r"/\*.*?\*/", "", code, flags=re.DOTALL))
    return "int main(void) { " + " ".join(f"cmocka_unit_test({name})," for name in names) + " }\n"


class Tree:
    def __init__(self, folder):
        self.root = pathlib.Path(folder)
        self.write("tools/conformance", (SOURCE / "tools" / "conformance").read_text())
        self.room("room/test_good.c", HELPERS + GOOD + MORE)
        self.write("tests/room/test_script.py", SCRIPT)
        self.write("tests/other/helping.py", HELPING)
        for name, text in SUPPORT.items():
            self.write(f"tests/support/{name}", text)
        self.table({row: "" for row in ROWS})
        self.run("--update")

    def write(self, path, text):
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def room(self, path, code):
        self.write(f"tests/{path}", code + main_of(code))

    def table(self, rows):
        head = "# Table\n\n| ID | sentence | shown by |\n| --- | --- | --- |\n"
        self.write("docs/conformance.md", head + "".join(f"| {row} | it is so | {right} |\n" for row, right in rows.items()))

    def replace(self, path, old, new):
        text = (self.root / path).read_text()
        assert old in text, (path, old)
        self.write(path, text.replace(old, new))

    def run(self, *arguments):
        command = [sys.executable, str(self.root / "tools" / "conformance"), *arguments]
        result = subprocess.run(command, capture_output=True, text=True)
        assert not result.stderr, result.stderr
        return result.returncode, result.stdout


def good(tree):
    return None


def a_gap(tree):
    tree.table({row: "" for row in [*ROWS, "Q41"]})
    tree.run("--update")
    return "no test shows Q41"


def a_test_that_went(tree):
    tree.replace("tests/room/test_good.c", "Q3_by", "by")
    tree.run("--update")
    return "no test shows Q3"


def an_unknown_id(tree):
    tree.replace("tests/room/test_good.c", "Q6_of", "Q6_Q99_of")
    tree.run("--update")
    return "test_good.c:23: Q6_Q99_of_cmocka names Q99, which no sentence"


def an_unknown_list(tree):
    tree.replace("tests/room/test_good.c", "M40", "UU40")
    tree.run("--update")
    return "names UU40, which no sentence"


def asserts_nothing_any_more(tree):
    tree.replace("tests/room/test_good.c", "check(1 + 1 == 2);", "/* check(1 + 1 == 2); */ puts(\"check(1)\");")
    return "test_good.c:11: Q1_Q2_direct asserts nothing"


def what_cannot_fail_is_no_assertion(tree):
    tree.replace("tests/room/test_good.c", "check(1 + 1 == 2);", "check(true), check( 1 ); assert_true(1);")
    return "test_good.c:11: Q1_Q2_direct asserts nothing"


def nor_its_helper(tree):
    tree.replace("tests/room/test_good.c", "check_number(number, 1);", "(void)number;")
    return "Q3_by_a_helper_of_the_file asserts nothing"


def what_a_helper_needs_is_no_assertion(tree):
    tree.replace("tests/room/test_good.c", "check_number(number, 1);", "check(number); check(a->b[1].c);")
    return "Q3_by_a_helper_of_the_file asserts nothing"


def nor_is_the_machinery(tree):
    tree.replace("tests/room/test_good.c", "assert_int_equal(1, unused == 0);", "start();")
    tree.replace("tests/room/test_good.c", '#include "helpers.h"', '#include "helpers.h"\n#include "runners.h"')
    return "Q6_of_cmocka asserts nothing"


def nor_its_script(tree):
    tree.replace("tests/other/helping.py", "check(1)", "pass")
    return "test_script.py:4: Q40_in_python asserts nothing"


def never_run(tree):
    tree.replace("tests/room/test_good.c", "cmocka_unit_test(Q6_of_cmocka)", "/* cmocka_unit_test(Q6_of_cmocka) */")
    return "Q6_of_cmocka is never run"


def a_stale_table(tree):
    tree.replace("docs/conformance.md", "Q6_of_cmocka", "Q6_was_called_so")
    return "not what the names of the tests say: run tools/conformance --update"


def exceptions(tree, count, reason):
    excepted = dict.fromkeys([f"Q{n}" for n in range(41, 41 + count)], f"n/a in C: {reason}")
    tree.table({row: "" for row in ROWS} | excepted)
    tree.run("--update")


def as_many_exceptions_as_may_be(tree):
    exceptions(tree, 2, "there are no such things")
    return None


def too_many_exceptions(tree):
    exceptions(tree, 3, "there are no such things")
    return "3 of 43 sentences are exceptions, more than 5 in 100"


def an_exception_without_a_reason(tree):
    exceptions(tree, 1, "")
    return "Q41 is an exception without a reason"


def an_exception_that_is_none(tree):
    tree.replace("docs/conformance.md", "`room/test_good.c: Q6_of_cmocka`", "n/a in C: nobody can")
    return "Q6 is an exception, and Q6_of_cmocka shows it"


CASES = [
    good,
    a_gap,
    a_test_that_went,
    an_unknown_id,
    an_unknown_list,
    asserts_nothing_any_more,
    what_cannot_fail_is_no_assertion,
    nor_its_helper,
    what_a_helper_needs_is_no_assertion,
    nor_is_the_machinery,
    nor_its_script,
    never_run,
    a_stale_table,
    as_many_exceptions_as_may_be,
    too_many_exceptions,
    an_exception_without_a_reason,
    an_exception_that_is_none,
]

failed = 0
for case in CASES:
    with tempfile.TemporaryDirectory() as folder:
        tree = Tree(folder)
        expected = case(tree)
        code, said = tree.run("--check")
        right = code == 1 and expected in said if expected else code == 0
        if not right:
            print(f"{case.__name__}: expected {expected or 'nothing'}, it said ({code}):\n{said}")
        failed += not right
        if case is good:
            code, said = tree.run()
            assert code == 0 and "Q40   room/test_good.c: Q40_and_so_on\n      room/test_script.py: Q40_in_python\n" in said, said
            assert "M40   room/test_good.c: Q5_M40_by_a_header" in said, said
            assert "40 sentences: 40 shown by 40 tests, 0 exceptions, 0 faults" in said, said
sys.exit(1 if failed else 0)
