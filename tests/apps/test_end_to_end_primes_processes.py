#!/usr/bin/env python3
"""`plait primes --executor processes`: what becomes of a number whose worker is killed, and of the workers when main is."""

import os
import signal
import subprocess
import time

from command import LIMIT, PLAIT, check, usual_signals
from processes import await_end, descendants_of, stat_of, workers_of

LONG, LONGER = 100000000000000003, 18446744073709551557  # primes: some 160 and 2100 million divisions
TICKS = os.sysconf("SC_CLK_TCK")
ATTEMPTS = 3


def start(*numbers):
    """With one worker, which is up when this returns."""
    process = subprocess.Popen([PLAIT, "primes", "-q", "-e", "processes", "-j", "1"], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=usual_signals)
    tell(process, 7)
    check(process.stdout.readline() == "7 is prime: True\n")
    tell(process, *numbers)
    return process


def tell(process, *numbers):
    process.stdin.write("".join(f"{number}\n" for number in numbers))
    process.stdin.flush()


def on_cpu(pid):
    """Seconds."""
    return int((stat_of(pid) or 20 * [0])[11]) / TICKS


def computing_worker(process, seconds, gone=()):
    """One that has been on a CPU for so long since it was seen first: longer than a worker takes to begin, or looks out for
    work. So it has a task."""
    before = {}
    while True:
        for worker in workers_of(process.pid, "processes-"):
            if worker not in gone and on_cpu(worker) - before.setdefault(worker, on_cpu(worker)) >= seconds:
                return worker
        check(process.poll() is None, process.returncode)
        time.sleep(0.01)


def M1_a_number_whose_worker_is_killed_is_tried_again():
    process = start(LONG, 4)
    os.kill(computing_worker(process, 0.02), signal.SIGKILL)
    out, err = process.communicate(timeout=LIMIT)
    check((process.returncode, out, err) == (0, f"{LONG} is prime: True\n4 is prime: False\n", ""), out, err)


def M1_one_whose_worker_is_killed_each_time_is_told_and_the_others_are_answered():
    process = start(LONGER, 5)
    gone = []
    for _ in range(ATTEMPTS):
        gone.append(computing_worker(process, 0.5, gone))
        os.kill(gone[-1], signal.SIGKILL)
    out, err = process.communicate(timeout=LIMIT)
    check(process.returncode == 1 and out == "5 is prime: True\n", process.returncode, out, err)
    check(err.startswith(f"plait primes: {LONGER}: is_prime (") and "killed by SIGKILL" in err and err.count("\n") == 1, err)


def M3_M18_nothing_is_left_when_main_is_killed_or_gets_a_ctrl_c():
    for number in (signal.SIGKILL, signal.SIGINT):
        process = start(LONGER)
        computing_worker(process, 0.1)
        left = list(descendants_of(process.pid))
        process.send_signal(number)
        process.communicate(timeout=LIMIT)
        check(process.returncode == -number, process.returncode)
        await_end(left)


M1_a_number_whose_worker_is_killed_is_tried_again()
M1_one_whose_worker_is_killed_each_time_is_told_and_the_others_are_answered()
M3_M18_nothing_is_left_when_main_is_killed_or_gets_a_ctrl_c()
