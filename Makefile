# The front door of plait. The build itself is CMake's (CMakeLists.txt, CMakePresets.json); the work is done in tools/.
#
#   make            builds the release: the command is build/bin/plait, the libraries lie in build/
#   make run        builds, then fetches exchange rates from an embedded server under each concurrency model
#   make test       runs the tests: gcc plain, clang with ASan and UBSan, clang with TSan; ONLY=regex narrows
#   make test-valgrind   the tests in C under valgrind's memcheck
#   make test-faults     every death of a worker process, at every step of its life, under every setting
#   make test-all   both compilers times all sanitizers, valgrind, long stress, all faults
#   make bench      builds the benchmarks, plait's and its peers', and runs them; ONLY=regex narrows
#   make bench-check   the same, and fails when plait has fallen back by a fifth against what is recorded
#   make bench-deps    installs the peers
#   make lint       checks layout, finds bugs by reading
#   make format     lays the code out
#   make install    installs the release; DESTDIR, PREFIX (/usr/local)
#   make clean      removes build/
#
# What is missing on this machine is listed and installed first (tools/setup). JOBS=n: how many compile at once.

PREFIX ?= /usr/local
JOBS ?= $(shell nproc)
ONLY ?=
export DESTDIR ONLY JOBS

all: setup-build
	@tools/build release

run: all
	build/bin/plait fx --model all

test: setup-test
	@tools/test

test-all: setup-all
	@tools/test all

test-faults: setup-test
	@tools/test faults

test-valgrind: setup-all
	@tools/test valgrind

bench: all
	@tools/bench

bench-check: all
	@tools/bench --check

bench-deps: setup-bench

lint: setup-lint
	@tools/lint

format: setup-lint
	@tools/lint --format

install: all
	@cmake --install build --prefix "$(PREFIX)"
	@if [ -z "$(DESTDIR)" ]; then echo "If programs do not find libplait.so, run ldconfig as root."; fi

clean:
	rm -rf build

help:
	@awk '!/^#/ { exit } { sub(/^# ?/, ""); print }' Makefile

setup-build setup-test setup-lint setup-bench setup-all: setup-%:
	@tools/setup $*

.PHONY: all run test test-all test-faults test-valgrind bench bench-check bench-deps lint format install clean help
.PHONY: setup-build setup-test setup-lint setup-bench setup-all
