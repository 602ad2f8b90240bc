#!/bin/sh
# The maps name what the headers declare with PLAIT_API, and the built libraries define just that.
exec "$PLAIT_SOURCE_DIR/tools/exports" --check "$PLAIT_BUILD_DIR"/libplait*.so
