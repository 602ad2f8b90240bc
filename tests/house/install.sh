#!/bin/sh
# Installs into a temporary prefix, moves the prefix, and from there builds and runs a small program in C11 and C++17 in
# every way that users do: pkg-config and find_package, shared and static, and libplait-http too where it was built.
set -eu
here=$PLAIT_SOURCE_DIR/tests/house
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
trap 'exit 130' INT TERM
warnings="-Wall -Wextra -Wpedantic -Werror"
fail() {
    echo "$*"
    exit 1
}
run() { # run WHAT PROGRAM
    output=$("$2") || fail "$1: the program failed: $output"
    [ "$output" = "112272535095293 is prime" ] || fail "$1: the program says '$output'"
    echo "$1: good"
}
needs() { readelf -d "$1" | grep -q "NEEDED.*\[$2\.so"; }

# With DESTDIR everything lands below it, under the prefix of the build.
DESTDIR=$directory/destdir cmake --install "$PLAIT_BUILD_DIR" >"$directory/log" || fail "$(cat "$directory/log")"
prefix=$(sed -n 's/^CMAKE_INSTALL_PREFIX:PATH=//p' "$PLAIT_BUILD_DIR/CMakeCache.txt")
[ -f "$directory/destdir$prefix/include/plait.h" ] || fail "DESTDIR: there is no $prefix/include/plait.h below it"

cmake --install "$PLAIT_BUILD_DIR" --prefix "$directory/first" >"$directory/log" || fail "$(cat "$directory/log")"
mv "$directory/first" "$directory/moved"
prefix=$directory/moved
pc=$(find "$prefix" -name plait.pc)
lib=$(dirname "$(dirname "$pc")")
path=$lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
if grep -rl "$directory/first" "$prefix"; then fail "these files name the prefix they were installed to"; fi
for file in "$lib/libplait.so" "$lib/libplait.a" "$lib/cmake/plait/plaitConfigVersion.cmake" \
    "$prefix/include/plait/version.h" "$prefix/share/doc/plait/LICENSE"; do
    [ -e "$file" ] || fail "not installed: $file"
done
http=$(find "$lib" -name libplait-http.a)
value=$(find "$lib" -name libplait-value.a)
[ -z "$http" ] || [ -x "$prefix/bin/plait" ] || [ -z "${PLAIT_COMMAND:-}" ] || fail "not installed: bin/plait"

# shellcheck disable=SC2086 # flags are several words
through_pkg_config() { # through_pkg_config SHARED|STATIC NAME COMPILER…
    how=$1 name=$2
    shift 2
    case $how in
    shared) flags=$(pkg-config --cflags --libs plait) ;;
    static) flags="$(pkg-config --static --cflags --libs plait) -static" ;;
    esac
    "$@" $warnings -o "$directory/$name" $flags || fail "pkg-config, $how: $* does not build"
    if [ "$how" = shared ]; then
        needs "$directory/$name" libplait || fail "pkg-config, shared: the program does not use libplait.so"
        LD_LIBRARY_PATH=$path run "pkg-config, shared, $1" "$directory/$name"
    else
        ! needs "$directory/$name" libplait || fail "pkg-config, static: the program uses libplait.so"
        run "pkg-config, static, $1" "$directory/$name"
    fi
}
PKG_CONFIG_PATH=$lib/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
export PKG_CONFIG_PATH
for how in shared static; do
    through_pkg_config "$how" "hello-c-$how" cc -std=c11 "$here/hello.c"
    through_pkg_config "$how" "hello-cxx-$how" c++ -std=c++17 "$here/hello.cpp"
done
if [ -n "$http" ]; then
    # shellcheck disable=SC2046,SC2086 # flags are several words
    cc -std=c11 $warnings "$here/hello_http.c" -o "$directory/hello-http" $(pkg-config --cflags --libs plait-http) ||
        fail "pkg-config: plait-http does not build"
    LD_LIBRARY_PATH=$path "$directory/hello-http" || fail "pkg-config: the program over plait-http failed"
    pkg-config --static --libs plait-http | grep -q -e -lcurl || fail "plait-http.pc: --static does not name libcurl"
    echo "pkg-config, plait-http: good"
fi

if [ -n "$value" ]; then
    # shellcheck disable=SC2046,SC2086 # flags are several words
    cc -std=c11 $warnings "$here/hello_value.c" -o "$directory/hello-value" $(pkg-config --cflags --libs plait-value) ||
        fail "pkg-config: plait-value does not build"
    LD_LIBRARY_PATH=$path "$directory/hello-value" || fail "pkg-config: the program over plait-value failed"
    echo "pkg-config, plait-value: good"
fi

mkdir "$directory/consumer"
cat >"$directory/consumer/CMakeLists.txt" <<END
cmake_minimum_required(VERSION 3.16)
project(consumer C CXX)
find_package(plait 0.1 CONFIG REQUIRED ${http:+COMPONENTS http} ${value:+OPTIONAL_COMPONENTS value})
foreach(flavour "" -static)
    add_executable(hello-c\${flavour} $here/hello.c)
    set_target_properties(hello-c\${flavour} PROPERTIES C_STANDARD 11 C_EXTENSIONS OFF)
    target_link_libraries(hello-c\${flavour} plait::plait\${flavour})
    add_executable(hello-cxx\${flavour} $here/hello.cpp)
    set_target_properties(hello-cxx\${flavour} PROPERTIES CXX_STANDARD 17 CXX_EXTENSIONS OFF)
    target_link_libraries(hello-cxx\${flavour} plait::plait\${flavour})
    if(TARGET plait::http\${flavour})
        add_executable(hello-http\${flavour} $here/hello_http.c)
        target_link_libraries(hello-http\${flavour} plait::http\${flavour})
    endif()
    if(TARGET plait::value\${flavour})
        add_executable(hello-value\${flavour} $here/hello_value.c)
        target_link_libraries(hello-value\${flavour} plait::value\${flavour})
    endif()
endforeach()
END
build=$directory/consumer/build
{ cmake -S "$directory/consumer" -B "$build" -G Ninja -Dplait_ROOT="$prefix" && cmake --build "$build" -j 2; } \
    >"$directory/log" 2>&1 || fail "find_package: $(cat "$directory/log")"
for name in hello-c hello-cxx; do
    needs "$build/$name" libplait || fail "find_package: $name does not use libplait.so"
    ! needs "$build/$name-static" libplait || fail "find_package: $name-static uses libplait.so"
    run "find_package, shared, $name" "$build/$name"
    run "find_package, static, $name" "$build/$name-static"
done
if [ -n "$http" ]; then
    "$build/hello-http" || fail "find_package: the program over plait::http failed"
    "$build/hello-http-static" || fail "find_package: the program over plait::http-static failed"
    ! needs "$build/hello-http-static" libplait-http || fail "find_package: hello-http-static uses libplait-http.so"
    echo "find_package, http: good"
fi
if [ -n "$value" ]; then
    "$build/hello-value" || fail "find_package: the program over plait::value failed"
    "$build/hello-value-static" || fail "find_package: the program over plait::value-static failed"
    echo "find_package, value: good"
fi
