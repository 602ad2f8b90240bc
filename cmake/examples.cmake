# The examples: examples/NAME.c becomes build/examples/NAME, built as a user builds it: C11, only what is installed in sight.
# Those whose `cc` line asks pkg-config for plait-http or plait-value are linked with it, and left out where it is not built.

file(GLOB examples CONFIGURE_DEPENDS examples/*.c)
foreach(file IN LISTS examples)
    cmake_path(GET file STEM name)
    set(library plait)
    file(STRINGS ${file} asks REGEX "pkg-config --cflags --libs plait-(http|value)")
    if(asks MATCHES "plait-(http|value)")
        set(library plait-${CMAKE_MATCH_1})
    endif()
    if(NOT TARGET ${library}-static)
        continue()
    endif()
    add_executable(example-${name} ${file})
    set_target_properties(example-${name} PROPERTIES
        OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/examples)
    target_compile_options(example-${name} PRIVATE -Wall -Wextra -Wpedantic $<$<BOOL:${PLAIT_WERROR}>:-Werror>)
    target_link_libraries(example-${name} PRIVATE ${library}-static)
endforeach()
