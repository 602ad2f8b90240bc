#!/usr/bin/env python3
"""The examples of pipes."""

from example import check, main, run


def P14_Z5_messages_of_any_shape_reach_a_child_that_reads_from_the_start():
    result = run("pipes")
    lines = result.stdout.splitlines()
    sent = ["42", '"some string"', '{"one": 1}', '{"name": "Ada", "born": 1815}', "null"]
    check([line for line in lines if line.startswith("PRNT")] == [f"PRNT: send: {text}" for text in sent], lines)
    check([line for line in lines if line.startswith("CHLD")] == [f"CHLD: recv: {text}" for text in sent[:-1]], lines)
    check(len(lines) == 9 and result.stderr == "", lines, result.stderr)


main()
