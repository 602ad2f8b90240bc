#!/usr/bin/env python3
"""`plait serve` over real HTTP: its three APIs with every pair of currencies, what it says in headers, how it ends."""

import csv
import decimal
import http.client
import json
import os
import resource
import shutil
import signal
import socket
import subprocess

from command import LIMIT, SOURCE, Serve, check, run, start


def request(server, target, method="GET", headers={}):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=LIMIT)
    connection.request(method, target, headers=headers)
    response = connection.getresponse()
    body = response.read().decode()
    connection.close()
    return response, body


def rates(server, target):
    response, body = request(server, target)
    check(response.status == 200, response.status, body)
    return json.loads(body)["rates"]


def euro_rates(server):
    """The ECB's digits, as Frankfurter gives them with the euro as base."""
    _, body = request(server, "/v1/latest")
    digits = json.loads(body, parse_float=str, parse_int=str)["rates"]
    check(len(digits) == 32, digits)
    return {"EUR": "1", **digits}


def as_frankfurter_rounds(value):
    if value > 5000:
        return int(value + 0.5)
    places = 2 if value > 80 else 3 if value > 20 else 4 if value > 1 else 5 if value > 0.0001 else 6
    return float(f"{value:.{places}f}")


def every_pair_is_as_each_api_has_it(server):
    euro = euro_rates(server)
    for base in euro:
        plain = {q: float(euro[q]) / float(euro[base]) for q in euro}
        six = {q: float(round(decimal.Decimal(euro[q]) / decimal.Decimal(euro[base]), 6)) for q in euro}
        exchangeratesapi, vatcomply = rates(server, f"/latest?base={base}"), rates(server, f"/rates?base={base}")
        frankfurter = rates(server, f"/v1/latest?base={base}")
        if base == "EUR":
            six = plain
            check(frankfurter == {q: float(euro[q]) for q in euro if q != base}, frankfurter)
            check(exchangeratesapi == {q: plain[q] for q in plain if q != base}, exchangeratesapi)
        else:
            check(frankfurter == {q: as_frankfurter_rounds(plain[q]) for q in euro if q != base}, base, frankfurter)
            check(exchangeratesapi == plain, base, exchangeratesapi)
        check(vatcomply == six, base, vatcomply)
        check(list(frankfurter) == sorted(frankfurter), base, frankfurter)


def headers_and_methods(server):
    response, body = request(server, "/v1/latest?from=usd&to=eur")
    check(response.getheader("Content-Type") == "application/json; charset=utf-8", response.getheaders())
    check(response.getheader("Cache-Control") == "public, max-age=86400", response.getheaders())
    check(response.getheader("Access-Control-Allow-Origin") == "*", response.getheaders())
    check(response.getheader("Content-Length") == str(len(body)), response.getheaders())
    tag = response.getheader("ETag")
    again, nothing = request(server, "/v1/latest", headers={"If-None-Match": tag})
    check(again.status == 304 and nothing == "" and again.getheader("ETag") == tag, again.status, nothing)

    head, nothing = request(server, "/v1/latest?from=usd&to=eur", method="HEAD")
    check(head.status == 200 and nothing == "", head.status, nothing)
    check(head.getheader("Content-Length") == str(len(body)), head.getheaders())
    post, _ = request(server, "/latest", method="POST")
    check(post.status == 405 and post.getheader("Allow") == "GET, HEAD", post.status, post.getheaders())
    for target, status in [("/", 404), ("/latest?base=XXX", 400), ("/rates?base=XXX", 400),
                           ("/v1/latest?base=XXX", 404), ("/v1/latest?amount=x", 422)]:
        response, body = request(server, target)
        check(response.status == status, target, response.status)
        check(response.getheader("Cache-Control") == "no-store", target, response.getheaders())
        check(len(json.loads(body)) == 1, target, body)


def curl_is_content(server):
    if not shutil.which("curl"):
        return
    result = subprocess.run(["curl", "-sS", "--fail", server.url + "/healthz", server.url + "/latest?base=USD&symbols=EUR",
                             "-I", server.url + "/healthz"], capture_output=True, text=True, timeout=LIMIT)
    check(result.returncode == 0 and result.stderr == "", result)


def the_table_is_the_row_of_the_ecb(server):
    """The row as it stands in the ECB's file of all days (eurofxref-hist.csv)."""
    with open(os.path.join(SOURCE, "tests/data/eurofxref-2019-04-09.csv"), encoding="ascii", newline="") as file:
        day = next(csv.DictReader(file))
    known = {code: rate for code, rate in day.items() if code not in ("Date", "", None) and rate not in ("N/A", None)}
    check({"EUR": "1", **known} == euro_rates(server), known)


def signals_end_it(*way):
    with Serve("--latency", "0", *way) as server:
        check(server.end(signal.SIGTERM) == 0, server.process.returncode)
    with Serve("--latency", "0", *way) as server:
        check(server.end(signal.SIGINT) == -signal.SIGINT, server.process.returncode)

    # A request that takes an hour; the first signal waits for it, a further one does not.
    with Serve("--latency", "1h", *way) as server, socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(b"GET /latest HTTP/1.1\r\nHost: x\r\n\r\n")
        _, body = request(server, "/healthz")  # has no latency
        check(body == "ok\n", body)
        while server.process.poll() is None:
            server.process.send_signal(signal.SIGTERM)
        check(server.process.returncode in (0, -signal.SIGTERM), server.process.returncode)


def many_clients_at_once_need_no_thread_each():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(128, hard), hard))  # the server's too, and it asks for more
    with Serve("--latency", "1h", "--loops", "2") as server:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        clients = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(300)]
        for client in clients:
            client.sendall(b"GET /latest HTTP/1.1\r\nHost: x\r\n\r\n")
        _, body = request(server, "/healthz")
        check(body == "ok\n", body)
        threads = len(os.listdir(f"/proc/{server.process.pid}/task"))
        check(threads < 20, threads)
        for client in clients:
            client.close()


def what_cannot_be_served_is_one_sentence():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run("serve", "--port", str(port))
        check(result.returncode == 1 and result.stdout == "", result)
        check(result.stderr.startswith("plait serve: ") and result.stderr.count("\n") == 1, result.stderr)
        check(str(port) in result.stderr, result.stderr)
    result = run("serve", "--loops", "1", "--threads", "1")
    check(result.returncode == 2 and "--loops and --threads cannot be combined" in result.stderr, result)
    result = run("serve", "--address", "no address at all")
    check(result.returncode == 1 and result.stderr.count("\n") == 1, result)
    with open("/dev/full", "w", encoding="ascii") as full:
        result = run("serve", stdout=full)
    check(result.returncode == 1 and "cannot write to standard output" in result.stderr, result)


def main():
    for way in ((), ("--loops", "1"), ("--threads", "4"), ("--processes", "2"),
                ("--processes", "2", "--threads", "4")):
        with Serve("--latency", "0", "--quiet", *way) as server:
            every_pair_is_as_each_api_has_it(server)
            headers_and_methods(server)
        signals_end_it(*way)
    with Serve("--latency", "0", "--quiet") as server:
        curl_is_content(server)
        the_table_is_the_row_of_the_ecb(server)
    with Serve("--latency", "0", "--address", "localhost"):
        pass
    many_clients_at_once_need_no_thread_each()
    what_cannot_be_served_is_one_sentence()


main()
