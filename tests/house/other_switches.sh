#!/bin/sh
# The ways to switch coroutines that this build has not taken: aarch64's, where its compiler and qemu are there, and the
# portable one. The library is compiled for each, and a program that uses it does what it is to do.
cd "$PLAIT_SOURCE_DIR" || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
status=0

# try NAME RUNNER COMPILER OPTION…
try() {
    name=$1 runner=$2
    shift 2
    mkdir "$work/$name"
    for file in src/base/*.c src/park/*.c src/sync/*.c src/io/*.c src/thread/*.c src/future/*.c src/coroutine/*.[cS] src/loop/*.c \
        src/process/*.c src/executor/*.c; do
        "$@" -std=c11 -D_GNU_SOURCE -O1 -pthread -I include -I src -c "$file" \
            -o "$work/$name/$(echo "$file" | tr / _).o" || return 1
    done
    "$@" -std=c11 -O1 -frounding-math -pthread -I include tests/house/other_switches.c "$work/$name"/*.o -o "$work/$name/program" -lm \
        2>"$work/$name/warnings" || {
        cat "$work/$name/warnings"
        return 1
    }
    # shellcheck disable=SC2086 # no runner is no word
    $runner "$work/$name/program" >"$work/$name/out" || return 1
    if [ "$(wc -l <"$work/$name/out")" -ne 3 ] || [ "$(sort -u "$work/$name/out" | wc -l)" -ne 3 ]; then
        cat "$work/$name/out"
        return 1
    fi
    # shellcheck disable=SC2086
    (cd "$work/$name" && $runner ./program for ever) >"$work/$name/out" 2>&1 # a core that it leaves is gone, too
    grep -q '^plait: task for_ever (.*) needed more stack than its 64 KiB' "$work/$name/out" || {
        cat "$work/$name/out"
        return 1
    }
    echo "$name: switches, and reports an overflow"
}

try portable "" "${CC:-cc}" -DPLAIT_PORTABLE_SWITCH || { echo "the portable switch fails" && status=1; }
if command -v aarch64-linux-gnu-gcc >/dev/null && command -v qemu-aarch64 >/dev/null; then
    try aarch64 qemu-aarch64 aarch64-linux-gnu-gcc -static || { echo "aarch64's switch fails" && status=1; }
fi
exit $status
