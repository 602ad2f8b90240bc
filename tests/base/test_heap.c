/* test_heap.c: the first one of many, whatever comes and goes. */
#include "check.h"
#include "base/heap.h"

struct item {
    plait_heap_node node; /* first: the two addresses are one */
    int key;
};

static size_t comparisons;
static bool before(const plait_heap_node *a, const plait_heap_node *b)
{
    comparisons++;
    return ((const struct item *)a)->key < ((const struct item *)b)->key;
}

static struct item *first(plait_heap *h) { return (struct item *)h->first; }

static uint64_t seed;
static size_t dice(size_t sides)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (size_t)(seed >> 33) % sides;
}

static void what_is_added_comes_out_in_order(void **unused)
{
    (void)unused;
    enum { ITEMS = 1000 };
    static struct item items[ITEMS];
    for (int way = 0; way < 3; way++) { /* upward, downward, as it comes */
        plait_heap h = { .before = before };
        for (int i = 0; i < ITEMS; i++) {
            items[i].key = way == 0 ? i : way == 1 ? -i : (int)dice(500);
            check(!plait_heap_has(&items[i].node));
            plait_heap_add(&h, &items[i].node);
            check(plait_heap_has(&items[i].node));
        }
        int key = INT32_MIN;
        for (int i = 0; i < ITEMS; i++) {
            struct item *f = first(&h);
            check(f->key >= key);
            key = f->key;
            plait_heap_remove(&h, &f->node);
            check(!plait_heap_has(&f->node));
        }
        check(!h.first);
    }
}

static void anything_may_be_removed_at_any_time(void **unused)
{
    (void)unused;
    enum { ITEMS = 200 };
    static struct item items[ITEMS];
    for (int round = 0; round < 50; round++) {
        plait_heap h = { .before = before };
        memset(items, 0, sizeof items);
        for (int step = 0; step < 2000; step++) {
            struct item *i = &items[dice(ITEMS)];
            if (plait_heap_has(&i->node)) {
                plait_heap_remove(&h, &i->node);
            } else {
                i->key = (int)dice(1000);
                plait_heap_add(&h, &i->node);
            }
            struct item *least = NULL;
            for (int n = 0; n < ITEMS; n++)
                if (plait_heap_has(&items[n].node) && (!least || items[n].key < least->key)) least = &items[n];
            check((first(&h) != NULL) == (least != NULL));
            if (least) check_number(first(&h)->key, least->key);
        }
    }
}

static void it_costs_little_to_remove(void **unused)
{
    (void)unused;
    enum { ITEMS = 1 << 14, LOG = 14 };
    static struct item items[ITEMS];
    plait_heap h = { .before = before };
    for (int i = 0; i < ITEMS; i++) {
        items[i].key = (int)dice(1 << 20);
        plait_heap_add(&h, &items[i].node);
    }
    comparisons = 0;
    while (h.first) plait_heap_remove(&h, h.first);
    check(comparisons < (size_t)2 * LOG * ITEMS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_added_comes_out_in_order),
        cmocka_unit_test(anything_may_be_removed_at_any_time),
        cmocka_unit_test(it_costs_little_to_remove),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
