#!/usr/bin/env python3
"""The examples of tasks, executors and futures."""

from example import check_prints, main


def P24_freeing_the_executor_waits_and_the_future_tells_state_type_and_result():
    check_prints("processing\nloudly_return (<words>examples/submit.c:<count>) finished returned int\nresult: 42\n", "submit")


def test_primes_in_the_order_of_the_numbers():
    check_prints("112272535095293 is prime: true\n"
                 "112272535095293 is prime: true\n"
                 "112582705942171 is prime: true\n"
                 "112272535095293 is prime: true\n"
                 "115280095190773 is prime: true\n"
                 "115797848077099 is prime: true\n"
                 "1099726899285419 is prime: false\n", "primes")


def test_one_task_runs_wherever_its_executor_says():
    check_prints("in thread executors: prime\nin thread is_prime: prime\nin thread pool-1: prime\nin thread loops-1: prime\n", "executors")


def test_a_future_is_waited_for_looked_at_taken_cancelled_and_tried_again():
    check_prints("cancel: it never runs\n"
                 "await what was cancelled: PLAIT_ETASK\n"
                 "count_steps (<words>examples/futures.c:<count>) in futures, pid <count>: the task was cancelled; "
                 "because the future was cancelled before it ran\n"
                 "await for a while: PLAIT_ETIMEDOUT\n"
                 "look at the result: EAGAIN\n"
                 "wait to the end: PLAIT_OK\n"
                 "counted: 39\n"
                 "knocked: 3\n", "futures")


def test_what_a_photo_owns_goes_with_it():
    check_prints("beach.png, 4 x 2, sea and sun\n  ~~~~\n  @@@@\n", "photos")


def test_a_library_that_calls_back_is_awaited():
    check_prints("letters: 5\n"
                 "count_letters (<words>examples/promise.c:<count>) in <words>, pid <count>: a word without letters\n"
                 "nobody was asked: PLAIT_ETIMEDOUT\n"
                 "an answer after the cancel: EINVAL\n", "promise")


main()
