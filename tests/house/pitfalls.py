#!/usr/bin/env python3
"""What the compiler and the documents see to: that a task which nobody submitted is not waited for, that there is one form
of task, and that every name a document mentions is one that exists."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(os.environ["PLAIT_SOURCE_DIR"])
COMPILERS = [(compiler, language) for compiler, language in
             [("gcc", "-std=c11"), ("clang", "-std=c11"), ("g++", "-std=c++17"), ("clang++", "-std=c++17")]
             if shutil.which(compiler)]
HEAD = """#include <plait.h>
static int hello(void) { return 0; }
PLAIT_TASK(hello, void, void);
int use(plait_executor *ex);
"""


def check(good, *words):
    if not good:
        sys.exit(" ".join(map(str, words)))


def compiles(compiler, language, text, *flags):
    with tempfile.TemporaryDirectory() as temporary:
        file = pathlib.Path(temporary) / ("program.cpp" if "++" in language else "program.c")
        file.write_text(HEAD + text)
        return subprocess.run([compiler, language, *flags, "-I", SOURCE / "include", "-fsyntax-only", file],
                              capture_output=True, check=False).returncode == 0


def compilers_refuse(right, wrong, *flags):
    check(COMPILERS, "there is neither gcc nor clang")
    for compiler, language in COMPILERS:
        check(compiles(compiler, language, right, "-Wall", "-Wextra", "-Werror"), compiler, "refuses", right)
        for text in wrong:
            check(not compiles(compiler, language, text, *flags), compiler, "takes", text)


def Z9_a_task_that_nobody_submitted_is_not_waited_for():
    """gcc before 14 only warns of a pointer to something else in C; C++ and later compilers refuse it anyway."""
    def use(call):
        return f"int use(plait_executor *ex) {{ plait_future *f = plait_submit(ex, hello, NULL); (void)f; return {call}; }}\n"

    compilers_refuse(use("plait_wait(&f, 1, PLAIT_ALL_COMPLETED, PLAIT_FOREVER, NULL) | plait_await(f, NULL)"),
                     [use(call) for call in ["plait_wait(hello, 1, PLAIT_ALL_COMPLETED, PLAIT_FOREVER, NULL)",
                                             "plait_await(hello, NULL)", "plait_future_wait(hello, PLAIT_FOREVER)",
                                             "plait_await(&hello_plait_task, NULL)"]],
                     "-Werror=incompatible-pointer-types")


def Z12_a_map_takes_plain_values_and_no_futures():
    square = ("static int square(const int *n, int *out) {{ *out = *n * *n; return 0; }}\nPLAIT_TASK(square, int, int);\n"
              "int use(plait_executor *ex) {{ int out[2]; {} = {{ 0 }}; return plait_map(ex, square, in, 2, out, NULL); }}\n")
    compilers_refuse(square.format("int in[2]"), [square.format("plait_future *in[2]")])


def Z13_a_task_has_one_form():
    """An int and at most two pointers: no generator, nothing that gives steps or is marked as a coroutine."""
    compilers_refuse("int use(plait_executor *ex) { return plait_await(plait_submit(ex, hello, NULL), NULL); }\n",
                     ["static void *steps(void *state) { return state; }\nPLAIT_TASK(steps, int, int);\n",
                      "static void *steps(void) { return 0; }\nPLAIT_TASK(steps, void, int);\n",
                      "static void nothing(const int *n) { (void)n; }\nPLAIT_TASK(nothing, int, void);\n",
                      "static int more(const int *n, int *out, void **state) { return *n + *out + !*state; }\n"
                      "PLAIT_TASK(more, int, int);\n"])


NAME = re.compile(r"\b(?:plait_|PLAIT_)\w+")


def names_in(*patterns):
    return {name for pattern in patterns for path in SOURCE.glob(pattern) if path.is_file()
            for name in NAME.findall(path.read_text())}


def Z11_every_name_that_a_page_mentions_exists():
    public = names_in("include/**/*.h", "src/libplait*.map", "CMakeLists.txt", "cmake/*")
    ours = public | names_in("src/**/*.[chS]", "apps/*.[ch]", "tests/**/*.[ch]", "tests/**/*.py", "tests/**/*.sh", "tools/*",
                             "Makefile", "CMakePresets.json", "bench/**/*.[ch]")
    seen = 0
    for patterns, known in (["README.md", "examples/*"], public), (["docs/**/*"], ours):
        for pattern in patterns:
            for path in filter(pathlib.Path.is_file, SOURCE.glob(pattern)):
                for name in set(NAME.findall(path.read_text())):
                    seen += 1
                    several = name.endswith("_") and any(other.startswith(name) for other in known)  # plait_scope_…
                    check(name in known or several,
                          f"{path.relative_to(SOURCE)}: there is no {name}")
    check(seen > 100, "only", seen, "names were found")


for name, test in list(globals().items()):
    if re.match(r"[A-Z]\d+_", name):
        print(name, flush=True)
        test()
