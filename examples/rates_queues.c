/* rates_queues.c (P9): work one way, answers the other. The threads of the pool only fetch, and
   main alone prints. A failure comes back as an answer too. Its words are known to the thread that
   failed, so it is that thread that writes them down.

       cc rates_queues.c $(pkg-config --cflags --libs plait-http) -o rates_queues
       plait serve --port 8080 &
       ./rates_queues
*/
#include "rates.h"

enum { WORKERS = 4 };

struct answer {
    struct rates rates;
    int err;
    char words[300];
};

static plait_queue *bases, *answers;

static int work_off(void *unused)
{
    (void)unused;
    struct currency base;
    int err = 0;
    while (!err && plait_queue_get(bases, &base, PLAIT_FOREVER) == 0) {
        struct answer answer;
        answer.err = fetch_rates(&base, &answer.rates);
        plait_error_describe(answer.err, answer.words, sizeof answer.words);
        err = plait_queue_put(answers, &answer, PLAIT_FOREVER);
    }
    return err;
}

/* Puts all bases in, and returns when the threads have ended: all answers are there by then. */
static int run_workers(void)
{
    plait_thread *workers[WORKERS];
    for (int i = 0; i < WORKERS; i++) workers[i] = plait_thread_start(work_off, NULL, NULL);

    int err = 0, result = 0;
    for (int i = 0; i < CURRENCIES && !err; i++) err = plait_queue_put(bases, &currencies[i], PLAIT_FOREVER);
    plait_queue_close(bases);
    for (int i = 0; i < WORKERS; i++) {
        int join_err = plait_thread_join(workers[i], &result, PLAIT_FOREVER);
        if (!err) err = join_err ? join_err : result;
        plait_thread_free(workers[i]);
    }
    return err;
}

static int print_answers(void)
{
    struct answer answer;
    int failed = 0;
    plait_queue_close(answers);
    while (plait_queue_get(answers, &answer, PLAIT_FOREVER) == 0) {
        if (!answer.err) print_row(&answer.rates);
        else fprintf(stderr, "%s\n", answer.words);
        if (answer.err) failed = answer.err;
    }
    return failed;
}

int main(void)
{
    int64_t start = plait_time();
    bases = plait_queue_new(sizeof(struct currency), PLAIT_UNBOUNDED);
    answers = plait_queue_new(sizeof(struct answer), PLAIT_UNBOUNDED);
    int err = bases && answers ? run_workers() : plait_error_code();
    plait_error_print(stderr, err);
    int failed = answers ? print_answers() : 0;
    print_elapsed(start);
    plait_queue_free(bases);
    plait_queue_free(answers);
    return plait_exit_status(err ? err : failed);
}
