/* primes_run.c: two who share a queue of futures: one reads numbers and submits a task for each, the other awaits them in the
   order of the queue and prints. So a number is under way as soon as it is read, its line is out as soon as it can be, and
   neither waits for the other but when the queue is full.

   What must hold: each future that was made is awaited, also where the work ends early; stdout is flushed before the
   printer waits, for whoever reads it may be waiting for these lines. */
#include "apps/primes_run.h"
#include <inttypes.h>
#include <time.h>

/* Those that are read and not printed: enough to keep all busy while a hard one at the head holds up the others' lines. */
enum { MOST_UNDER_WAY = 1024, ATTEMPTS = 3 };

struct answer {
    bool prime;
    int64_t cpu_time;
};

struct asked {
    uint64_t number;
    plait_future *future;
};

struct run {
    struct primes_work *work;
    plait_queue *asked;
};

static int64_t cpu_time(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * PLAIT_SECOND + t.tv_nsec;
}

/* By trial division, on purpose: this is here to be work for the CPUs, and there are quicker ways to find a prime. */
static int is_prime(const uint64_t *number, struct answer *answer)
{
    uint64_t n = *number;
    int64_t begin = cpu_time();
    bool prime = n == 2 || (n > 2 && n % 2 != 0);
    for (uint64_t d = 3; prime && d <= n / d; d += 2) {
        prime = n % d != 0;
        if (d % (1 << 20) == 1 && plait_cancelled()) return PLAIT_ECANCELED;
    }
    *answer = (struct answer){ prime, cpu_time() - begin };
    return 0;
}
PLAIT_TASK(is_prime, uint64_t, struct answer);

static void drop(plait_future *future)
{
    plait_future_cancel(future);
    (void)!plait_await(future, NULL);
}

static void print_one(struct primes_work *work, const struct asked *item)
{
    struct answer answer;
    int err = plait_await(item->future, &answer);
    if (!err) {
        errno = 0;
        if (printf("%" PRIu64 " is prime: %s\n", item->number, answer.prime ? "True" : "False") < 0)
            work->write_error = errno ? errno : EIO;
        work->answered++;
        work->cpu_time += answer.cpu_time;
        return;
    }
    char words[512];
    plait_error_describe(err, words, sizeof words);
    fprintf(stderr, "%s: %" PRIu64 ": %s\n", work->name, item->number, words);
    work->failed++;
}

/* Remembers why, when stdout has failed. */
static void flush(struct primes_work *work)
{
    errno = 0;
    (void)fflush(stdout);
    if (ferror(stdout) && !work->write_error) work->write_error = errno ? errno : EIO;
}

static bool is_done(plait_future *future) { return plait_future_get_state(future) >= PLAIT_FUTURE_FINISHED; }

static int print_all(void *context)
{
    struct run *run = context;
    struct asked item;
    for (;;) {
        if (plait_queue_get(run->asked, &item, PLAIT_NOW) != 0) {
            flush(run->work);
            if (plait_queue_get(run->asked, &item, PLAIT_FOREVER) != 0) return 0;
        }
        if (!is_done(item.future) || ferror(stdout)) flush(run->work);
        if (run->work->write_error) {
            plait_queue_close(run->asked);
            drop(item.future);
        } else {
            print_one(run->work, &item);
        }
    }
}

static int ask_all(struct run *run)
{
    struct primes_work *work = run->work;
    plait_executor *executor = work->executor ? work->executor : plait_loop_executor();
    struct asked item;
    int err;
    while ((err = work->next(work->context, &item.number)) == 0) {
        item.future =
            plait_submit_with(executor, (&(plait_submit_options){ .retries = ATTEMPTS - 1 }), is_prime, &item.number);
        err = plait_queue_put(run->asked, &item, PLAIT_FOREVER);
        if (!err) continue;
        drop(item.future);
        break;
    }
    return err == PLAIT_EDONE ? 0 : err;
}

static int ask_and_print(struct run *run)
{
    plait_thread *printer = plait_thread_start(print_all, run, &(plait_thread_start_options){ .name = "printer" });
    if (!printer) return plait_error_code();
    int err = ask_all(run);
    plait_queue_close(run->asked);
    int join_err = plait_thread_join(printer, NULL, PLAIT_FOREVER);
    plait_thread_free(printer);
    return err ? err : join_err;
}

typedef struct run *run_here; /* a pointer: for this process alone */
static int on_loop(const run_here *run) { return ask_and_print(*run); }
PLAIT_LOCAL_TASK(on_loop, run_here, void);

int primes_run(struct primes_work *work)
{
    struct run run = { work, plait_queue_new(sizeof(struct asked), MOST_UNDER_WAY) };
    if (!run.asked) return plait_error_code();
    run_here here = &run;
    int err = work->executor ? ask_and_print(here) : plait_run(on_loop, &here, NULL);
    plait_queue_free(run.asked);
    return err;
}
