/* pool_calls.c: the calls of Python's multiprocessing.Pool. In plait they are what any executor has, submit, await and map; so
   they work with threads as they do with processes.

       cc pool_calls.c $(pkg-config --cflags --libs plait) -o pool_calls
       ./pool_calls --threads
*/
#include <plait.h>
#include <string.h>

enum { COUNT = 5, WINDOW = 3 };

struct pair {
    int a, b;
};

static int multiply(const struct pair *p, int *product) /* several arguments are a struct */
{
    *product = p->a * p->b;
    return 0;
}
PLAIT_TASK(multiply, struct pair, int);

static int apply_async(plait_executor *pool, const struct pair *pair, int *product)
{
    plait_future *f = plait_submit(pool, multiply, pair); /* goes on at once; is awaited or detached, once */
    return plait_await(f, product);
}

static int map_async(plait_executor *pool, const struct pair *pairs, int *products)
{
    plait_future *fs[COUNT];
    for (int i = 0; i < COUNT; i++) fs[i] = plait_submit(pool, multiply, &pairs[i]);
    return plait_gather(fs, COUNT, products, NULL);
}

/* Whose end is not known beforehand. */
struct input {
    int at;
};

static int next_pair(void *pair, void *context)
{
    struct input *input = context;
    if (input->at == COUNT) return PLAIT_EDONE;
    input->at++;
    *(struct pair *)pair = (struct pair){ input->at, 10 };
    return 0;
}

static int imap(plait_executor *pool, struct input *input)
{
    plait_future *window[WINDOW]; /* so many are under way; their results come in the order of the input */
    size_t submitted = 0, awaited = 0;
    struct pair pair;
    int product, err = 0;
    for (;;) {
        while (!err && submitted - awaited < WINDOW && next_pair(&pair, input) == 0)
            window[submitted++ % WINDOW] = plait_submit(pool, multiply, &pair);
        if (awaited == submitted) return err;
        int failed = plait_await(window[awaited++ % WINDOW], &product);
        if (failed) err = failed;
        else printf("imap: %d\n", product);
    }
}

static int take(const plait_map_item *item, void *input)
{
    (void)input;
    if (!item->error) printf("imap_unordered: %d\n", *(const int *)item->result);
    return item->error; /* anything but 0 ends the map */
}

static int imap_unordered(plait_executor *pool, struct input *input)
{
    plait_map_options options = { .next = next_pair, .each = take, .context = input, .window = WINDOW };
    return plait_map(pool, multiply, NULL, 0, NULL, &options);
}

static int tell(const char *call, int err, const int *products, int count)
{
    if (err) return err;
    printf("%s:", call);
    for (int i = 0; i < count; i++) printf(" %d%s", products[i], i == count - 1 ? "\n" : "");
    return 0;
}

static int call_all(plait_executor *pool)
{
    const struct pair pairs[COUNT] = { { 1, 2 }, { 3, 4 }, { 5, 6 }, { 7, 8 }, { 9, 10 } };
    int products[COUNT];
    int err = tell("apply", plait_await(plait_submit(pool, multiply, &pairs[1]), products), products, 1);
    if (!err) err = tell("apply_async", apply_async(pool, &pairs[2], products), products, 1);
    if (!err) err = tell("map", plait_map(pool, multiply, pairs, COUNT, products, NULL), products, COUNT);
    if (!err) err = tell("map_async", map_async(pool, pairs, products), products, COUNT);
    if (!err) err = imap(pool, &(struct input){ 0 });
    if (!err) err = imap_unordered(pool, &(struct input){ 0 });
    return err;
}

int main(int count, char **arguments)
{
    plait_init();
    bool threads = count > 1 && strcmp(arguments[1], "--threads") == 0;
    plait_executor *pool = threads ? plait_thread_executor_new(NULL) : plait_process_executor_new(NULL);
    int err = pool ? call_all(pool) : plait_error_code();
    plait_executor_free(pool); /* close and join */
    plait_error_print(stderr, err);
    return plait_exit_status(err);
}
