#!/usr/bin/env python3
"""The example of shared memory."""

from example import check_prints, main


def P15_a_child_changes_a_number_and_an_array_and_locks_keep_what_several_count():
    check_prints("3.1415927\n[0, -1, -2, -3, -4, -5, -6, -7, -8, -9]\ncounted by two: 20000\n"
                 "the holder ended: PLAIT_EWORKER\nthe lock is free, and its owner died: yes\n", "shared_values")


main()
