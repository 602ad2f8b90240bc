#!/usr/bin/env python3
"""`plait serve --processes` end to end: the processes share one address, are replaced when they die, and end as one."""

import http.client
import os
import re
import signal
import socket

from command import LIMIT, Serve, check, run
from processes import await_end, descendants_of, workers_of

WAITS = b"GET /latest HTTP/1.1\r\nHost: x\r\n\r\n"  # an answer of an API, which takes as long as --latency says


def ask(server, target="/latest?base=USD&symbols=EUR"):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=LIMIT)
    connection.request("GET", target)
    response = connection.getresponse()
    body = response.read().decode()
    connection.close()
    return response.status, body


def its_processes(server, count):
    """Those that serve, once there are so many."""
    while True:
        found = workers_of(server.process.pid, "http-")
        if len(found) == count:
            return found


def Y7_C47_so_many_processes_with_so_many_loops_serve():
    with Serve("--latency", "0", "--processes", "3", "--loops", "2") as server:
        found = its_processes(server, 3)
        for pid in found:
            names = [open(f"/proc/{pid}/task/{thread}/comm", encoding="ascii").read().strip()
                     for thread in os.listdir(f"/proc/{pid}/task")]
            check({"http-1", "http-2"} <= set(names), names)
        for _ in range(30):
            status, body = ask(server)
            check(status == 200 and '"EUR"' in body, status, body)
    await_end(found)


def M1_one_that_is_killed_is_replaced_and_the_others_go_on():
    with Serve("--latency", "0", "--processes", "2", "--quiet") as server:
        found = its_processes(server, 2)
        os.kill(found[0], signal.SIGKILL)
        line = server.process.stderr.readline()
        check(re.fullmatch(rf"plait: {re.escape(server.url)}: process http-[12] \(pid {found[0]}\): killed by SIGKILL; "
                           r"another takes its place( in 0\.1 s)?\n", line), line)
        check(ask(server)[0] == 200)
        await_end(found[:1])
        check(found[0] not in its_processes(server, 2))
        check(ask(server)[0] == 200)


def all_of_them_killed_at_once_come_back():
    with Serve("--latency", "0", "--processes", "2", "--quiet") as server:
        for pid in its_processes(server, 2):
            os.kill(pid, signal.SIGKILL)
        check(ask(server)[0] == 200)  # in line until one is there again
        its_processes(server, 2)


def M3_nothing_is_left_when_the_first_process_is_killed():
    with Serve("--latency", "1h", "--processes", "2") as server, \
            socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(WAITS)
        check(ask(server, "/healthz") == (200, "ok\n"))
        left = list(descendants_of(server.process.pid))
        check(len(left) >= 2, left)
        check(server.end(signal.SIGKILL) == -signal.SIGKILL, server.process.returncode)
        await_end(left)


def a_signal_to_all_of_them_lets_requests_under_way_be_answered():
    """As a terminal's Ctrl-C and a service manager's SIGTERM do, which go to all processes at once."""
    for number, status in [(signal.SIGTERM, 0), (signal.SIGINT, -signal.SIGINT)]:
        with Serve("--latency", "200ms", "--processes", "2", "--quiet") as server:
            found = its_processes(server, 2)
            clients = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(6)]
            for client in clients:
                client.sendall(WAITS)
            for pid in [*found, server.process.pid]:
                send_signal(pid, number)
            for client in clients:
                with client.makefile("rb") as answers:
                    line = answers.readline()
                    check(line == b"HTTP/1.1 200 OK\r\n", number, line)
                client.close()
            _, err = server.process.communicate(timeout=LIMIT)
            check(server.process.returncode == status, server.process.returncode, err)
            check(all("ended by SIGTERM; another takes its place" in line for line in err.splitlines()), err)


def send_signal(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass  # it has ended, having nothing to answer


def an_address_that_is_taken_is_told_before_anything_is_started():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = run("serve", "--processes", "2", "--port", str(taken.getsockname()[1]))
    check(result.returncode == 1 and result.stdout == "" and result.stderr.count("\n") == 1, result)


Y7_C47_so_many_processes_with_so_many_loops_serve()
M1_one_that_is_killed_is_replaced_and_the_others_go_on()
all_of_them_killed_at_once_come_back()
M3_nothing_is_left_when_the_first_process_is_killed()
a_signal_to_all_of_them_lets_requests_under_way_be_answered()
an_address_that_is_taken_is_told_before_anything_is_started()
