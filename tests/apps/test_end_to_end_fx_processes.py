#!/usr/bin/env python3
"""`plait fx --model process-pool` end to end: the map is that of the threads, a worker's death is one row's, none is left."""

import os
import signal

from command import LIMIT, check, rows, run, start
from faulty import Held
from processes import await_end, descendants_of, workers_of


def fetch_from(server, bases, *arguments):
    return start("fx", "-m", "process-pool", "-q", "--url", server.url, "--bases", bases, "--symbols", "USD", *arguments)


def P16_P17_the_same_map_over_processes_and_over_threads():
    results = [run("fx", "-q", "-l", "1ms", "-m", model, "--bases", "all", "--symbols", "all")
               for model in ("process-pool", "thread-pool-api")]
    check(all(result.returncode == 0 and result.stderr == "" for result in results), results)
    check(len(rows(results[0].stdout)) == 33 and rows(results[0].stdout) == rows(results[1].stdout), results)


def M1_a_worker_that_is_killed_fails_its_request_alone():
    server = Held()
    process = fetch_from(server, "AAA,BBB,CCC,DDD", "-j", "2")
    server.await_requests(2)
    workers = workers_of(process.pid, "fetch-")
    check(len(workers) == 2, workers)
    os.kill(workers[0], signal.SIGKILL)
    await_end(workers[:1])
    server.open.set()
    out, err = process.communicate(timeout=LIMIT)
    check(process.returncode == 1, process.returncode, out, err)
    there = [row[2:5] for row in rows(out)]
    check(there in (["AAA", "CCC", "DDD"], ["BBB", "CCC", "DDD"]), out)
    lost = "BBB" if "AAA" in there else "AAA"
    check(err.startswith(f"plait fx: {lost}: ") and err.count("\n") == 1 and "killed by SIGKILL" in err, err)


def more_jobs_than_there_may_be_processes_are_no_failure():
    result = run("fx", "-q", "-l", "0", "-m", "process-pool", "-j", "1024")
    check(result.returncode == 0 and result.stderr == "" and len(rows(result.stdout)) == 5, result)


def a_timeout_is_the_workers_too():
    server = Held()
    process = fetch_from(server, "AAA,BBB", "--timeout", "200ms")
    out, err = process.communicate(timeout=LIMIT)
    check(process.returncode == 3, process.returncode, out, err)
    lines = err.splitlines()
    check(len(lines) == 2 and all("deadline" in line for line in lines), err)


def M3_nothing_is_left_when_the_main_process_is_killed():
    for number in (signal.SIGKILL, signal.SIGTERM):
        server = Held()
        process = fetch_from(server, "AAA,BBB", "-j", "2")
        server.await_requests(2)
        left = list(descendants_of(process.pid))
        check(len(left) >= 2, left)
        process.send_signal(number)
        process.communicate(timeout=LIMIT)
        check(process.returncode == -number, process.returncode)
        await_end(left)


P16_P17_the_same_map_over_processes_and_over_threads()
M1_a_worker_that_is_killed_fails_its_request_alone()
more_jobs_than_there_may_be_processes_are_no_failure()
a_timeout_is_the_workers_too()
M3_nothing_is_left_when_the_main_process_is_killed()
