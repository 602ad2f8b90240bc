/* The least: a plain ring of 1024, or one int, between two stacks; who finds it full or empty switches to the other.
   subject: limit ring and raw switch */
#include "channel/channel.h"
#include "switch/raw.h"

static void *putter, *getter;
static _Alignas(64) char stack[65536];
static int ring[1024];
static unsigned in, out, room;

static __attribute__((noinline)) void put(int item)
{
    while (in - out == room) raw_switch(&putter, getter);
    ring[in++ % 1024] = item;
}

static __attribute__((noinline)) int get(void)
{
    while (in == out) raw_switch(&getter, putter);
    return ring[out++ % 1024];
}

static void put_all(void)
{
    for (int i = 0; i < ITEMS; i++) put(i);
    raw_switch(&putter, getter);
}

int main(int argc, char **argv)
{
    room = channel_capacity(argc, argv) ? 1024 : 1;
    uint64_t start = bench_now();
    putter = raw_stack(stack + sizeof stack, put_all);
    for (int i = 0; i < ITEMS; i++) channel_sum += get();
    channel_report(start);
    bench_report_version(BENCH_COMPILER);
    return 0;
}
