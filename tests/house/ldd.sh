#!/bin/sh
# libplait needs libc and nothing else: no second library, no run path, and no symbol that nobody defines.
library=$PLAIT_BUILD_DIR/libplait.so
needed=$(readelf -d "$library" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
status=0
for name in $needed; do
    case $name in
    libc.so.* | ld-linux*.so.* | libc.musl-*.so.*) ;;
    *) echo "libplait.so needs $name; it may need libc alone" && status=1 ;;
    esac
done
if readelf -d "$library" | grep -E '\((RPATH|RUNPATH)\)'; then
    echo "libplait.so has a run path" && status=1
fi
soname=$(readelf -d "$library" | sed -n 's/.*(SONAME).*\[\(.*\)\]/\1/p')
major=$(sed -n 's/^#define PLAIT_VERSION_MAJOR //p' "$PLAIT_SOURCE_DIR/include/plait/version.h")
if [ "$soname" != "libplait.so.$major" ]; then
    echo "the soname is $soname, not libplait.so.$major" && status=1
fi
echo "NEEDED: $needed"
exit $status
