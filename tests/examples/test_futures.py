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


main()
