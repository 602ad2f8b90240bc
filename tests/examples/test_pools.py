#!/usr/bin/env python3
"""The examples of pools: what is side by side, what comes first, what comes with what, and what is a thread's own."""

import os
import pty
import subprocess

from example import EXAMPLES, LIMIT, check, check_match, check_prints, main, run


def P30_an_executor_without_work_starts_no_thread_and_is_freed():
    check_prints("0 threads, 0 tasks done\n0 threads, 0 tasks done\n", "empty_pools")


def P31_two_tasks_side_by_side_give_results_in_the_order_of_asking():
    both, side = check_prints("one after the other: hello world, <seconds> s\nside by side: hello world, <seconds> s\n",
                              "side_by_side")
    check(both >= 0.10 and side >= 0.05, both, side)


def P33_results_come_in_the_order_in_which_tasks_end():
    lines = [f"Return of ID: {number}\n" for number in range(5)]
    five, one = check_prints("".join(reversed(lines)) + "5 at a time: <seconds> s\n" +
                             "".join(lines) + "1 at a time: <seconds> s\n", "finish_order")
    check(five >= 0.10 and one >= 0.30, five, one)


def P34_a_wait_returns_with_the_first_and_then_with_all():
    done, not_done, slept = check_prints("Done: <count>, not done: <count>\none of the first has slept <count> ms\n"
                                         "Done: 4, not done: 0\n", "first_of_four")
    check(done >= 1 and done + not_done == 4 and 10 <= slept < 100, done, not_done, slept)


def P35_P39_submit_returns_at_once_and_the_free_waits():
    inside, after = check_prints("submitted, and not done yet: EAGAIN, <seconds> s\nall is done: <seconds> s\nhello\n",
                                 "submit_returns")
    check(after >= inside + 0.13, inside, after)  # both are rounded


def P36_each_of_two_threads_has_an_identity_of_its_own():
    result = run("thread_local")
    check(result.stderr == "", result.stderr)
    marks = check_match("".join(f"Task {task}: global ID <count>, thread ID <count>\n" for task in range(6)), result.stdout)
    shared, own = marks[0::2], marks[1::2]
    check(len(set(shared)) == 1 and len(set(own)) == 2 and set(own).isdisjoint(shared), result.stdout)
    check(sorted(own) == sorted(3 * list(set(own))), result.stdout)  # they met in pairs


BAR, TALLY = "[" + 22 * "#" + "] 22/22\n", "20 downloaded, 1 not found, 1 failed\n"


def P37_each_flag_is_told_as_it_comes_with_its_own_failure_and_all_are_counted():
    check_prints(BAR + TALLY, "flags")
    result = run("flags", "--verbose")
    rest = result.stdout.removesuffix(TALLY)
    codes = "BD BR CD CN DE EG ET FR ID IN IR JP MX NG PH PK RU TR US VN".split()
    expected = [f"{code}: OK, 14 bytes\n" for code in codes]
    expected += ["XX: Connection error\n", "ZZ: HTTP 404 - no flag of ZZ\n"]
    check(result.stderr == "" and rest + TALLY == result.stdout, result.stdout, result.stderr)
    check(sorted(rest.splitlines(keepends=True)) == sorted(expected), result.stdout)


def P37_on_a_terminal_the_bar_moves():
    ours, its = pty.openpty()
    with subprocess.Popen([EXAMPLES / "flags"], stdout=its, stderr=subprocess.PIPE) as process:
        os.close(its)
        seen = b""
        try:
            while chunk := os.read(ours, 4096):
                seen += chunk
        except OSError:  # which is the end of a terminal
            pass
        check(process.wait(LIMIT) == 0 and process.stderr.read() == b"", seen)
    os.close(ours)
    bars, _, tally = seen.decode().replace("\r\n", "\n").partition("\n")
    drawn = [f"[{'#' * done:<22}] {done}/22" for done in range(1, 23)]
    check(bars.split("\r") == ["", *drawn] and tally == TALLY, seen)


def Y14_futures_of_a_pool_and_of_loops_come_from_one_set():
    result = run("mixed")
    check(result.stderr == "", result.stderr)
    check_match("loops-<count>: 10 milliseconds\nloops-<count>: 20 milliseconds\nloops-<count>: 30 milliseconds\n"
                "pool-<count>: 168 primes below 1000\npool-<count>: 303 primes below 2000\n"
                "pool-<count>: 430 primes below 3000\n",
                "".join(sorted(result.stdout.splitlines(keepends=True), key=lambda line: (line[0], line.split(": ")[1]))))


main()
