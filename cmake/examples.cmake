# The examples: examples/NAME.c becomes build/examples/NAME, built as a user builds it: C11, only what is installed in sight.
# Those whose `cc` line asks pkg-config for plait-http are linked with it, and left out where it is not built.

file(GLOB examples CONFIGURE_DEPENDS examples/*.c)
foreach(file IN LISTS examples)
    cmake_path(GET file STEM name)
    file(STRINGS ${file} asks_for_http REGEX "pkg-config --cflags --libs plait-http")
    if(asks_for_http AND NOT PLAIT_HTTP)
        continue()
    endif()
    add_executable(example-${name} ${file})
    set_target_properties(example-${name} PROPERTIES
        OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/examples)
    target_compile_options(example-${name} PRIVATE -Wall -Wextra -Wpedantic $<$<BOOL:${PLAIT_WERROR}>:-Werror>)
    if(asks_for_http)
        target_link_libraries(example-${name} PRIVATE plait-http-static)
    else()
        target_link_libraries(example-${name} PRIVATE plait-static)
    endif()
endforeach()
