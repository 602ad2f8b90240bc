#!/bin/sh
# The maps name what the headers declare with PLAIT_API, and the built libraries define just that.
http=$PLAIT_BUILD_DIR/libplait-http.so
[ -e "$http" ] || http=
exec "$PLAIT_SOURCE_DIR/tools/exports" --check "$PLAIT_BUILD_DIR/libplait.so" ${http:+"$http"}
