/* sanitizers.h: TSAN or ASAN is defined when this is built with ThreadSanitizer or AddressSanitizer, by either compiler. */
#ifndef PLAIT_TEST_SANITIZERS_H
#define PLAIT_TEST_SANITIZERS_H

#if defined __has_feature
#if __has_feature(thread_sanitizer)
#define TSAN 1
#elif __has_feature(address_sanitizer)
#define ASAN 1
#endif
#endif
#ifdef __SANITIZE_THREAD__
#define TSAN 1
#endif
#ifdef __SANITIZE_ADDRESS__
#define ASAN 1
#endif

/* gcc's runtime ends a forked child that starts a thread while it takes one of the parent's for living. */
#if defined TSAN && !defined __clang__
#define TSAN_OF_GCC 1
#endif

#endif
