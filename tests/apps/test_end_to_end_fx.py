#!/usr/bin/env python3
"""`plait fx` end to end: every model gives the same rows in the same order, does at once what it says, fails well."""

import ctypes
import os
import re
import signal
import socket
import threading
import time

from command import LIMIT, MODELS, check, rows, run, start
from faulty import Held, Server
from processes import await_end, children_of

MATRIX = """\
1 USD =     1.0 USD,   0.887 EUR,     3.8 PLN,    8.53 NOK,    22.7 CZK
1 EUR =    1.13 USD,     1.0 EUR,    4.29 PLN,    9.62 NOK,    25.6 CZK
1 PLN =   0.263 USD,   0.233 EUR,     1.0 PLN,    2.24 NOK,    5.98 CZK
1 NOK =   0.117 USD,   0.104 EUR,   0.446 PLN,     1.0 NOK,    2.66 CZK
1 CZK =   0.044 USD,   0.039 EUR,   0.167 PLN,   0.375 NOK,     1.0 CZK
"""
TABLE = re.compile(r"([a-z-]+) +(\d+\.\d\d)s +(\d+\.\d)x +(\d+) +(\d+) +(\d+) +(\d+\.\d) MiB +(\d+)")
TABLE_HEAD = "model               elapsed  speed-up  requests  processes  threads  peak memory  errors"


def every_model_prints_the_matrix():
    for arguments in [[], *(["--model", model] for model in MODELS), ["-m", "futures", "-j1"], ["-q", "-l", "0"]]:
        result = run("fx", *arguments)
        check(result.returncode == 0, arguments, result)
        check(re.fullmatch(re.escape(MATRIX) + r"\ntime elapsed: \d+\.\d\ds\n", result.stdout), arguments, result.stdout)
        said = "" if "-q" in arguments else "2019-04-09, source: European Central Bank"
        check(said in result.stderr and result.stderr.count("\n") == (1 if said else 0), result.stderr)


def its_own_server_is_reached_whatever_proxy_there_is():
    with socket.socket() as nobody:  # bound and not listening: a connect is refused
        nobody.bind(("127.0.0.1", 0))
        proxy = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        os.environ.update(http_proxy=proxy, all_proxy=proxy)
        for model in ["futures", "all"]:
            result = run("fx", "-q", "-l", "0", "-m", model)
            check(result.returncode == 0 and result.stderr == "" and result.stdout.startswith(MATRIX), result)
        result = run("fx", "-q", "--bases", "USD", "--url", "http://plait.invalid/{base}")
        check(result.returncode == 3, result)
        check(f": connect: to proxy {proxy}: connection refused\n" in result.stderr, result)
    del os.environ["http_proxy"], os.environ["all_proxy"]


def rows_come_in_the_order_of_the_input():
    for model in MODELS:
        result = run("fx", "-m", model, "--bases", "ZAR,AUD,ZAR,USD,MXN", "--symbols", "IDR", "-l", "1ms")
        check([row[:6] for row in rows(result.stdout)] == ["1 ZAR ", "1 AUD ", "1 ZAR ", "1 USD ", "1 MXN "], result)
        check(rows(result.stdout)[3] == "1 USD =   14133 IDR", result.stdout)


def table_of(output):
    head, table = output.split(TABLE_HEAD + "\n")
    lines = table.split("\n\n")[0].splitlines()
    found = [TABLE.fullmatch(line) for line in lines]
    check(all(found), table)
    return head, {m[1]: {"requests": int(m[4]), "processes": int(m[5]), "threads": int(m[6]), "memory": float(m[7]),
                         "errors": int(m[8])}
                  for m in found}


def all_models_are_compared():
    result = run("fx", "--model", "all", "--latency", "5ms")
    check(result.returncode == 0, result)
    head, table = table_of(result.stdout)
    check(head == MATRIX + "\n", head)
    check(list(table) == MODELS, table)
    for model, figures in table.items():
        check(figures["requests"] == 5 and figures["errors"] == 0, model, figures)
        check(figures["processes"] == 1 or model == "process-pool" and figures["processes"] > 1, model, figures)
        check(figures["threads"] >= figures["processes"] and figures["memory"] > 1, model, figures)
    check(re.search(r"\n\ntime elapsed: \d+\.\d\ds\n\Z", result.stdout), result.stdout)
    check("VmHWM" in result.stderr, result.stderr)


def models_do_at_once_what_they_say():
    """Four requests that are all answered when all four are there: with fewer at once the run would not end."""
    for model in MODELS[1:]:
        meeting = threading.Barrier(4)
        server = Server(lambda base: meeting.wait(LIMIT))
        result = run("fx", "-m", model, "-j", "4", "--bases", "AAA,BBB,CCC,DDD", "--symbols", "USD", "--url",
                     server.url)
        check(result.returncode == 0 and len(rows(result.stdout)) == 4, model, result)


def models_with_a_bound_keep_it():
    for model in [model for model in MODELS if model != "thread-per-item"]:
        lock, now, most = threading.Lock(), [0], [0]

        class Counted(Server):
            def answer(self, connection, requests):
                return super().answer(self.counting(connection), requests)

            def counting(self, connection):
                class Connection:
                    recv = connection.recv

                    @staticmethod
                    def sendall(data):
                        with lock:
                            now[0] -= 1
                        connection.sendall(data)
                return Connection

        def arrived(base):
            with lock:
                now[0] += 1
                most[0] = max(most[0], now[0])
            time.sleep(0.02)  # time for one too many to show; what keeps the bound passes however slow it is

        server = Counted(arrived)
        bases = "AAA,BBB,CCC,DDD,EEE,FFF,GGG,HHH"
        result = run("fx", "-m", model, "-j", "2", "--bases", bases, "--symbols", "USD", "--url", server.url)
        check(result.returncode == 0 and len(rows(result.stdout)) == 8, model, result)
        check(1 <= most[0] <= (1 if model == "sequential" else 2), model, most)


# The bases that fail, and what is said after "URL: ".
FAULTS = {
    "HTM": "json: the answer is HTML or XML, not JSON",
    "CUT": "json: line 1, column ",
    "TRU": "receive: ",
    "EMP": "json: the answer is empty",
    "NIL": "",
    "NOT": "",
    "RED": "redirect: ",
    "FIL": "redirect: ",
    "ERR": "response: status 500: no luck",
    "MAN": "response: status 429",
    "ENV": "rates: the server says: used up",
    "OTH": "rates: the answer is for EUR instead of OTH",
    "MIS": "rates: none for EUR in the answer",
    "TXT": "rates: the rate for EUR is the text \"0.5\", not a number",
    "ZER": "rates: the rate for EUR is 0, which no rate can be",
    "NEG": "rates: the rate for EUR is -0.5, which no rate can be",
    "NAN": "json: line 1, column ",
    "BIG": "rates: the rate for EUR is 1e+300, out of all proportion",
    "INF": "json: line 1, column ",
    "END": "receive: ",
    "CHU": "receive: ",
}


def check_failures(lines, server, bases):
    check(len(lines) == len(bases), lines)
    for base, line in zip(bases, lines):
        url = server.url.format(base=base)
        check(line.startswith(f"plait fx: {base}: http://127.0.0.1:{server.port}/"), line)
        if FAULTS.get(base):
            check(FAULTS[base] in line, line)
        if base != "RED":
            check(line.startswith(f"plait fx: {base}: {url}: "), line)
        check(re.search(r": [a-z]+: .{3}", line), line)


def a_base_that_fails_is_one_line_and_the_others_are_printed():
    server = Server()
    good = ["USD", "MOV", "GBP"]
    bases = ["USD", *list(FAULTS)[:9], "MOV", *list(FAULTS)[9:], "GBP"]
    expected = ["1 USD =     2.0 USD,     0.5 EUR", "1 MOV =     2.0 USD,     0.5 EUR", "1 GBP =     2.0 USD,     0.5 EUR"]
    for model in MODELS:
        result = run("fx", "-m", model, "--url", server.url, "--bases", ",".join(bases), "--symbols", "USD,EUR")
        check(result.returncode == 1, model, result)
        check(rows(result.stdout) == expected, model, result.stdout)
        check_failures(result.stderr.splitlines(), server, [base for base in bases if base not in good])

    result = run("fx", "-m", "all", "--url", server.url, "--bases", "USD,TXT,NEG", "--symbols", "USD,EUR")
    check(result.returncode == 1, result)
    head, table = table_of(result.stdout)
    check(head == expected[0] + "\n\n" and all(f["errors"] == 2 for f in table.values()), result.stdout)
    check_failures(result.stderr.splitlines()[:2], server, ["TXT", "NEG"])
    check(result.stderr.count("\n") == 3, result.stderr)


def what_does_not_answer_is_given_up():
    server = Server()
    result = run("fx", "-q", "--url", server.url, "--bases", "HAN", "--symbols", "USD", "--timeout", "200ms")
    check(result.returncode == 3, result)
    check(result.stderr.startswith(f"plait fx: HAN: {server.url.format(base='HAN')}: "), result.stderr)
    check(result.stderr.count("\n") == 1 and "deadline" in result.stderr, result.stderr)


def nothing_worked_is_status_3():
    with socket.socket() as nobody:  # bound and not listening: a connect is refused
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}/{{base}}"
        for model in [*MODELS, "all"]:
            result = run("fx", "-m", model, "-q", "--url", url, "--bases", "USD,EUR")
            check(result.returncode == 3, model, result)
            lines = result.stderr.splitlines()
            check(len(lines) == 2 and all(": connect: " in line for line in lines), model, lines)
            check("1 USD" not in result.stdout, model, result.stdout)
    for url, phase in [("ftp://127.0.0.1/{base}", ": url: "), ("{base}", ":"), ("http://{base}.invalid/", ": resolve: ")]:
        result = run("fx", "--bases", "USD", "--timeout", "10s", "--url", url)  # the last one: or its name server is waited for
        check(result.returncode == 3 and result.stderr.count("\n") == 1 and phase in result.stderr, url, result)
    result = run("fx", "--bases", "XXX,YYY")
    check(result.returncode == 3 and "response: status 400: Base 'XXX' is not supported." in result.stderr, result)
    result = run("fx", "--bases", "USD,XXX", "-q")
    check(result.returncode == 1 and result.stderr.count("\n") == 1 and len(rows(result.stdout)) == 1, result)
    result = run("fx", "--symbols", "USD,XXX")
    check(result.returncode == 3 and result.stderr.count("rates: none for XXX in the answer") == 5, result)


def models_that_disagree_are_told():
    """A server whose rates change between two models."""
    server = Server()
    asked = []

    def change(connection, base):
        asked.append(base)
        return len(asked) > 1

    original = server.answer

    def answer(connection, requests):
        class Connection:
            recv = connection.recv

            @staticmethod
            def sendall(data):
                connection.sendall(data.replace(b"2.0", b"3.0") if change(connection, "USD") else data)
        return original(Connection, requests)

    server.answer = answer
    result = run("fx", "-m", "all", "-q", "--url", server.url, "--bases", "USD", "--symbols", "USD")
    check(result.returncode == 1 and result.stdout.startswith("1 USD =     2.0 USD\n\n"), result)
    check(result.stderr.splitlines() == [f"plait fx: {m}: rows that differ from those of sequential: 1, such as that of USD"
                                          for m in MODELS[1:]], result.stderr)


def press_control_c(process):
    """ThreadSanitizer holds a signal back while its thread sleeps in a futex, as the main thread does here; it hands it on
    at once where a thread polls. So there one that waits for an answer gets it: requests are held, so one soon does."""
    if "thread" in os.environ.get("PLAIT_SANITIZE", ""):
        while not (polling := threads_that_poll(process)):
            time.sleep(0.01)
        check(ctypes.CDLL(None).tgkill(process.pid, int(polling[-1]), signal.SIGINT) == 0)
    else:
        process.send_signal(signal.SIGINT)


def threads_that_poll(process):
    """As the kernel says. If it does not say what anybody waits for: those with a name of their own, or else the first."""
    folder = f"/proc/{process.pid}/task"
    waits, names = ({thread: said(f"{folder}/{thread}/{what}") for thread in os.listdir(folder)}
                    for what in ("wchan", "comm"))
    if any(place not in ("", "0") for place in waits.values()):
        return [thread for thread, place in waits.items() if "poll" in place]
    return [str(process.pid), *(thread for thread, name in names.items() if re.search(r"-\d+$", name))]


def said(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return ""


def interrupt(process):
    """Presses Ctrl-C, and waits until it was heard."""
    press_control_c(process)
    line = process.stderr.readline() + process.stderr.readline()
    check(line == "\nplait fx: waiting for the requests under way; press Ctrl-C again to stop now\n", line)


def one_interrupt_prints_what_is_there():
    for model, at_once in [("sequential", 1), ("thread-pool", 2), ("queues", 2), ("process-pool", 2),
                           ("thread-pool-api", 2), ("futures", 2), ("coroutines", 2)]:
        if model == "process-pool" and "thread" in os.environ.get("PLAIT_SANITIZE", ""):
            continue  # its requests poll in other processes
        held = Held()
        process = start("fx", "-m", model, "-j", "2", "--url", held.url, "--bases", "AAA,BBB,CCC,DDD",
                        "--symbols", "USD")
        held.await_requests(at_once)
        interrupt(process)
        held.open.set()
        out, err = process.communicate(timeout=LIMIT)
        check(process.returncode == -signal.SIGINT, model, process.returncode, out, err)
        check(rows(out) == ["1 AAA =     2.0 USD", "1 BBB =     2.0 USD"][:at_once], model, out)
        check(err == f"plait fx: interrupted: {at_once} of 4 rows are there, 0 failed, {4 - at_once} were not requested\n",
              model, err)


def two_interrupts_end_it_at_once():
    for model in ["sequential", "futures", "coroutines", "all"]:
        held = Held()
        process = start("fx", "-m", model, "--url", held.url, "--bases", "AAA,BBB",
                        "--symbols", "USD")
        held.await_requests(1)
        interrupt(process)
        children = list(children_of(process.pid))
        check(len(children) == (1 if model == "all" else 0), model, children)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=LIMIT)
        check(process.returncode == -signal.SIGINT and out == "", model, process.returncode, out)
        await_end(children)
        held.open.set()


def an_interrupt_ends_the_comparison():
    held = Held()
    process = start("fx", "-m", "all", "-q", "--url", held.url, "--bases", "AAA,BBB", "--symbols", "USD")
    held.await_requests(1)
    interrupt(process)
    held.open.set()
    out, err = process.communicate(timeout=LIMIT)
    check(process.returncode == -signal.SIGINT, process.returncode, out, err)
    head, table = table_of(out)
    check(head == "1 AAA =     2.0 USD\n\n" and list(table) == ["sequential"], out)


def a_model_whose_process_dies_is_told():
    held = Held()
    process = start("fx", "-m", "all", "-q", "--url", held.url, "--bases", "AAA", "--symbols", "USD")
    held.await_requests(1)
    for child in children_of(process.pid):
        os.kill(child, signal.SIGKILL)
    held.open.set()
    out, err = process.communicate(timeout=LIMIT)
    check(process.returncode == 1, process.returncode, out, err)
    check(err == "plait fx: sequential: its process was killed by signal 9 (SIGKILL)\n", err)
    lines = out.splitlines()
    check(lines[:4] == ["1 AAA =     2.0 USD", "", TABLE_HEAD, "sequential          no result"], out)
    check([line.split()[0] for line in lines[4:4 + len(MODELS) - 1]] == MODELS[1:]
          and all(line.split()[2] == "-" for line in lines[4:4 + len(MODELS) - 1]), out)


every_model_prints_the_matrix()
its_own_server_is_reached_whatever_proxy_there_is()
rows_come_in_the_order_of_the_input()
all_models_are_compared()
models_do_at_once_what_they_say()
models_with_a_bound_keep_it()
a_base_that_fails_is_one_line_and_the_others_are_printed()
what_does_not_answer_is_given_up()
nothing_worked_is_status_3()
models_that_disagree_are_told()
one_interrupt_prints_what_is_there()
two_interrupts_end_it_at_once()
an_interrupt_ends_the_comparison()
a_model_whose_process_dies_is_told()
