/* sanitizers.h: TSAN or ASAN is defined when this is built with ThreadSanitizer or AddressSanitizer, by either compiler. */
#ifndef PLAIT_BASE_SANITIZERS_H
#define PLAIT_BASE_SANITIZERS_H

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

#endif
