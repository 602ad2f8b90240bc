# The front door of plait. The build itself is CMake's (CMakeLists.txt, CMakePresets.json); the work is done in tools/.
#
#   make            builds the release: the command is build/bin/plait, the libraries lie in build/
#   make run        builds, then fetches exchange rates from an embedded server under each concurrency model
#   make test       runs the tests: gcc plain, clang with ASan and UBSan, clang with TSan; ONLY=regex narrows
#   make test-all   both compilers times all sanitizers, valgrind, long stress
#   make bench      builds and runs the benchmarks
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

bench: all
	@if [ -f bench/CMakeLists.txt ]; then tools/build release --target bench; \
	else echo "This version has no benchmarks: there is no bench/CMakeLists.txt."; fi

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

setup-build setup-test setup-lint setup-all: setup-%:
	@tools/setup $*

.PHONY: all run test test-all bench lint format install clean help setup-build setup-test setup-lint setup-all
