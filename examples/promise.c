/* promise.c: a library that calls back becomes a future. Here it is a small one that answers from a thread of its own, and
   knows nothing of plait; what it answers is awaited, with a deadline, or cancelled, like a task.

       cc promise.c $(pkg-config --cflags --libs plait) -o promise
*/
#include <plait.h>
#include <pthread.h>
#include <string.h>

/* The library. */

struct question {
    char word[16];
    void (*answered)(void *context, const int *letters);
    void *context;
};
static struct question asked;
static pthread_t answering;
static bool busy;

static void *answer(void *unused)
{
    int letters = (int)strlen(asked.word);
    asked.answered(asked.context, letters ? &letters : NULL);
    return unused;
}

static int library_ask(const char *word, void (*answered)(void *, const int *), void *context)
{
    snprintf(asked.word, sizeof asked.word, "%s", word);
    asked.answered = answered;
    asked.context = context;
    int err = pthread_create(&answering, NULL, answer, NULL);
    busy = !err;
    return -err;
}

static void library_wait(void)
{
    if (busy) pthread_join(answering, NULL);
    busy = false;
}

/* And the bridge to it. */

PLAIT_PROMISE(count_letters, int);

static void keep(void *promise, const int *letters)
{
    if (letters) plait_promise_set(count_letters, promise, letters);
    else plait_promise_fail(promise, plait_fail(PLAIT_EUSER, "a word without letters"));
    plait_promise_free(promise); /* without an outcome, its future would fail now: nobody waits for ever */
}

static plait_future *count_letters_of(const char *word)
{
    plait_future *f;
    plait_promise *p = plait_promise_new(count_letters, &f);
    int err = library_ask(word, keep, p);
    if (!err) return f;
    plait_promise_fail(p, plait_fail(err, "the library could not be asked"));
    plait_promise_free(p);
    return f;
}

int main(void)
{
    int letters = 0;
    int err = plait_await(count_letters_of("plait"), &letters);
    if (!err) printf("letters: %d\n", letters);
    library_wait();

    int failed = plait_await(count_letters_of(""), &letters);
    plait_error_print(stdout, failed);
    library_wait();

    plait_future *f;
    plait_promise *p = plait_promise_new(count_letters, &f);
    int late = plait_await_until(f, &letters, plait_after(20 * PLAIT_MILLISECOND));
    printf("nobody was asked: %s\n", plait_error_name(late));
    plait_future_cancel(f);
    printf("an answer after the cancel: %s\n", plait_error_name(plait_promise_set(count_letters, p, &letters)));
    plait_promise_free(p);
    plait_future_unref(f);
    plait_error_print(stderr, err);
    return plait_exit_status(err);
}
