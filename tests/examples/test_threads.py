#!/usr/bin/env python3
"""The examples of threads and locks."""

from example import check, main, prints, run


def P1_a_thread_runs_beside_main_and_join_makes_the_order_certain():
    prints("Starting thread...\nprinting from thread\nEnding thread...\n", "one_thread")


def P2_ten_threads_print_lines_that_are_whole_where_each_is_one_piece():
    line = "printing from thread"
    result = run("ten_threads")
    torn, whole = result.stdout.split("Starting 10 threads, each line in one piece...\n")
    torn = torn.removeprefix("Starting 10 threads, each line in two pieces...\n")
    check(torn.replace("\n", "") == 10 * line and torn.count("\n") == 10, torn)
    check(whole == 10 * (line + "\n") + "Ending 10 threads...\n", whole)
    check(result.stderr == "", result.stderr)


main()
