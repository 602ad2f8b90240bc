# The command `plait`: one file per subcommand in apps/, and apps/main.c. All but main is a library, so that tests reach it.
# It is linked statically with our two libraries, so it runs from wherever it is put.

set(PLAIT_COMMAND OFF)
file(GLOB command_sources CONFIGURE_DEPENDS apps/*.c)
list(REMOVE_ITEM command_sources ${PROJECT_SOURCE_DIR}/apps/main.c)
if(NOT PLAIT_HTTP OR NOT command_sources OR NOT EXISTS ${PROJECT_SOURCE_DIR}/apps/main.c)
    return()
endif()

find_path(JANSSON_INCLUDE_DIR jansson.h)
find_library(JANSSON_LIBRARY jansson)
mark_as_advanced(JANSSON_INCLUDE_DIR JANSSON_LIBRARY)
if(NOT JANSSON_INCLUDE_DIR OR NOT JANSSON_LIBRARY)
    message(STATUS "The command plait is left out: there is no jansson (Debian: libjansson-dev).")
    return()
endif()

add_library(plait-apps STATIC ${command_sources})
target_include_directories(plait-apps PUBLIC ${PROJECT_SOURCE_DIR})
target_include_directories(plait-apps SYSTEM PUBLIC ${JANSSON_INCLUDE_DIR})
target_link_libraries(plait-apps PRIVATE plait-flags PUBLIC plait-http-static ${JANSSON_LIBRARY})

add_executable(plait-command apps/main.c)
target_link_libraries(plait-command PRIVATE plait-flags plait-apps)
set_target_properties(plait-command PROPERTIES OUTPUT_NAME plait RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
set(PLAIT_COMMAND ON)
