#!/usr/bin/env python3
"""The examples of coroutines. None depends on how long something takes: who begins first sleeps no longer than the other."""

from example import EXAMPLES, check, check_prints, main, run, sorted_lines


def P18_P19_nothing_runs_without_a_loop_and_one_call_runs_it_to_the_end():
    check_prints("without a loop: EINVAL\nhello, world!\n", "coroutine")


def P20_ten_coroutines_sleep_at_once_and_end_in_another_order():
    result = run("digits")
    digits, _, most = result.stdout.partition("asleep at once: ")
    check(sorted_lines(digits) == "".join(f"{digit}\n" for digit in range(10)), result.stdout)
    check(digits != sorted_lines(digits), result.stdout)
    check(most == "10\n" and result.stderr == "", result.stdout, result.stderr)


def P21_P22_a_wait_that_blocks_freezes_the_loop_one_that_yields_lets_the_other_go_on():
    check_prints("blocking:\n" + 4 * "first waited\n" + 4 * "second waited\n" +
                 "yielding:\n" + 4 * "first waited\nsecond waited\n", "waiters")


def P25_while_a_coroutine_awaits_what_blocks_in_a_pool_the_loop_goes_on():
    ticks, = check_prints("called.pdf is converted; ticks meanwhile: 0\n"
                          "submitted.pdf is converted; ticks meanwhile: <count>\n", "awaited_pool")
    check(ticks >= 3, ticks)


def P26_a_coroutine_runs_by_one_call_and_the_long_way():
    check_prints(2 * "Printed after 20 milliseconds\n", "print_after")


def P27_P28_P29_one_after_another_one_sleeps_both_at_once_two_do():
    check_prints("started: one\nhello\nfinished, 1 asleep at once\n"
                 "started: one after another\nhello\nworld\nfinished, 1 asleep at once\n"
                 "started: both at once\nhello\nworld\nfinished, 2 asleep at once\n", "say_after")


def test_glib_drives_a_loop_beside_its_own_events():
    if not (EXAMPLES / "glib").exists():
        print("left out: it is built where GLib is")
        return
    ticks, = check_prints(3 * "first waited\nsecond waited\n" + "GLib's ticks meanwhile: <count>\n", "glib")
    check(ticks >= 1, ticks)


def P38_plain_code_runs_a_task_and_has_its_result_or_its_failure():
    check_prints("sum of squares: 30\n"
                 "square (<words>examples/run_sync.c:<count>) in <words>, pid <count>: 1001 is too large to be squared\n",
                 "run_sync")


main()
