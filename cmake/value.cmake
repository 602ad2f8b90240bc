# libplait-value: the room value/, over libplait and libcbor. Left out, with one sentence, where that is missing.
#
# Sets PLAIT_VALUE, and for install.cmake PLAIT_VALUE_REQUIRES and PLAIT_VALUE_LIBS.

set(PLAIT_VALUE OFF)
file(GLOB value_sources CONFIGURE_DEPENDS src/value/*.c)
find_path(CBOR_INCLUDE_DIR cbor.h)
find_library(CBOR_LIBRARY cbor)
mark_as_advanced(CBOR_INCLUDE_DIR CBOR_LIBRARY)
if(NOT CBOR_INCLUDE_DIR OR NOT CBOR_LIBRARY)
    message(STATUS "libplait-value is left out: there is no libcbor (Debian: libcbor-dev).")
    return()
endif()

plait_library(plait-value EXPORT value MAP src/libplait-value.map SOURCES ${value_sources}
    PRIVATE $<BUILD_INTERFACE:${CBOR_LIBRARY}> $<INSTALL_INTERFACE:cbor> m PUBLIC plait)
target_include_directories(plait-value-objects SYSTEM PRIVATE ${CBOR_INCLUDE_DIR})
set(PLAIT_VALUE ON)
