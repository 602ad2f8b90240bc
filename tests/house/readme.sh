#!/bin/sh
# The program in the README is the one that the install test builds and runs.
set -u
cd "$PLAIT_SOURCE_DIR" || exit 1
# shellcheck disable=SC2016
sed -n '/^```c$/,/^```$/p' README.md | sed '1d;$d' | diff - tests/house/hello.c || {
    echo "README.md shows another program than tests/house/hello.c" >&2
    exit 1
}
