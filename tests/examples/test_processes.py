#!/usr/bin/env python3
"""The examples of processes."""

import re

from example import check, check_prints, main, run, sorted_lines


def P12_after_a_fork_the_memory_of_each_goes_its_own_way():
    result = run("forks")
    lines = result.stdout.splitlines()
    parent, child = (int(re.search(rf"^{who}: my pid is (\d+)", result.stdout, re.M)[1]) for who in ("parent", "child"))
    check(parent != child)
    check(sorted(lines) == sorted(["before the fork: one process, one list, and a line that is not printed twice",
                                   f"parent: my child's pid is {child}",
                                   f"parent: my pid is {parent}, the list is [{parent}, {parent}]",
                                   f"child: my pid is {child}, the list is [{parent}, {child}]"]), lines)
    check(result.stderr == "", result.stderr)


def P13_five_processes_are_started_and_joined_and_tell_how_they_ended():
    result = run("processes")
    lines = result.stdout.splitlines()
    found = [re.fullmatch(r"hey, i am a process (\d), pid: (\d+); main has set nothing here", line) for line in lines[:5]]
    check(all(found), lines)
    check(sorted(match[1] for match in found) == list("01234") and len({match[2] for match in found}) == 5, lines)
    check(lines[5] == "42 / 6 = 7", lines)
    check(re.fullmatch(r"divide \(\S*processes.c:\d+\) in divider, pid \d+: 42 by 0", lines[6]), lines)
    end = re.fullmatch(r"divide \(\S*processes.c:\d+\) in divider, pid \d+: (.*)", lines[7])
    by_sanitizer = end and re.fullmatch(r"it exited with status \d+ before its task had returned", end[1])  # that caught it
    check(end and (by_sanitizer or end[1] == "killed by SIGSEGV"), lines)
    check(len(lines) == 8 and (by_sanitizer or result.stderr == ""), lines, result.stderr)


def Y13_one_problem_is_split_run_and_merged_with_the_same_result_wherever_its_parts_run():
    result = run("one_problem")
    answer = "78498 primes below 1000000, the widest gap is 114, after 492113"
    check(result.stdout.splitlines() == [f"{where}: {answer}" for where in ("one after the other", "threads", "processes")]
          + ["2 tries: 2762 primes below 25000"], result.stdout)
    check(result.stderr == "", result.stderr)


def P32_primes_compared_on_three_executors_in_the_order_of_the_numbers():
    six = ["112272535095293 is prime: True", "112582705942171 is prime: True", "112272535095293 is prime: True",
           "115280095190773 is prime: True", "115797848077099 is prime: True", "1099726899285419 is prime: False"]
    check_prints("one after the other: <seconds> s\nthreads: <seconds> s\nprocesses: <seconds> s\n" + "\n".join(six) + "\n",
                 "primes_compared")


def Y9_a_batch_of_jobs_has_the_same_outcome_on_each_executor():
    for executor in ["inline", "threads", "loops", "processes"]:
        check_prints("job 13: nobody has come\n199 of 200 jobs are done: 23 people share a birthday in 50.9 of 100 rounds\n",
                     "batch", executor)


def Y7_C47_a_server_on_processes_with_loops_outlives_a_crash():
    result = run("server_processes")
    check(result.stdout == "20 visits, counted by both processes\n/crash was not answered\n40 visits\n", result)
    check(re.fullmatch(r"plait: http://\S+: process http-[12] \(pid \d+\): killed by SIGKILL.*\n",
                       result.stderr), result.stderr)


def test_what_main_has_set_is_not_in_a_worker_and_an_initializer_sets_it_up():
    check_prints("threads, which share main's memory: 72\nprocesses, which do not: there is no table in this process\n"
                 "processes with an initializer: 72\n", "initializer")


def test_each_call_of_a_pool_gives_what_it_does_in_python():
    products = [10, 20, 30, 40, 50]
    for arguments in [[], ["--threads"]]:
        result = run("pool_calls", *arguments)
        ordered, _, unordered = result.stdout.partition("imap_unordered")
        check(ordered == "apply: 12\napply_async: 30\nmap: 2 12 30 56 90\nmap_async: 2 12 30 56 90\n" +
              "".join(f"imap: {n}\n" for n in products) and result.stderr == "", result)
        check(sorted_lines("imap_unordered" + unordered) == "".join(f"imap_unordered: {n}\n" for n in products), unordered)


main()
