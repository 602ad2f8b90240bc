#!/bin/sh
# Each sentence of docs/conformance.md has a test that asserts something, and the table beside them is up to date. (Where it
# is not: tools/conformance --update.)
exec python3 "$PLAIT_SOURCE_DIR/tools/conformance" --check
