/* test_shared_value.c: bytes with a lock, between processes. */
#include "others.h"

enum { MIB = 1 << 20, CHILDREN = 4, TIMES = 10000 };

static int adds_one(void *data, void *by)
{
    *(double *)data += *(double *)by;
    return 5;
}

struct shared {
    plait_shared_value *value;
    int64_t *number;
};

static int counts(void *shared)
{
    struct shared *s = shared;
    for (int i = 0; i < TIMES; i++) {
        if (plait_shared_value_update(s->value, adds_one, &(double){ 1 }) != 5) return 1;
        plait_shared_add(s->number, 1);
    }
    return 0;
}

static void H5_no_update_is_lost_under_the_lock_nor_by_the_atomic_add(void **unused)
{
    (void)unused;
    SKIP_WITHOUT_OTHERS();
    plait_shared_memory *m = shared_begin(MIB);
    struct shared s = { plait_shared_value_new(m, sizeof(double), NULL), plait_shared_alloc(m, sizeof(int64_t)) };
    check(s.value && s.number);
    pid_t others[CHILDREN];
    for (int i = 0; i < CHILDREN; i++) others[i] = other_start(counts, &s);
    for (int i = 0; i < CHILDREN; i++) check_number(other_join(others[i]), 0);
    double sum;
    check_code(plait_shared_value_read(s.value, 0, &sum, sizeof sum), 0);
    check(sum == CHILDREN * TIMES);
    check_number(*s.number, CHILDREN * TIMES);
    check_number(plait_shared_add(s.number, -1), CHILDREN * TIMES - 1);
    shared_end(m);
}

static int negates(void *values)
{
    plait_shared_value *const *v = values;
    PLAIT_LOCKED_RECURSIVELY(v[1]->lock);
    *(double *)v[0]->data = 3.25;
    int *numbers = v[1]->data;
    for (size_t i = 0; i < v[1]->size / sizeof *numbers; i++) numbers[i] = -numbers[i];
    return plait_shared_value_write(v[1], 0, &(int){ 77 }, sizeof(int)); /* the lock is recursive */
}

static void H6_an_array_has_length_items_and_slices_and_what_a_child_changes_is_seen(void **unused)
{
    (void)unused;
    SKIP_WITHOUT_OTHERS();
    plait_shared_memory *m = shared_begin(MIB);
    plait_shared_value *v[2] = { plait_shared_value_new(m, sizeof(double), NULL),
                                 plait_shared_value_new(m, 10 * sizeof(int), NULL) };
    check(v[0] && v[1]);
    check_number(v[1]->size, 10 * sizeof(int));
    for (int i = 0; i < 10; i++) ((int *)v[1]->data)[i] = i;
    check_number(other_join(other_start(negates, v)), 0);
    check(*(double *)v[0]->data == 3.25);
    int slice[3];
    check_code(plait_shared_value_read(v[1], 4 * sizeof(int), slice, sizeof slice), 0);
    for (int i = 0; i < 3; i++) check_number(slice[i], -(4 + i));
    check_code(plait_shared_value_write(v[1], 8 * sizeof(int), (int[]){ 1, 2 }, 2 * sizeof(int)), 0);
    check_number(((int *)v[1]->data)[9], 2);
    check_number(((int *)v[1]->data)[0], 77);
    check_code(plait_shared_value_read(v[1], 9 * sizeof(int), slice, 2 * sizeof(int)), PLAIT_EINVAL);
    check_code(plait_shared_value_write(v[1], SIZE_MAX, slice, 2), PLAIT_EINVAL);
    shared_end(m);
}

static int writes_raw(void *numbers)
{
    int *n = numbers;
    for (int i = 0; i < 10; i++) n[i] = i * i;
    return 0;
}

static void H2_H8_raw_values_and_arrays_are_plain_memory_without_a_lock(void **unused)
{
    (void)unused;
    SKIP_WITHOUT_OTHERS();
    plait_shared_memory *m = shared_begin(MIB);
    int *numbers = plait_shared_alloc(m, 10 * sizeof *numbers);
    check(numbers != NULL);
    check_number(other_join(other_start(writes_raw, numbers)), 0);
    for (int i = 0; i < 10; i++) check_number(numbers[i], i * i);
    shared_end(m);
}

static void H3_H9_a_value_has_a_recursive_lock_of_its_own_or_the_one_that_it_is_given(void **unused)
{
    (void)unused;
    plait_shared_memory *m = shared_begin(MIB);
    plait_shared_value *own = plait_shared_value_new(m, 4, NULL);
    plait_recursive_mutex *lock = plait_shared_recursive_mutex_new(m);
    plait_shared_value *given = plait_shared_value_new(m, 40, lock);
    check(own && given);
    check(given->lock == lock);
    check(own->lock && own->lock != lock);
    plait_recursive_mutex_lock(own->lock);
    plait_recursive_mutex_lock(own->lock);
    check_number(plait_recursive_mutex_depth(own->lock), 2);
    for (int i = 0; i < 2; i++) plait_recursive_mutex_unlock(own->lock);
    plait_shared_free(m, given);
    plait_recursive_mutex_lock(lock); /* it is still there */
    plait_recursive_mutex_unlock(lock);
    plait_shared_free(m, lock);
    plait_shared_free(m, own);
    plait_shared_memory_usage usage;
    plait_shared_memory_get_usage(m, &usage);
    check_number(usage.blocks, 0);
    shared_end(m);
}

static void H4_what_is_no_lock_of_that_memory_is_EINVAL(void **unused)
{
    (void)unused;
    plait_shared_memory *m = shared_begin(MIB);
    plait_recursive_mutex private = PLAIT_RECURSIVE_MUTEX_INIT;
    check(!plait_shared_value_new(m, 4, &private));
    check_code(plait_error_code(), PLAIT_EINVAL);
    check(!plait_shared_value_new(m, 4, plait_shared_alloc(m, sizeof private)));
    check_code(plait_error_code(), PLAIT_EINVAL);
    check(!plait_shared_value_new(m, 0, NULL));
    check_code(plait_error_code(), PLAIT_EINVAL);
    shared_end(m);
}

struct point {
    double x, y;
    char name[16];
};

static int moves(void *value)
{
    plait_shared_value *v = value;
    struct point p;
    if (plait_shared_value_read(v, 0, &p, sizeof p)) return 1;
    p.x *= 2, p.y *= 2;
    strcpy(p.name, "moved");
    return plait_shared_value_write(v, 0, &p, sizeof p);
}

static void H10_structures_and_strings_are_shared_and_copies_are_independent(void **unused)
{
    (void)unused;
    SKIP_WITHOUT_OTHERS();
    plait_shared_memory *m = shared_begin(MIB);
    plait_shared_value *v = plait_shared_value_new(m, sizeof(struct point), NULL);
    check_code(plait_shared_value_write(v, 0, &(struct point){ 1, 2, "here" }, sizeof(struct point)), 0);
    struct point copy, now;
    check_code(plait_shared_value_read(v, 0, &copy, sizeof copy), 0);
    check_number(other_join(other_start(moves, v)), 0);
    check_code(plait_shared_value_read(v, 0, &now, sizeof now), 0);
    check(now.x == 2 && now.y == 4);
    check_string(now.name, "moved");
    check(copy.x == 1 && copy.y == 2);
    check_string(copy.name, "here");
    shared_end(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(H5_no_update_is_lost_under_the_lock_nor_by_the_atomic_add),
        cmocka_unit_test(H6_an_array_has_length_items_and_slices_and_what_a_child_changes_is_seen),
        cmocka_unit_test(H2_H8_raw_values_and_arrays_are_plain_memory_without_a_lock),
        cmocka_unit_test(H3_H9_a_value_has_a_recursive_lock_of_its_own_or_the_one_that_it_is_given),
        cmocka_unit_test(H4_what_is_no_lock_of_that_memory_is_EINVAL),
        cmocka_unit_test(H10_structures_and_strings_are_shared_and_copies_are_independent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
