/* oneTBB: a task_group at every node, in an arena of two.
   subject: TBB task_group
   package: libtbb-dev
   pkg-config: tbb */
#include "forkjoin/forkjoin.h"
#include <tbb/task_arena.h>
#include <tbb/task_group.h>
#include <tbb/version.h>

static long fib(int n)
{
    if (n < 2) return n;
    long forked, called;
    tbb::task_group group;
    group.run([&forked, n] { forked = fib(n - 1); });
    called = fib(n - 2);
    group.wait();
    return forked + called;
}

int main()
{
    tbb::task_arena arena(WORKERS);
    arena.execute([] { forkjoin_measure(fib); });
    bench_report_version(TBB_runtime_version());
}
