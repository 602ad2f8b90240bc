/* plait: plait_bytes, submitted as they are, and made by plait_bytes_copy in the task.
   subject: plait */
#include "process-bytes/bytes.h"
#include <plait.h>

static plait_executor *pool;

static int look(const plait_bytes *block, int *seen)
{
    *seen = block->size == BLOCK ? bytes_look(block->data) : 0;
    return 0;
}
PLAIT_TASK(look, plait_bytes, int);

static int make(plait_bytes *block) { return plait_bytes_copy(block, bytes_source(), BLOCK); }
PLAIT_TASK(make, void, plait_bytes);

static void arguments(size_t count)
{
    plait_bytes block = { bytes_source(), BLOCK };
    plait_future *under_way[UNDER_WAY];
    for (size_t sent = 0, done = 0; done < count; done++) {
        int seen;
        for (; sent < count && sent - done < UNDER_WAY; sent++)
            under_way[sent % UNDER_WAY] = plait_submit(pool, look, &block);
        bench_must(plait_await(under_way[done % UNDER_WAY], &seen), "plait_await");
        bytes_seen(seen);
    }
}

static void results(size_t count)
{
    plait_future *under_way[UNDER_WAY];
    for (size_t asked = 0, done = 0; done < count; done++) {
        plait_bytes block;
        for (; asked < count && asked - done < UNDER_WAY; asked++)
            under_way[asked % UNDER_WAY] = plait_submit(pool, make, NULL);
        bench_must(plait_await(under_way[done % UNDER_WAY], &block), "plait_await");
        bytes_seen(bytes_look(block.data));
        plait_bytes_clear(&block);
    }
}

int main(void)
{
    plait_init();
    pool = plait_process_executor_new(&(plait_process_options){ .workers = WORKERS });
    bytes_measure("arguments_gb_per_s", arguments);
    bytes_measure("results_gb_per_s", results);
    plait_executor_free(pool);
    bench_report_version(plait_version());
    return 0;
}
