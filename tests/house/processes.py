#!/usr/bin/env python3
"""Programs that start processes, built and begun in every way that there is: statically and not, in C++, with a task in a
library that they load; by the loader, by valgrind, by qemu; replaced or removed while they run, and killed."""

import os
import pathlib
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

SOURCE, BUILD = pathlib.Path(os.environ["PLAIT_SOURCE_DIR"]), pathlib.Path(os.environ["PLAIT_BUILD_DIR"])
HERE = SOURCE / "tests" / "house" / "processes"
STRICT = ["-Wall", "-Wextra", "-g", "-I", SOURCE / "include"]
STATIC, SHARED = [BUILD / "libplait.a", "-pthread"], ["-L", BUILD, "-lplait", f"-Wl,-rpath,{BUILD}", "-pthread"]

wrong = []


def say(what, good, *words):
    print(f"{what}: {'good' if good else 'bad'}")
    if not good:
        wrong.append(" ".join([what, *map(str, words)]))


def build(name, source, *options, compiler="cc"):
    result = subprocess.run([compiler, *STRICT, HERE / source, "-o", directory / name, *options], capture_output=True, text=True)
    if result.returncode != 0:
        print(f"{name} is left out: it cannot be built here:\n{result.stderr}")
    return result.returncode == 0


def check(what, command, *expected, status=0):
    result = subprocess.run(command, capture_output=True, text=True, cwd=directory, timeout=200)
    seen = result.stdout + result.stderr
    say(what, result.returncode == status and all(words in seen for words in expected), result.returncode, seen)


def copy(name):
    shutil.copy(directory / name, directory / f"{name}-copy")
    return directory / f"{name}-copy"


def kinds():
    for what, options in {"static": ["-static", *STATIC], "static and relocatable": ["-static-pie", "-fPIE", *STATIC],
                          "not relocatable": ["-no-pie", *STATIC], "without build ids": ["-Wl,--build-id=none", *STATIC],
                          "plait shared": SHARED}.items():
        if build("kind", "program.c", *options):
            check(what, [directory / "kind"], "42\n")
    if shutil.which("c++") and build("text", "text.cpp", *STATIC, compiler="c++"):
        check("C++ with what constructors made", [directory / "text"], "made before main: ***", "*** and after\n",
              "PLAIT_EEXCEPTION: no word\n")


def files():
    build("program", "program.c", *STATIC)
    build("other", "program.c", "-DBUILD=7", *STATIC)
    program = copy("program")
    check("removed while it runs", [program, "unlinked", program], "42\n")
    program = copy("program")
    check("replaced while it runs", [program, "replaced", program, copy("other")], "42\n")
    headers = subprocess.run(["readelf", "-l", program], capture_output=True, text=True).stdout
    if loader := re.search(r"interpreter: (.*)\]", headers):
        loader = loader[1]
        check("by the loader", [loader, "./program"], "42\n")
        program = copy("program")
        check("by the loader, and removed", [loader, program, "unlinked", program],
              "this program's own file cannot be found", "was replaced or removed since it began", status=1)
    if shutil.which("valgrind"):
        check("by valgrind", ["valgrind", "-q", "--error-exitcode=9", directory / "program"], "42\n")
    if qemu := shutil.which(f"qemu-{platform.machine()}"):
        check("by qemu-user", [qemu, directory / "program"], "could not be started", "qemu-user", status=1)


def libraries():
    if not (build("user", "program.c", *SHARED, "-ldl") and build("task.so", "library.c", "-shared", "-fPIC", *SHARED)
            and build("other.so", "library.c", "-DBUILD=7", "-shared", "-fPIC", *SHARED)):
        return
    check("a task in a library that is loaded", [directory / "user", "library", "./task.so"], "63\n")
    check("a library that was replaced", [directory / "user", "library", "./task.so", copy("other.so")],
          "task.so, where task triples lies, is another build by now", status=1)


def state(pid):
    """As the kernel has it: Z when it has ended and nobody fetched it, X when there is none."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return "X"


def orphans():
    parent = subprocess.Popen([directory / "program", "live-on"], stdout=subprocess.PIPE, text=True)
    children = [int(parent.stdout.readline()) for _ in range(6)]
    alive = [state(pid) for pid in children]
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    began = time.monotonic()
    while any(state(pid) not in "XZ" for pid in children):
        time.sleep(0.01)
    print(f"after a kill -9 of their parent six were gone in {time.monotonic() - began:.2f} s")
    say("none outlives its parent", all(s not in "XZ" for s in alive), alive)


with tempfile.TemporaryDirectory() as temporary:
    directory = pathlib.Path(temporary)
    kinds()
    files()
    libraries()
    orphans()
print("\n".join(wrong))
sys.exit(1 if wrong else 0)
