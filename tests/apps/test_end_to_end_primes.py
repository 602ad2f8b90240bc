#!/usr/bin/env python3
"""`plait primes`: the same lines on each executor, in the order of the numbers, as soon as they are known; and what becomes of
input that is no number."""

import os
import re
import signal
import subprocess

from command import LIMIT, PLAIT, check, run, usual_signals

EXECUTORS = ["inline", "threads", "processes", "loop"]
SIX = """\
112272535095293 is prime: True
112582705942171 is prime: True
112272535095293 is prime: True
115280095190773 is prime: True
115797848077099 is prime: True
1099726899285419 is prime: False
"""
NOTE = "plait primes: no numbers are given, so these are six that take some time\n"
RANGE = "a whole number from 0 to 18446744073709551615\n"


def is_prime(n):
    return n >= 2 and all(n % d for d in range(2, int(n ** 0.5) + 1))


def lines(numbers):
    return "".join(f"{n} is prime: {is_prime(n)}\n" for n in numbers)


def summary(count, executor):
    word = "numbers" if count > 1 else "number"
    return re.compile(rf"plait primes: {count} {word} in \d+\.\d\d s \({executor}\), for \d+\.\d\d s of CPU time: "
                      r"speed-up \d+\.\dx\n")


def P32_six_numbers_in_their_order_and_the_same_on_each_executor():
    for executor in EXECUTORS:
        result = run("primes", "--executor", executor)
        check(result.returncode == 0 and result.stdout == SIX, executor, result)
        check(result.stderr.startswith(NOTE), executor, result.stderr)
        check(summary(6, executor).fullmatch(result.stderr.removeprefix(NOTE)), executor, result.stderr)
    check(run("primes", "-q").stdout == SIX and run("primes", "-q").stderr == "")


def numbers_may_be_arguments():
    edges = ["0", "1", "2", "3", "4", "9", "007", "65536", "4294967291", "18446744073709551615"]
    expected = lines([0, 1, 2, 3, 4, 9, 7, 65536, 4294967291]) + "18446744073709551615 is prime: False\n"
    for executor in EXECUTORS:
        result = run("primes", "-e", executor, "-j", "3", *edges, stdin="5\n")
        check(result.returncode == 0 and result.stdout == expected, executor, result)
        check(summary(len(edges), executor).fullmatch(result.stderr), result.stderr)
    result = run("primes", "--", "7")
    check(result.returncode == 0 and result.stdout == lines([7]), result)
    check(summary(1, "threads").fullmatch(result.stderr), result.stderr)


def numbers_may_come_from_stdin():
    numbers = [(i * 7919) % 100003 for i in range(4000)]  # more than are under way at once
    text = "".join(f"{n}{' ' if i % 3 else chr(10)}" for i, n in enumerate(numbers))
    for executor in EXECUTORS:
        for arguments in [["-"], []]:
            result = run("primes", "-q", "-e", executor, *arguments, stdin=text)
            check(result.returncode == 0 and result.stdout == lines(numbers) and result.stderr == "", executor,
                  result.stderr, result.stdout)


def an_empty_stdin_is_no_numbers_where_it_is_asked_for():
    for text in ["", "\n \n"]:
        result = run("primes", "-", stdin=text)
        check((result.returncode, result.stdout, result.stderr) == (0, "", ""), result)
        result = run("primes", "-q", stdin=text)
        check((result.returncode, result.stdout, result.stderr) == (0, SIX, ""), result)


def what_is_no_number_on_stdin_is_told_and_the_others_are_answered():
    long = 60 * "1"
    result = run("primes", "-q", stdin=f"7 x\n\n8 -3 {long}\n9")
    told = "".join(f'plait primes: standard input, line {line}: "{word}" is not {RANGE}'
                   for line, word in [(1, "x"), (3, "-3"), (3, long[:44] + "...")])
    check((result.returncode, result.stdout, result.stderr) == (1, lines([7, 8, 9]), told), result)
    result = run("primes", "-", stdin="seven")
    check(result.returncode == 3 and result.stdout == "", result)
    check(result.stderr == f'plait primes: standard input, line 1: "seven" is not {RANGE}', result.stderr)


def a_stdin_that_cannot_be_read_is_told():
    directory = os.open("/", os.O_RDONLY)
    result = subprocess.run([PLAIT, "primes", "-"], stdin=directory, capture_output=True, text=True, timeout=LIMIT)
    os.close(directory)
    check(result.returncode == 3 and result.stdout == "", result)
    check(result.stderr == "plait primes: standard input cannot be read: Is a directory\n", result.stderr)


def each_line_is_printed_as_soon_as_it_is_known():
    """The numbers come one at a time, each after the line of the one before."""
    for executor in EXECUTORS:
        with subprocess.Popen([PLAIT, "primes", "-q", "-e", executor], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              text=True, bufsize=1) as process:
            for n in [2, 65537, 4]:
                process.stdin.write(f"{n}\n")
                line = process.stdout.readline()
                check(line == lines([n]), executor, line)
            process.stdin.close()
            check(process.stdout.read() == "" and process.wait(LIMIT) == 0, executor)


def M31_of_an_endless_input_no_more_is_taken_than_can_be_printed():
    for executor in EXECUTORS:
        with subprocess.Popen(["yes", "7"], stdout=subprocess.PIPE) as yes, \
             subprocess.Popen([PLAIT, "primes", "-q", "-e", executor], stdin=yes.stdout, stdout=subprocess.PIPE,
                              text=True, preexec_fn=usual_signals) as process:
            yes.stdout.close()
            for _ in range(3000):
                check(process.stdout.readline() == lines([7]), executor)
            process.stdout.close()
            check(process.wait(LIMIT) == -signal.SIGPIPE and yes.wait(LIMIT) == -signal.SIGPIPE, executor)


def who_left_a_pipe_open_is_told_what_is_waited_for():
    with subprocess.Popen([PLAIT, "primes"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True) as process:
        check(process.stderr.readline() == "plait primes: waiting for numbers on standard input\n")
        out, _ = process.communicate("3", timeout=LIMIT)
        check(out == lines([3]) and process.returncode == 0, out)


P32_six_numbers_in_their_order_and_the_same_on_each_executor()
numbers_may_be_arguments()
numbers_may_come_from_stdin()
an_empty_stdin_is_no_numbers_where_it_is_asked_for()
what_is_no_number_on_stdin_is_told_and_the_others_are_answered()
a_stdin_that_cannot_be_read_is_told()
each_line_is_printed_as_soon_as_it_is_known()
M31_of_an_endless_input_no_more_is_taken_than_can_be_printed()
who_left_a_pipe_open_is_told_what_is_waited_for()
