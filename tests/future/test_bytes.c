/* Blocks of memory as arguments and results: who owns them, and when. AddressSanitizer sees the rest. */
#include "child.h"
#include "future/future.h"
#include "future/tasks.h"

static int measure(const plait_bytes *in, size_t *size)
{
    *size = in->size;
    return in->data && ((const char *)in->data)[in->size] != 0 ? -EFAULT : 0; /* a NUL follows */
}
PLAIT_TASK(measure, plait_bytes, size_t);

static int echo(const plait_bytes *in, plait_bytes *out) { return plait_bytes_copy(out, in->data, in->size); }
PLAIT_TASK(echo, plait_bytes, plait_bytes);

static int produce_and_fail(plait_bytes *out)
{
    int err = plait_bytes_format(out, "half of it");
    return err ? err : -EIO;
}
PLAIT_TASK(produce_and_fail, void, plait_bytes);

static int same_pointer(const plait_bytes *in, bool *same)
{
    const char *expected;
    memcpy(&expected, in->data, sizeof expected);
    *same = expected == in->data;
    return 0;
}
PLAIT_TASK(same_pointer, plait_bytes, bool);

TEST_IN_EACH_KIND(an_argument_is_copied)
{
    struct held_pool p;
    hold_pool(&p, 1);
    char text[] = "before";
    plait_bytes view = { text, 6 };
    plait_future *f = plait_submit(p.executor, echo, &view);
    memcpy(text, "after ", 6);
    const plait_bytes *kept = plait_future_argument(f);
    check_string(kept->data, "before");
    release_pool(&p);
    plait_bytes out;
    check_code(plait_await(f, &out), 0);
    check_string(out.data, "before");
    plait_bytes_clear(&out);
    check(!out.data && !out.size);
    end_pool(&p);
}

TEST_IN_EACH_KIND(an_argument_that_is_handed_over_is_not_copied)
{
    plait_executor *pool = pool_of(1);
    plait_bytes b;
    bool same = false;
    check_code(plait_bytes_copy(&b, NULL, 100), 0);
    memcpy(b.data, &b.data, sizeof b.data);
    plait_future *f = plait_submit(pool, same_pointer, plait_bytes_take(&b));
    check(!b.data && !b.size);
    check_code(plait_await(f, &same), 0);
    check(same);
    plait_executor_free(pool);
}

TEST_IN_EACH_KIND(a_block_that_is_handed_over_is_freed_whatever_becomes_of_the_submit)
{
    struct held_pool p;
    plait_bytes b;
    size_t size;
    check_code(plait_bytes_format(&b, "to nobody"), 0);
    check_code(plait_await(plait_submit((plait_executor *)NULL, measure, plait_bytes_take(&b)), &size), PLAIT_EINVAL);
    check(!b.data);
    hold_pool(&p, 1);
    check_code(plait_bytes_format(&b, "never run"), 0);
    plait_future *f = plait_submit(p.executor, measure, plait_bytes_take(&b));
    check(plait_future_cancel(f));
    check_code(plait_await(f, &size), PLAIT_ETASK);
    check(!b.data);
    plait_executor_close(p.executor);
    check_code(plait_bytes_format(&b, "too late"), 0);
    check_code(plait_await(plait_submit(p.executor, measure, plait_bytes_take(&b)), &size), PLAIT_ECLOSED);
    check(!b.data);
    {
        PLAIT_GROUP(group, p.executor);
        plait_group_cancel(&group);
        check_code(plait_bytes_format(&b, "cancelled before"), 0);
        plait_group_submit(&group, measure, plait_bytes_take(&b));
        check(!b.data);
    }
    end_pool(&p);
}

TEST_IN_EACH_KIND(an_empty_block_and_one_of_no_size)
{
    plait_executor *pool = pool_of(1);
    plait_bytes none = { 0 }, empty, out = { &none, 1 };
    size_t size = 9;
    check_code(plait_bytes_copy(&empty, "", 0), 0);
    check(empty.data && !empty.size);
    check_code(plait_await(plait_submit(pool, measure, &none), &size), 0);
    check_number(size, 0);
    check_code(plait_await(plait_submit(pool, measure, &empty), &size), 0);
    check_number(size, 0);
    check_code(plait_await(plait_submit(pool, measure, plait_bytes_take(&none)), &size), 0);
    check_number(size, 0);
    check_code(plait_await(plait_submit(pool, echo, plait_bytes_take(&empty)), &out), 0);
    check_string(out.data, "");
    check_number(out.size, 0);
    plait_bytes_clear(&out);
    plait_bytes_clear(&out);
    plait_bytes_clear(NULL);
    plait_executor_free(pool);
}

TEST_IN_EACH_KIND(a_result_belongs_to_its_awaiter_and_each_of_several_owners_has_his_own)
{
    plait_executor *pool = pool_of(1);
    plait_bytes in, one, two, look;
    check_code(plait_bytes_format(&in, "%0100d", 7), 0);
    plait_future *f = plait_submit(pool, echo, &in);
    plait_future_ref(f);
    check_code(plait_future_wait(f, PLAIT_FOREVER), 0);
    check_code(plait_future_result(f, &look), 0); /* still the future's */
    check_number(look.size, 100);
    check_code(plait_await(f, &one), 0);
    check(one.data != look.data);
    check_code(plait_await(f, &two), 0);
    check(two.data == look.data); /* the last owner gets the block itself */
    check_string(one.data, two.data);
    check_string(one.data, in.data);
    plait_bytes_clear(&one);
    plait_bytes_clear(&two);
    plait_bytes_clear(&in);
    plait_executor_free(pool);
}

TEST_IN_EACH_KIND(a_result_that_nobody_takes_is_freed)
{
    plait_executor *pool = pool_of(1);
    plait_bytes in = { (char[]){ "text" }, 4 }, out = { 0 };
    check_code(plait_await(plait_submit(pool, echo, &in), NULL), 0); /* into NULL */
    plait_future *f = plait_submit(pool, echo, &in);
    check_code(plait_future_wait(f, PLAIT_FOREVER), 0);
    plait_future_unref(f); /* dropped */
    plait_future_detach(plait_submit(pool, echo, &in));
    check_code(plait_await(plait_submit(pool, produce_and_fail, NULL), &out), -EIO); /* and that of one that failed */
    check(!out.data);
    plait_completions *c = plait_completions_new();
    for (int i = 0; i < 3; i++) plait_completions_add(c, plait_submit(pool, echo, &in));
    plait_completions_free(c);
    {
        PLAIT_GROUP(group, pool);
        plait_group_submit(&group, echo, &in);
        check_code(plait_group_wait(&group), 0);
    }
    plait_executor_free(pool);
}

static int await_a_block_into_something_else(void *unused)
{
    (void)unused;
    long room;
    return plait_await(plait_submit(plait_inline_executor(), echo, &((plait_bytes){ 0 })), &room);
}

static void the_room_for_a_block_must_be_one(void **unused)
{
    (void)unused;
    child_stops(await_a_block_into_something_else, NULL, "is 16 bytes (plait_bytes), and room for 8 was given");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_argument_is_copied),
        cmocka_unit_test(an_argument_that_is_handed_over_is_not_copied),
        cmocka_unit_test(a_block_that_is_handed_over_is_freed_whatever_becomes_of_the_submit),
        cmocka_unit_test(an_empty_block_and_one_of_no_size),
        cmocka_unit_test(a_result_belongs_to_its_awaiter_and_each_of_several_owners_has_his_own),
        cmocka_unit_test(a_result_that_nobody_takes_is_freed),
        cmocka_unit_test(the_room_for_a_block_must_be_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
