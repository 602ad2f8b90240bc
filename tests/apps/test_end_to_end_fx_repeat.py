#!/usr/bin/env python3
"""`plait fx --repeat` end to end: all requests are made, at once where the model can; a base stays one row."""

import itertools
import re
import threading

from command import LIMIT, MODELS, check, run
from faulty import Server, full, rates

ELAPSED = r"\ntime elapsed: \d+\.\d\ds for %d requests\n"


class Counted(Server):
    """Counts the requests for each base; `body` makes an answer of base and number, counted from 0; None: none."""

    def __init__(self, body=lambda base, number: rates(base), before=lambda base: None):
        self.body, self.lock, self.seen = body, threading.Lock(), {}
        super().__init__(before)

    def answer(self, connection, requests):
        line = requests.readline()
        if not line:
            return False
        while requests.readline() not in (b"\r\n", b""):
            pass
        base = line.split()[1].decode()[-3:]
        with self.lock:
            number = self.seen.setdefault(base, itertools.count())
            number = next(number)
        self.before(base)
        body = self.body(base, number)
        if body is None:
            return False
        connection.sendall(full(body))
        return True

    def counts(self):
        return {base: next(number) for base, number in self.seen.items()}


def fetch(server, *arguments, **how):
    return run("fx", "--bases", "AAA,BBB", "--symbols", "USD", "--url", server.url, *arguments, **how)


def a_base_is_one_row_however_often_it_is_asked_for():
    for model in MODELS:
        server = Counted()
        result = fetch(server, "-m", model, "--repeat", "7")
        check(result.returncode == 0 and result.stderr == "", model, result)
        check(re.fullmatch("1 AAA =     2.0 USD\n1 BBB =     2.0 USD\n" + ELAPSED % 14, result.stdout), model, result)
        check(server.counts() == {"AAA": 7, "BBB": 7}, model, server.counts())


def once_is_the_same_as_without_it():
    result = fetch(Counted(), "-r1")
    check(re.fullmatch("1 AAA =     2.0 USD\n1 BBB =     2.0 USD\n\ntime elapsed: \\d+\\.\\d\\ds\n", result.stdout), result)


def all_models_are_compared_over_all_requests():
    server = Counted()
    result = fetch(server, "-m", "all", "-r", "3", "-q")
    check(result.returncode == 0 and result.stderr == "", result)
    check(result.stdout.startswith("1 AAA =     2.0 USD\n1 BBB =     2.0 USD\n\nmodel "), result)
    for model in MODELS:
        check(re.search(rf"^{model} +\S+s +\S+x +6 .* 0$", result.stdout, re.MULTILINE), model, result)
    check(re.search(r"\n\ntime elapsed: \d+\.\d\ds for 6 requests by each model\n\Z", result.stdout), result)
    check(server.counts() == {"AAA": 3 * len(MODELS), "BBB": 3 * len(MODELS)}, server.counts())


def requests_of_one_base_are_under_way_together():
    """All are answered when all are there: with fewer at once the run would not end."""
    meeting = threading.Barrier(60)
    result = fetch(Counted(before=lambda base: meeting.wait(LIMIT)), "-m", "coroutines", "-r30", "-j60")
    check(result.returncode == 0 and result.stderr == "", result)


def the_soft_limit_of_descriptors_is_no_bound():
    """With half of 64 descriptors, sixty requests would not be under way together."""
    meeting = threading.Barrier(60)
    server = Counted(before=lambda base: meeting.wait(LIMIT))
    result = fetch(server, "-m", "coroutines", "-r30", "-j60", soft_limit=64)
    check(result.returncode == 0 and result.stderr == "", result)


def what_fails_is_one_line_for_each_base():
    server = Counted(lambda base, number: b"{" if base == "AAA" and number % 3 == 0 else rates(base))
    result = fetch(server, "-m", "sequential", "-r", "7")
    check(result.returncode == 1, result)
    check(result.stdout.startswith("1 AAA =     2.0 USD\n1 BBB =     2.0 USD\n"), result)
    check(re.fullmatch(r"plait fx: AAA: 3 of 7 requests failed, the first: http://\S+/AAA: json: .*\n", result.stderr), result)


def answers_that_differ_are_told():
    server = Counted(lambda base, number: rates(base, USD=3.0) if base == "BBB" and number >= 5 else rates(base))
    result = fetch(server, "-m", "sequential", "-r", "7")
    check(result.returncode == 0, result)
    check(result.stdout.startswith("1 AAA =     2.0 USD\n1 BBB =     2.0 USD\n"), result)
    check(result.stderr == "plait fx: BBB: 2 of 7 answers differ from the first\n", result)


def nothing_worked_is_status_3():
    result = fetch(Counted(lambda base, number: None), "-r", "2")
    check(result.returncode == 3 and result.stderr.count(": 2 of 2 requests failed, the first: ") == 2, result)


a_base_is_one_row_however_often_it_is_asked_for()
once_is_the_same_as_without_it()
all_models_are_compared_over_all_requests()
requests_of_one_base_are_under_way_together()
the_soft_limit_of_descriptors_is_no_bound()
what_fails_is_one_line_for_each_base()
answers_that_differ_are_told()
nothing_worked_is_status_3()
