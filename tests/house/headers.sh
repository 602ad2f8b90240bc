#!/bin/sh
# Each public header compiles by itself, as C11 and as C++17, with every compiler that is there, without a warning. As
# users compile it: nothing is defined, and it need not be included after anything else. And a program in C++ that does
# without exceptions and run-time types.
cd "$PLAIT_SOURCE_DIR/include" || exit 1
status=0 runs=0
for compiler in gcc clang g++ clang++; do
    command -v $compiler >/dev/null || continue
    case $compiler in
    *++) language="-x c++ -std=c++17" ;;
    *) language="-x c -std=c11" ;;
    esac
    for header in plait.h plait/*.h; do
        # shellcheck disable=SC2086 # the language is several words
        echo "#include <$header>" |
            $compiler $language -Wall -Wextra -Wpedantic -Wshadow -Werror -fsyntax-only -I . - || {
            echo "<$header> does not compile with $compiler $language"
            status=1
        }
        runs=$((runs + 1))
    done
    [ -z "${compiler##*++}" ] || continue
    $compiler -std=c++17 -fno-exceptions -fno-rtti -Wall -Wextra -Wpedantic -Wshadow -Werror -fsyntax-only -I . \
        ../tests/house/hello.cpp || {
        echo "hello.cpp does not compile with $compiler -fno-exceptions"
        status=1
    }
done
echo "$runs compilations"
[ $runs -gt 0 ] && exit $status
