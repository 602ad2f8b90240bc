#!/usr/bin/env python3
"""The examples of threads and locks."""

import functools

from example import check, check_prints, main, run


def P1_a_thread_runs_beside_main_and_join_makes_the_order_certain():
    check_prints("Starting thread...\nprinting from thread\nEnding thread...\n", "one_thread")


def P2_ten_threads_print_lines_that_are_whole_where_each_is_one_piece():
    line = "printing from thread"
    result = run("ten_threads")
    torn, whole = result.stdout.split("Starting 10 threads, each line in one piece...\n")
    torn = torn.removeprefix("Starting 10 threads, each line in two pieces...\n")
    check(torn.replace("\n", "") == 10 * line and torn.count("\n") == 10, torn)
    check(whole == 10 * (line + "\n") + "Ending 10 threads...\n", whole)
    check(result.stderr == "", result.stderr)


def P3_visits_are_lost_without_a_lock():
    visits = counting()[0]
    check(1 <= visits <= 10000000, visits)  # how many is up to the machine; P5 loses one for certain


def P4_with_a_lock_in_one_step_or_alone_all_visits_count():
    check(counting()[1:] == [10000000, 10000000, 10000000])


@functools.cache
def counting():
    return check_prints("without a lock:   thread_count=100, thread_visits=<count>\n"
                        "with a lock:      thread_count=100, thread_visits=<count>\n"
                        "in one step:      thread_count=100, thread_visits=<count>\n"
                        "alone, then sum:  thread_count=100, thread_visits=<count>\n", "counting")


def P5_an_update_is_lost_between_read_and_write_and_a_lock_keeps_it():
    check_prints("without a lock: 1\nwith a lock:    2\n", "lost_update")


def test_each_wait_has_one_deadline_and_tells_how_it_went():
    check_prints("get now: EAGAIN\nget within 200 ms: PLAIT_ETIMEDOUT\njob 1\njob 2\njob 3\njoin: PLAIT_OK\n"
                 "put when closed: PLAIT_ECLOSED\nlock again: EDEADLK\n", "deadlines")


main()
