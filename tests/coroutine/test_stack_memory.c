/* What very many stacks cost: pages, mappings, and what is left when they are not needed any more.

   Those in a forked child come first: whether the kernel has guards in page tables is found out once in a process. */
#include "check.h"
#include "child.h"
#include "coroutine/stack.h"
#include "fault.h"
#include "on_valgrind.h"
#include "park/parker.h"
#include "sanitizers.h"
#include <errno.h>
#include <plait.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined ASAN || defined TSAN
enum { CROWD = 1500, SANITIZED = 1 };
#else
enum { CROWD = 8000, SANITIZED = 0 };
#endif
enum { GUARD_INSTALL = 102 };

static bool refuses(const char *at)
{
    int ends[2];
    check_number(pipe(ends), 0);
    bool refused = write(ends[1], at, 1) < 0 && errno == EFAULT;
    close(ends[0]);
    close(ends[1]);
    return refused;
}

static long lines_of_maps(void)
{
    FILE *file = fopen("/proc/self/maps", "r");
    long lines = 0;
    check(file);
    for (int c; (c = getc(file)) != EOF;) lines += c == '\n';
    fclose(file);
    return lines;
}

/* Without guards in page tables. */

static volatile int depth;
__attribute__((noinline)) static int deeper(int n)
{
    volatile char room[512];
    room[0] = (char)n;
    depth = n;
    int below = depth < 0 ? 0 : deeper(n + 1);
    return below + room[0];
}
static int bottomless(void) { return deeper(0); }
PLAIT_TASK(bottomless, void, void);

static int overflow_with_mprotect(void *unused)
{
    (void)unused;
    fault_all("guard");
    return plait_run(bottomless, NULL, NULL);
}

static int guard_by_mprotect(void *unused)
{
    (void)unused;
    struct plait_stack stack;
    fault_all("guard");
    for (int i = 0; i < 50; i++) {
        check(plait_stack_map(20000, &stack));
        check(stack.guard >= 16 << 10);
        check(refuses(stack.floor - 1));
        check(refuses(stack.floor - stack.guard));
        check(!refuses(stack.floor));
    }
    return 0;
}

static void without_guards_in_page_tables_mprotect_serves(void **unused)
{
    (void)unused;
    char text[300];
    check_number(child_run(guard_by_mprotect, NULL, text, sizeof text), 0);
    child_stops(overflow_with_mprotect, NULL, "task bottomless (");
}

static int no_more_mappings(void *unused)
{
    (void)unused;
    struct plait_stack stack;
    fault_all("guard");
    check(plait_stack_map(20000, &stack) && stack.guard);
    fault_all("mapping");
    for (int i = 0; i < 20; i++) {
        check(plait_stack_map(20000, &stack));
        check_number(stack.guard, 0);
        memset(stack.floor, 1, stack.size);
        plait_stack_drop(stack); /* not to be handed out as one with a guard */
    }
    fault_off();
    check(plait_stack_map(20000, &stack) && stack.guard && refuses(stack.floor - 1));
    return 0;
}

static void where_there_are_no_more_mappings_stacks_have_no_guard_which_is_said_once(void **unused)
{
    (void)unused;
    char text[600];
    check_number(child_run(no_more_mappings, NULL, text, sizeof text), 0);
    check_contains(text, "vm.max_map_count");
    check(!strstr(strstr(text, "vm.max_map_count") + 1, "vm.max_map_count"));
}

static int use_up_mappings(void *limit)
{
    struct plait_stack stack;
    long most = *(long *)limit, stacks = 0;
    fault_all("guard");
    do check(plait_stack_map(4096, &stack));
    while (stack.guard && ++stacks < most);
    check(stacks < most && stacks > most / 8);
    check(lines_of_maps() < most - most / 8); /* some are left for all others */
    return 0;
}

static void guards_leave_mappings_for_all_others(void **unused)
{
    (void)unused;
    char text[600] = "";
    FILE *file = fopen("/proc/sys/vm/max_map_count", "r");
    bool known = file && fgets(text, sizeof text, file);
    if (file) fclose(file);
    long most = strtol(text, NULL, 10);
    if (!known || most > 70000 || SANITIZED || RUNNING_ON_VALGRIND) return; /* it would take long */
    check_number(child_run(use_up_mappings, &most, text, sizeof text), 0);
    check_contains(text, "have no guard");
}

/* Very many. */

static long asleep;
static int sleep_long(void)
{
    asleep++;
    return plait_sleep(PLAIT_SECOND * 100000) == PLAIT_ECANCELED ? 0 : -EIO;
}
PLAIT_TASK(sleep_long, void, void);

static bool installs(void)
{
    void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    check(at != MAP_FAILED);
    bool does = madvise(at, 4096, GUARD_INSTALL) == 0 && refuses(at);
    munmap(at, 4096);
    return does;
}

static int crowd_asleep(void)
{
    long before = lines_of_maps();
    for (int i = 0; i < CROWD; i++) plait_future_detach(plait_spawn(sleep_long, NULL));
    while (asleep < CROWD) check_code(plait_yield(), 0);
    long more = lines_of_maps() - before;
    if (installs()) check(more < CROWD / 20 || SANITIZED); /* they make some for each */
    else check(more < 2 * CROWD + CROWD / 20 || SANITIZED);
    return 0; /* the others are cancelled */
}
PLAIT_TASK(crowd_asleep, void, void);

static void a_crowd_that_sleeps_needs_few_mappings(void **unused)
{
    (void)unused;
    if (RUNNING_ON_VALGRIND) return; /* which has its own */
    check_code(plait_run(crowd_asleep, NULL, NULL), 0);
}

/* Afterwards. */

static void a_stack_that_was_dropped_is_zeros_and_comes_again_with_its_guard(void **unused)
{
    (void)unused;
    enum { STACKS = 100, SIZE = 12345 };
    struct plait_stack stacks[STACKS], again;
    for (int i = 0; i < STACKS; i++) {
        check(plait_stack_map(SIZE, &stacks[i]));
        memset(stacks[i].floor, i + 1, stacks[i].size);
    }
    for (int i = 0; i < STACKS; i += 3) plait_stack_drop(stacks[i]);
    for (int i = 0; i < STACKS; i += 3) {
        check(plait_stack_map(SIZE, &again));
        int n = 0;
        while (n < STACKS && stacks[n].floor != again.floor) n++;
        check(n < STACKS && n % 3 == 0);
        stacks[n].floor = NULL; /* each once */
        check(again.size == stacks[n].size && again.guard == stacks[n].guard);
        for (size_t at = 0; at < again.size; at++) check_number(again.floor[at], 0);
        check(refuses(again.floor - 1));
        memset(again.floor, 1, again.size);
    }
    for (int i = 0; i < STACKS; i++) check(!stacks[i].floor || stacks[i].floor[5] == i + 1);
    check(plait_stack_map(SIZE, &again));
    for (int i = 0; i < STACKS; i++) check(stacks[i].floor != again.floor);
}

static void who_unparks_one_that_has_gone_does_nothing(void **unused)
{
    (void)unused;
    plait_parker zeros;
    memset(&zeros, 0, sizeof zeros);
    plait_unpark(&zeros);
    check_number(atomic_load(&zeros.state), PLAIT_EMPTY);
}

static long resident(void)
{
    char text[200], *second;
    FILE *file = fopen("/proc/self/statm", "r");
    check(file && fgets(text, sizeof text, file));
    fclose(file);
    strtol(text, &second, 10);
    return strtol(second, NULL, 10);
}

/* The loop gives them back when it has nothing else to do. */
static int look_at_memory(void)
{
    plait_future *f[CROWD];
    long before = resident();
    for (int round = 0; round < 3; round++) {
        asleep = 0;
        for (int i = 0; i < CROWD; i++) f[i] = plait_spawn(sleep_long, NULL);
        while (asleep < CROWD) check_code(plait_yield(), 0);
        check(resident() - before > CROWD / 2 || SANITIZED);
        for (int i = 0; i < CROWD; i++) plait_future_cancel(f[i]);
        for (int i = 0; i < CROWD; i++) check_code(plait_await(f[i], NULL), 0);
        while (resident() - before > CROWD / 2 && !SANITIZED) check_code(plait_sleep(PLAIT_MILLISECOND), 0);
    }
    return 0;
}
PLAIT_TASK(look_at_memory, void, void);

static void what_a_crowd_needed_is_given_back(void **unused)
{
    (void)unused;
    if (RUNNING_ON_VALGRIND) return;
    plait_executor *roomy =
        plait_multi_loop_executor_new(&(plait_multi_loop_options){ .loops = 1, .stack_size = 512 << 10 });
    check_code(plait_await(plait_submit(roomy, look_at_memory, NULL), NULL), 0);
    plait_executor_free(roomy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_guards_in_page_tables_mprotect_serves),
        cmocka_unit_test(where_there_are_no_more_mappings_stacks_have_no_guard_which_is_said_once),
        cmocka_unit_test(guards_leave_mappings_for_all_others),
        cmocka_unit_test(a_crowd_that_sleeps_needs_few_mappings),
        cmocka_unit_test(a_stack_that_was_dropped_is_zeros_and_comes_again_with_its_guard),
        cmocka_unit_test(who_unparks_one_that_has_gone_does_nothing),
        cmocka_unit_test(what_a_crowd_needed_is_given_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
