"""command.py: runs the command `plait` for the end-to-end tests, and checks what it says.

A failed check prints what was seen and ends the test with status 1.
"""

import os
import re
import resource
import signal
import subprocess
import sys

PLAIT = os.environ["PLAIT_COMMAND"]
SOURCE = os.environ["PLAIT_SOURCE_DIR"]
MODELS = ["sequential", "thread-per-item", "thread-pool", "queues", "process-pool", "thread-pool-api", "futures",
          "coroutines", "coroutines-threads"]
ELAPSED = re.compile(r"\ntime elapsed: \d+\.\d\ds\n\Z")

# No wait in these tests is for time to pass; this one only keeps a hang from being silent.
LIMIT = 600


def check(condition, *seen):
    if condition:
        return
    frame = sys._getframe(1)
    print(f"{frame.f_code.co_filename}:{frame.f_lineno}: {frame.f_code.co_name}: not so; seen:")
    for thing in seen:
        print(thing if isinstance(thing, str) else repr(thing))
    sys.stdout.flush()
    os._exit(1)


def usual_signals():
    """Ctrl-C works in the child, even where a shell in the background has made it ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def patient(arguments):
    """No request is given up because the machine is slow, unless a time-out was given: of two the last one counts."""
    return (arguments[0], "--timeout", "1h", *arguments[1:]) if arguments[:1] == ("fx",) else arguments


def run(*arguments, stdin=None, stdout=subprocess.PIPE, closed=(), ignored=(), soft_limit=None):
    """Runs plait to its end, with a text on a pipe for its stdin or /dev/null, some descriptors closed, some signals ignored,
    few descriptors allowed. The result has returncode, stdout, stderr."""
    def prepare():
        usual_signals()
        if soft_limit:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft_limit, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
        for number in ignored:
            signal.signal(number, signal.SIG_IGN)
        for descriptor in closed:
            os.close(descriptor)
    source = {"stdin": subprocess.DEVNULL} if stdin is None else {"input": stdin}
    return subprocess.run([PLAIT, *patient(arguments)], **source, stdout=stdout, stderr=subprocess.PIPE, text=True,
                          encoding="utf-8", timeout=LIMIT, preexec_fn=prepare, restore_signals=not ignored)


def start(*arguments):
    return subprocess.Popen([PLAIT, *patient(arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, encoding="utf-8", preexec_fn=usual_signals)


def rows(output):
    """The rows of `plait fx`, checked for what follows them."""
    check(ELAPSED.search(output), output)
    return ELAPSED.sub("", output).splitlines()


class Serve:
    """`plait serve` for the time of a with statement; .url is its address."""

    def __init__(self, *arguments):
        self.process = start("serve", *arguments)
        self.url = self.process.stdout.readline().rstrip("\n")
        check(re.fullmatch(r"http://(127\.0\.0\.1|\[::1\]|localhost):\d+", self.url), self.url)
        self.port = int(self.url.rsplit(":", 1)[1])

    def end(self, number=signal.SIGTERM):
        """Ends it by a signal and returns its status."""
        self.process.send_signal(number)
        self.process.communicate(timeout=LIMIT)
        return self.process.returncode

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        if self.process.returncode is None:
            check(self.end() == 0, self.process.returncode)
