/* api.h: the few macros that every other header needs. */
#ifndef PLAIT_API_H
#define PLAIT_API_H

#include <stddef.h>
#include <stdint.h>
#ifndef __cplusplus
#include <stdbool.h>
#endif

#define PLAIT_API __attribute__((visibility("default")))
#define PLAIT_MUST_CHECK __attribute__((warn_unused_result))
#define PLAIT_UNUSED_ __attribute__((unused))
#define PLAIT_PRINTF_(format_at, arguments_at) __attribute__((format(printf, format_at, arguments_at)))

/* Words that several threads change at once. C++ sees them as plain words of the same size and never touches them. */
#ifdef __cplusplus
#define PLAIT_ATOMIC_(type) type
#define PLAIT_BEGIN_DECLARATIONS extern "C" {
#define PLAIT_END_DECLARATIONS }
#else
#define PLAIT_ATOMIC_(type) _Atomic(type)
#define PLAIT_BEGIN_DECLARATIONS
#define PLAIT_END_DECLARATIONS
#endif

#endif
