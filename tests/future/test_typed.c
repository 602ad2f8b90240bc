/* Tasks whose arguments and results are described structs: copied at submit, freed with the future, owned by whoever takes
   them. What is not freed, or twice, the sanitizers tell. */
#include "future/future.h"
#include "future/photo.h"
#include "future/tasks.h"
#include <stdlib.h>

static int measure(const struct photo *p, size_t *size)
{
    *size = p->pixels.size;
    return 0;
}
PLAIT_TASK_TYPED(measure, struct photo, size_t, photo_type);

struct order {
    char *name;
    int width;
};
PLAIT_TYPE(order_type, struct order, PLAIT_FIELD(struct order, name), PLAIT_FIELD(struct order, width));

static int paint(const struct order *o, struct photo *p)
{
    plait_bytes name;
    int err = plait_bytes_format(&name, "%s.png", o->name);
    p->path = name.data;
    p->width = p->height = o->width;
    return err ? err : plait_bytes_copy(&p->pixels, NULL, (size_t)o->width * (size_t)o->width);
}
PLAIT_TASK_TYPED(paint, struct order, struct photo, photo_type, order_type);

static _Atomic int attempts;
static int paint_at_the_third_time(struct photo *p)
{
    int err = paint(&(struct order){ (char *)"late", 3 }, p);
    return err ? err : atomic_fetch_add(&attempts, 1) == 2 ? 0 : plait_fail(PLAIT_EUSER, "not yet");
}
PLAIT_TASK_TYPED(paint_at_the_third_time, void, struct photo, photo_type);

static char *tags[2] = { (char *)"sea", (char *)"sun" };
static struct photo photo_of(char *path) { return (struct photo){ path, 4, 2, { (char *)"12345678", 8 }, 2, tags }; }

static void check_small(struct photo *p, const char *path)
{
    check_string(p->path, path);
    check(p->width == 2 && p->height == 1);
    check_number(p->pixels.size, 2);
    check(p->tag_count == 2 && p->tags != tags);
    check_string(p->tags[1], "sun");
    plait_type_clear(photo_type, p);
    check(!p->path && !p->tags && !p->width);
}

TEST_IN_EACH_KIND(an_argument_is_copied_with_all_that_it_owns)
{
    struct held_pool p;
    hold_pool(&p, 1);
    char path[] = "beach", *two[] = { path, (char *)"sun" };
    struct photo photo = photo_of(path), small;
    photo.tags = two;
    plait_future *f = plait_submit(p.executor, shrink, &photo);
    memcpy(path, "xxxxx", 5);
    two[1] = NULL;
    const struct photo *kept = plait_future_argument(f);
    check_string(kept->path, "beach");
    check_string(kept->tags[0], "beach");
    check(kept->tags != two && kept->pixels.data != photo.pixels.data);
    release_pool(&p);
    check_code(plait_take(shrink, f, &small), 0);
    check_small(&small, "small-beach");
    end_pool(&p);
}

TEST_IN_EACH_KIND(either_or_both_of_argument_and_result_are_described)
{
    plait_executor *pool = pool_of(1);
    struct photo photo = photo_of((char *)"a"), made;
    size_t size;
    int n = 21, twice;
    check_code(plait_await(plait_submit(pool, measure, &photo), &size), 0);
    check_number(size, 8);
    check_code(plait_await(plait_submit(pool, paint, &((struct order){ (char *)"sky", 5 })), &made), 0);
    check_string(made.path, "sky.png");
    check_number(made.pixels.size, 25);
    plait_type_clear(photo_type, &made);
    check_code(plait_await(plait_submit(pool, paint, &((struct order){ NULL, 0 })), &made), 0); /* zero bytes */
    plait_type_clear(photo_type, &made);
    check_code(plait_take(double_of, plait_submit(pool, double_of, &n), &twice), 0); /* declared by a header */
    check_number(twice, 42);
    plait_executor_free(pool);
}

TEST_IN_EACH_KIND(each_of_several_owners_has_a_result_of_his_own)
{
    plait_executor *pool = pool_of(1);
    struct photo photo = photo_of((char *)"a"), look, one, two;
    plait_future *f = plait_submit(pool, shrink, &photo);
    plait_future_ref(f);
    check_code(plait_future_wait(f, PLAIT_FOREVER), 0);
    check_code(plait_future_result(f, &look), 0); /* still the future's */
    check_code(plait_await(f, &one), 0);
    check(one.path != look.path && one.tags != look.tags && one.tags[0] != look.tags[0]);
    check_code(plait_await(f, &two), 0);
    check(two.path == look.path && two.tags == look.tags); /* the last owner gets the value itself */
    check_small(&one, "small-a");
    check_small(&two, "small-a");
    plait_executor_free(pool);
}

TEST_IN_EACH_KIND(a_result_that_nobody_takes_is_cleared)
{
    plait_executor *pool = pool_of(1);
    struct photo photo = photo_of((char *)"a"), out = { 0 };
    check_code(plait_await(plait_submit(pool, shrink, &photo), NULL), 0); /* into NULL */
    plait_future *f = plait_submit(pool, shrink, &photo);
    check_code(plait_future_wait(f, PLAIT_FOREVER), 0);
    plait_future_unref(f); /* dropped */
    plait_future_detach(plait_submit(pool, shrink, &photo));
    photo.width = 0;
    check_code(plait_await(plait_submit(pool, shrink, &photo), &out), PLAIT_EUSER); /* of one that failed */
    check(!out.path);
    attempts = 0;
    check_code(
        plait_await(plait_submit_with(pool, (&(plait_submit_options){ .retries = 2 }), paint_at_the_third_time, NULL),
                    &out),
        0); /* of those that were tried before */
    check_string(out.path, "late.png");
    plait_type_clear(photo_type, &out);
    plait_executor_free(pool);
}

TEST_IN_EACH_KIND(what_never_runs_is_freed_too)
{
    struct held_pool p;
    struct photo photo = photo_of((char *)"a");
    hold_pool(&p, 1);
    plait_future *f = plait_submit(p.executor, shrink, &photo);
    check(plait_future_cancel(f));
    check_code(plait_await(f, NULL), PLAIT_ETASK);
    check_code(plait_await(plait_submit((plait_executor *)NULL, shrink, &photo), NULL), PLAIT_EINVAL);
    check_code(plait_await(plait_submit_task(p.executor, &shrink_plait_task, NULL, NULL, 0, __FILE__, __LINE__), NULL),
               PLAIT_EINVAL); /* without its argument */
    {
        PLAIT_GROUP(group, p.executor);
        plait_group_cancel(&group);
        plait_group_submit(&group, shrink, &photo);
    }
    end_pool(&p);
}

TEST_IN_EACH_KIND(sets_and_groups_and_gather)
{
    plait_executor *pool = pool_of(2);
    struct photo photos[3] = { photo_of((char *)"a"), photo_of((char *)"b"), photo_of((char *)"c") }, out[3];
    plait_completions *c = plait_completions_new();
    plait_future *fs[3], *f;
    for (int i = 0; i < 3; i++) plait_completions_add(c, plait_submit(pool, shrink, &photos[i]));
    for (int i = 0; i < 2; i++) {
        char expected[16];
        check_code(plait_completions_next(c, &f, PLAIT_FOREVER), 0);
        snprintf(expected, sizeof expected, "small-%s", ((const struct photo *)plait_future_argument(f))->path);
        check_code(plait_await(f, &out[0]), 0);
        check_small(&out[0], expected);
    }
    plait_completions_free(c); /* and the third */
    for (int i = 0; i < 3; i++) fs[i] = plait_submit(pool, shrink, &photos[i]);
    check_code(plait_gather(fs, 3, out, NULL), 0);
    check_small(&out[0], "small-a");
    check_small(&out[1], "small-b");
    check_small(&out[2], "small-c");
    {
        PLAIT_GROUP(group, pool);
        for (int i = 0; i < 3; i++) plait_group_submit(&group, shrink, &photos[i]);
        check_code(plait_group_wait(&group), 0);
    }
    plait_executor_free(pool);
}

/* Gives what it owns itself. */
static int next_photo(void *value, void *context)
{
    int *left = context;
    if (!(*left)--) return PLAIT_EDONE;
    struct photo photo = photo_of((char *)"given");
    return plait_type_copy(photo_type, (struct photo *)value, &photo);
}

/* Keeps what it likes of each result. */
static int keep_path(const plait_map_item *item, void *context)
{
    (void)context;
    check_code(item->error, 0);
    struct photo *p = item->result;
    check_string(p->path, "small-given");
    free(p->path);
    p->path = NULL;
    return 0;
}

TEST_IN_EACH_KIND(maps)
{
    plait_executor *pool = pool_of(2);
    struct photo photos[3] = { photo_of((char *)"a"), photo_of((char *)"b"), photo_of((char *)"c") }, out[5];
    int left = 5;
    check_code(plait_map(pool, shrink, photos, 3, out, NULL), 0);
    check_small(&out[0], "small-a");
    check_small(&out[1], "small-b");
    check_small(&out[2], "small-c");
    check_code(plait_map(pool, shrink, photos, 3, NULL, NULL), 0);
    check_code(plait_map(pool, shrink, NULL, 5, out,
                         &((plait_map_options){ .next = next_photo, .context = &left, .window = 2 })),
               0);
    for (int i = 0; i < 5; i++) check_small(&out[i], "small-given");
    left = 3;
    check_code(
        plait_map(pool, shrink, NULL, 0, NULL,
                  &((plait_map_options){ .next = next_photo, .each = keep_path, .context = &left, .window = 2 })),
        0);
    photos[1].width = 0; /* which fails */
    check_code(plait_map(pool, shrink, photos, 3, out, &((plait_map_options){ .window = 1 })), PLAIT_EUSER);
    check_small(&out[0], "small-a"); /* the results before it are ours */
    plait_executor_free(pool);
}

static int fork_two(const struct photo *p)
{
    struct photo small;
    PLAIT_FORK(taken, NULL, shrink, p);
    PLAIT_FORK(dropped, NULL, shrink, p);
    PLAIT_FORK(left_alone, NULL, shrink, p);
    int err = plait_join(&taken, &small);
    if (!err) check_small(&small, "small-a");
    return err ? err : plait_join(&dropped, NULL);
}
PLAIT_TASK_TYPED(fork_two, struct photo, void, photo_type);

TEST_IN_EACH_KIND(forks)
{
    plait_executor *pool = pool_of(1);
    struct photo photo = photo_of((char *)"a");
    check_code(plait_await(plait_submit(pool, fork_two, &photo), NULL), 0);
    plait_executor_free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_argument_is_copied_with_all_that_it_owns),
        cmocka_unit_test(either_or_both_of_argument_and_result_are_described),
        cmocka_unit_test(each_of_several_owners_has_a_result_of_his_own),
        cmocka_unit_test(a_result_that_nobody_takes_is_cleared),
        cmocka_unit_test(what_never_runs_is_freed_too),
        cmocka_unit_test(sets_and_groups_and_gather),
        cmocka_unit_test(maps),
        cmocka_unit_test(forks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
