/* The least that a pool in C needs: a mutex, a condition variable, a list that runs through the tasks; no allocation, no
   futures; a signal only when a worker is idle.
   subject: limit plain C pool */
#include "executor/executor.h"

struct task {
    struct task *next;
    void (*run)(void);
};

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t work_there = PTHREAD_COND_INITIALIZER;
static struct task *first, **end = &first, *unused;
static int idle;

static void *work(void *unused_argument)
{
    for (;;) {
        pthread_mutex_lock(&guard);
        while (!first) {
            idle++;
            pthread_cond_wait(&work_there, &guard);
            idle--;
        }
        struct task *task = first;
        first = task->next;
        if (!first) end = &first;
        pthread_mutex_unlock(&guard);
        task->run();
    }
    return unused_argument;
}

static void submit(void)
{
    struct task *task = unused++;
    task->next = NULL;
    pthread_mutex_lock(&guard);
    *end = task;
    end = &task->next;
    int wake = idle;
    pthread_mutex_unlock(&guard);
    if (wake) pthread_cond_signal(&work_there);
}

int main(void)
{
    unused = calloc(WARM + TASKS, sizeof *unused);
    for (int i = 0; i < WARM + TASKS; i++) unused[i].run = executor_count; /* the pages are there */
    for (int i = 0; i < WORKERS; i++) bench_start(work, NULL);
    executor_measure(submit);
    bench_report_version(BENCH_COMPILER);
    return 0;
}
