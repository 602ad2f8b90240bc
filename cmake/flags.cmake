# How plait's own code is compiled, and plait_library(), which makes both flavours of a library from one set of objects.

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_CXX_STANDARD 17)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)

if(PLAIT_SANITIZE)
    add_compile_options(-fsanitize=${PLAIT_SANITIZE} -fno-omit-frame-pointer)
    add_link_options(-fsanitize=${PLAIT_SANITIZE})
    if(PLAIT_SANITIZE MATCHES undefined)
        add_compile_options(-fno-sanitize-recover=undefined)
        add_link_options(-fno-sanitize-recover=undefined)
    endif()
endif()

# Linked by everything that is ours; never seen by users.
add_library(plait-flags INTERFACE)
target_compile_definitions(plait-flags INTERFACE _GNU_SOURCE)
target_include_directories(plait-flags INTERFACE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
target_compile_options(plait-flags INTERFACE -pthread
    $<$<COMPILE_LANGUAGE:C,CXX>:-Wall -Wextra -Wpedantic -Wshadow>
    $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes -Wmissing-prototypes>
    $<$<BOOL:${PLAIT_WERROR}>:-Werror>)

# plait_library(NAME EXPORT name MAP file SOURCES … [OBJECTS target …] [PRIVATE library …] [PUBLIC plait-library …])
#   NAME          the shared library      installed as plait::<EXPORT>
#   NAME-static   the static one          installed as plait::<EXPORT>-static
# PUBLIC names plait libraries it stands on: the shared one is linked with the shared one, the static with the static.
function(plait_library name)
    cmake_parse_arguments(arg "" "EXPORT;MAP" "SOURCES;OBJECTS;PRIVATE;PUBLIC" ${ARGN})
    set(map ${PROJECT_SOURCE_DIR}/${arg_MAP})

    add_library(${name}-objects OBJECT ${arg_SOURCES})
    target_link_libraries(${name}-objects PRIVATE plait-flags ${arg_PRIVATE})
    set(objects $<TARGET_OBJECTS:${name}-objects>)
    foreach(target IN LISTS arg_OBJECTS)
        list(APPEND objects $<TARGET_OBJECTS:${target}>)
    endforeach()

    add_library(${name} SHARED ${objects})
    add_library(${name}-static STATIC ${objects})
    foreach(flavour "" -static)
        set(target ${name}${flavour})
        add_library(plait::${arg_EXPORT}${flavour} ALIAS ${target})
        target_include_directories(${target} PUBLIC
            $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
        target_link_libraries(${target} PRIVATE ${arg_PRIVATE})
        foreach(lower IN LISTS arg_PUBLIC)
            target_link_libraries(${target} PUBLIC ${lower}${flavour})
        endforeach()
        set_target_properties(${target} PROPERTIES LINKER_LANGUAGE C EXPORT_NAME ${arg_EXPORT}${flavour})
    endforeach()
    set_target_properties(${name}-static PROPERTIES OUTPUT_NAME ${name})
    set_target_properties(${name} PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR} LINK_DEPENDS ${map})
    # nodelete: threads give their records back by a thread-specific destructor, which must stay mapped.
    # Our own calls of exported functions go straight there.
    target_link_options(${name} PRIVATE -Wl,--version-script=${map} -Wl,-z,nodelete -Wl,-Bsymbolic-functions)
    if(NOT PLAIT_SANITIZE)      # a sanitizer's names are found when the program is linked
        target_link_options(${name} PRIVATE -Wl,-z,defs)
    endif()
endfunction()
