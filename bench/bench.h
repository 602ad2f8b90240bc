/* bench.h: what all benchmark programs in C and C++ share: a clock, the report, the idle thread.

   What must hold: a program prints one `key value` line for each measure of its workload and one `version …` line, and
   ends with 0 only if the work was found done. */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H
#include <inttypes.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#ifdef __clang__
#define BENCH_COMPILER "clang-" __clang_version__
#else
#define BENCH_COMPILER "gcc-" __VERSION__
#endif

static inline uint64_t bench_now(void) /* nanoseconds */
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline double bench_seconds_since(uint64_t start) { return (double)(bench_now() - start) / 1e9; }

static inline void bench_report(const char *key, double value) { printf("%s %.6g\n", key, value); }

static inline void bench_report_version(const char *version) { printf("version %s\n", version); }

static inline void bench_check(long long found, long long wanted)
{
    if (found == wanted) return;
    fprintf(stderr, "wrong result: %lld in place of %lld\n", found, wanted);
    exit(1);
}

static inline void bench_must(int error, const char *what)
{
    if (!error) return;
    fprintf(stderr, "%s failed: %d\n", what, error);
    exit(1);
}

static inline int bench_compare_(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* Sorts the samples. */
static inline void bench_report_latency(uint64_t *nanoseconds, size_t count)
{
    qsort(nanoseconds, count, sizeof *nanoseconds, bench_compare_);
    bench_report("p50_us", (double)nanoseconds[count / 2] / 1e3);
    bench_report("p99_us", (double)nanoseconds[count * 99 / 100] / 1e3);
}

static inline pthread_t bench_start(void *(*run)(void *), void *argument)
{
    pthread_t thread;
    bench_must(pthread_create(&thread, NULL, run, argument), "pthread_create");
    return thread;
}

static inline void bench_join(pthread_t thread) { bench_must(pthread_join(thread, NULL), "pthread_join"); }

#endif
