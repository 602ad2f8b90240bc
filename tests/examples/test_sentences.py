#!/usr/bin/env python3
"""The sentences in which plait is explained, and the blocks of the page for who comes from Python, stand in the examples, word for
word but for the layout, and so they work."""

import os
import pathlib
import re

from example import check, main

SENTENCES = r"""
PLAIT_TASK(is_prime, uint64_t, bool);
plait_executor *ex = plait_thread_executor_new(NULL);
int err = plait_await(plait_submit(ex, is_prime, &(uint64_t){ 112272535095293 }), &prime);
if (err) plait_error_print(stderr, err);
plait_executor_free(ex);
return plait_exit_status(err);

plait_inline_executor()
plait_thread_per_task_executor()
plait_thread_executor_new(&(plait_thread_options){ .workers = 4
plait_future *f = plait_submit(ex, is_prime, &n);
int err = plait_await(f, &prime);
int err = plait_map(ex, is_prime, numbers, count, primes, NULL);

plait_completions *c = plait_completions_new();
while (more && plait_completions_pending(c) < 256 && (more = next_url(&u))) plait_completions_add(c, plait_submit(ex, crawl, &u));
if (plait_completions_next(c, &f, PLAIT_FOREVER) != 0) break;
const struct url *which = plait_future_argument(f);
err = plait_await(f, &page);
plait_completions_free(c);

plait_queue *q = plait_queue_new(sizeof(struct job), 128);
plait_queue_put(q, &job, PLAIT_FOREVER);
int err = plait_queue_get(q, &job, PLAIT_NOW);
err = plait_queue_get(q, &job, plait_after(200 * PLAIT_MILLISECOND));
plait_queue_task_done(q);
plait_queue_join(q, PLAIT_FOREVER);
plait_queue_close(q);

plait_mutex m = PLAIT_MUTEX_INIT;
plait_mutex_lock(&m);
plait_mutex_unlock(&m);
plait_mutex_lock_until(&m, deadline);

static int waiter(const struct name *who) { for (int i = 0; i < 4; i++) { plait_sleep(250 * PLAIT_MILLISECOND); printf("%s waited\n", who->text); } return 0; }
PLAIT_TASK(waiter, struct name, void);
static int async_main(void) { plait_future *a = plait_spawn(waiter, &first); plait_future *b = plait_spawn(waiter, &second);
int err = plait_await(a, NULL); int second_err = plait_await(b, NULL); if (!err) err = second_err;
PLAIT_TIMEOUT(t, plait_after(2 * PLAIT_SECOND)); struct rates r; err = fetch_rates(&usd, &r);
if (plait_scope_expired(&t))
PLAIT_GROUP(g, plait_loop_executor()); for (size_t i = 0; i < n; i++) plait_group_submit(&g, fetch_rates, &bases[i]); err = plait_group_wait(&g);
return plait_await(plait_submit(pool, convert_pdf, &path), NULL);
PLAIT_TASK(async_main, void, void);
plait_run(async_main, NULL, NULL)

plait_http_response res;
int err = plait_http_get(url, &(plait_http_options){ .deadline = plait_after(5 * PLAIT_SECOND) }, &res);
"""


def words(text):
    return re.sub(r"\s+", " ", re.sub(r"/\*.*?\*/", " ", text, flags=re.DOTALL))


source = pathlib.Path(os.environ["PLAIT_SOURCE_DIR"])
examples = [words(path.read_text()) for path in (source / "examples").glob("*.c")]


def test_each_sentence_stands_in_an_example():
    for sentence in filter(None, SENTENCES.splitlines()):
        check(any(sentence in example for example in examples), sentence)


def test_each_function_that_the_page_for_who_comes_from_python_shows_stands_in_an_example():
    blocks = re.findall(r"^```c\n(.*?)^```$", (source / "docs" / "from-python.md").read_text(), re.M | re.DOTALL)
    check(blocks)
    together = [example.replace(" ", "") for example in examples]
    for piece in [piece for block in blocks for piece in re.split(r"(?<=^}\n)", block, flags=re.M)]:
        check(any(words(piece).replace(" ", "") in example for example in together), piece)


main()
