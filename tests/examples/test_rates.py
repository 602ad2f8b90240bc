#!/usr/bin/env python3
"""The examples of exchange rates, against `plait serve`: its rates are always the same."""

import http.server
import socket
import threading
import urllib.request

from example import LIMIT, Serve, check, check_match, check_prints, main, run, sorted_lines

ROW = {
    "USD": "1 USD =     1.0 USD,   0.887 EUR,     3.8 PLN,    8.53 NOK,    22.7 CZK\n",
    "EUR": "1 EUR =    1.13 USD,     1.0 EUR,    4.29 PLN,    9.62 NOK,    25.6 CZK\n",
    "PLN": "1 PLN =   0.263 USD,   0.233 EUR,     1.0 PLN,    2.24 NOK,    5.98 CZK\n",
    "NOK": "1 NOK =   0.117 USD,   0.104 EUR,   0.446 PLN,     1.0 NOK,    2.66 CZK\n",
    "CZK": "1 CZK =   0.044 USD,   0.039 EUR,   0.167 PLN,   0.375 NOK,     1.0 CZK\n",
}
ROWS = "".join(ROW.values())
ELAPSED = "\ntime elapsed: <seconds>s\n"

server = Serve("--quiet", "--latency", "10ms")


def check_rows_in_any_order(name):
    result = run(name, RATES_URL=server.url)
    rows, blank, elapsed = result.stdout.partition("\n\n")
    check(sorted_lines(rows + "\n") == sorted_lines(ROWS), result.stdout)
    check_match(ELAPSED, blank[1:] + elapsed)
    check(result.stderr == "", result.stderr)


def check_failure_of_all(name, count, words="connect"):
    """Where nobody listens, each failure is told in its words, and the program ends."""
    result = run(name, status=1, RATES_URL="http://127.0.0.1:1")
    lines = result.stderr.splitlines()
    told = [line for line in lines if "http://127.0.0.1:1/latest?base=" in line and words in line]
    check(len(told) == count, result.stderr)
    check("1 " not in result.stdout.replace("time", ""), result.stdout)


def P6_rates_one_by_one_in_the_order_of_the_bases():
    check_prints(ROWS + ELAPSED, "rates_one_by_one", RATES_URL=server.url)
    check_failure_of_all("rates_one_by_one", 1)


def P7_rates_by_a_thread_each_as_they_come():
    check_rows_in_any_order("rates_thread_each")
    check_failure_of_all("rates_thread_each", 5)


def P8_rates_by_a_pool_over_a_queue_as_they_come():
    check_rows_in_any_order("rates_pool")
    check_failure_of_all("rates_pool", 5)


def P9_rates_come_back_by_a_second_queue_and_main_prints():
    check_rows_in_any_order("rates_queues")
    check_failure_of_all("rates_queues", 5)


def P10_Z7_a_failure_carries_task_and_origin_nothing_else_is_lost_and_no_wait_hangs():
    result = run("rates_errors", status=1, RATES_URL=server.url)
    check_match("by hand: the deadline of this call has passed\nwith futures:\n" + ROWS.replace(ROW["PLN"], "") + ELAPSED,
                result.stdout)
    refused = f"{server.url}/latest?base=XYZ: status 400\n"
    check_match(f"plait: thread <words> failed and nobody joined it: {refused}"
                f"fetch_rates (<words>examples/rates_errors.c:<count>) in fetch-<count>, pid <count>: {refused}", result.stderr)


def P11_no_request_goes_out_before_its_time():
    seconds, = check_prints(ROWS + ELAPSED, "rates_throttle", RATES_URL=server.url)
    check(seconds >= 0.5, seconds)  # five tokens at ten a second, and none at the beginning
    check_failure_of_all("rates_throttle", 5, "fetch_in_time")


def P16_rates_by_a_pool_of_processes_in_the_order_of_the_bases():
    check_prints(ROWS + ELAPSED, "rates_processes", RATES_URL=server.url)
    check_failure_of_all("rates_processes", 1)


def P17_rates_by_threads_or_processes_as_a_flag_says():
    for flag in ["--threads", "--processes"]:
        check_prints(ROWS + ELAPSED, "rates_either", flag, RATES_URL=server.url)
    check_failure_of_all("rates_either", 1)


class Gate(http.server.BaseHTTPRequestHandler):
    """Answers when five requests are there, for whom one after the other would be too few."""

    five = threading.Barrier(5)

    def do_GET(self):
        self.five.wait(LIMIT)
        with urllib.request.urlopen(server.url + self.path) as answer:
            body = answer.read()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def P23_rates_by_a_coroutine_each_all_at_once_in_the_order_of_the_bases():
    check_prints(ROWS + ELAPSED, "rates_coroutines", RATES_URL=server.url)
    check_failure_of_all("rates_coroutines", 5)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Gate) as gate:
        threading.Thread(target=gate.serve_forever).start()
        try:
            check_prints(ROWS + ELAPSED, "rates_coroutines", RATES_URL=f"http://127.0.0.1:{gate.server_port}")
        finally:
            gate.shutdown()


def P25_rates_by_a_pool_that_coroutines_await_in_the_order_of_the_bases():
    check_prints(ROWS + ELAPSED, "rates_coroutines_pool", RATES_URL=server.url)
    check_failure_of_all("rates_coroutines_pool", 1, "fetch_in_pool")


def test_a_deadline_and_a_group_hold_for_coroutines():
    for _ in range(10):
        result = run("rates_scopes", status=1, RATES_URL=server.url)
        if "two seconds" not in result.stderr:  # they may not be enough where much else runs
            break
    check_match(ROW["USD"] + "all are known\n" + ELAPSED, result.stdout)
    check_match("async_main (<words>examples/rates_scopes.c:<count>) in <words>, pid <count>: the other side does not keep to "
                "the protocol; because fetch_rates (<words>examples/rates_scopes.c:<count>) in <words>, pid <count>: "
                f"{server.url}/latest?base=XYZ: status 400\n", result.stderr)


def test_a_group_fetches_all_or_nothing_within_its_time():
    check_prints(ROWS + ELAPSED, "rates_group", "600", RATES_URL=server.url)
    check_failure_of_all("rates_group", 1, "fetch_into")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        result = run("rates_group", "0.2", status=1, RATES_URL=f"http://127.0.0.1:{silent.getsockname()[1]}")
    check_match(ELAPSED, result.stdout)
    check(result.stderr == "not all rates came within 0.2 seconds\n", result.stderr)


def test_a_crawl_tells_of_each_page_and_fails_when_one_did():
    pages = {f"{server.url}/healthz": "status 200, 3 bytes", f"{server.url}/nothing": "status 404, 23 bytes",
             f"{server.url}/latest?base=XYZ": "status 400, 40 bytes", "http://127.0.0.1:1/": "no connection"}
    for _ in range(10):
        result = run("crawl", stdin="".join(f"{url}\n" for url in pages), status=1)
        if "timed out" not in result.stdout:  # 5 seconds may not be enough where much else runs
            break
    expected = "".join(f"{url}: {words}\n" for url, words in pages.items())
    check(sorted_lines(result.stdout) == sorted_lines(expected), result.stdout)
    check_prints("", "crawl")


with server:
    main()
