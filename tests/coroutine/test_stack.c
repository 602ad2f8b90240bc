/* Stacks: their guards, their floating-point state, their being used again. */
#include "check.h"
#include "child.h"
#include "coroutine/stack.h"
#include "fault.h"
#include "on_valgrind.h"
#include "sanitizers.h"
#include <errno.h>
#include <fcntl.h>
#include <plait.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* The rounding, without libm. */
#if defined __x86_64__
enum { NEAREST = 0, UPWARD = 0x4000 };
static int rounding(void)
{
    unsigned word;
    __asm__ volatile("stmxcsr %0" : "=m"(word));
    return (int)(word & 0x6000);
}
static void set_rounding(int mode)
{
    unsigned word;
    __asm__ volatile("stmxcsr %0" : "=m"(word));
    word = (word & ~0x6000u) | (unsigned)mode;
    __asm__ volatile("ldmxcsr %0" : : "m"(word));
}
#elif defined __aarch64__
enum { NEAREST = 0, UPWARD = 1 << 22 };
static int rounding(void)
{
    uint64_t word;
    __asm__ volatile("mrs %0, fpcr" : "=r"(word));
    return (int)(word & 3 << 22);
}
static void set_rounding(int mode)
{
    uint64_t word;
    __asm__ volatile("mrs %0, fpcr" : "=r"(word));
    word = (word & ~(uint64_t)(3 << 22)) | (uint64_t)mode;
    __asm__ volatile("msr fpcr, %0" : : "r"(word));
}
#else
enum { NEAREST, UPWARD = NEAREST };
static int rounding(void) { return NEAREST; }
static void set_rounding(int mode) { (void)mode; }
#endif

static int round_upward(void)
{
    set_rounding(UPWARD);
    for (int i = 0; i < 3; i++) {
        check_code(plait_yield(), 0);
        check_number(rounding(), UPWARD);
    }
    set_rounding(NEAREST);
    return 0;
}
PLAIT_TASK(round_upward, void, void);
static int round_to_nearest(void)
{
    for (int i = 0; i < 3; i++) {
        check_number(rounding(), NEAREST);
        check_code(plait_yield(), 0);
    }
    return 0;
}
PLAIT_TASK(round_to_nearest, void, void);
static int round_in_both_ways(void)
{
    plait_future *up = plait_spawn(round_upward, NULL), *nearest = plait_spawn(round_to_nearest, NULL);
    check_code(plait_await(up, NULL), 0);
    return plait_await(nearest, NULL);
}
PLAIT_TASK(round_in_both_ways, void, void);

static void a_coroutine_keeps_its_rounding(void **unused)
{
    (void)unused;
    check_code(plait_run(round_in_both_ways, NULL, NULL), 0);
    check_number(rounding(), NEAREST);
}

static int registers(const int *seed)
{
    long a = *seed, b = a + 1, c = a + 2, d = a + 3, e = a + 4, f = a + 5;
    double x = (double)a, y = x + 1;
    for (int i = 0; i < 100; i++) {
        a += b, b += c, c += d, d += e, e += f, f++, x += y, y += 1;
        if (i % 10 == *seed % 10) check_code(plait_yield(), 0);
    }
    long same[] = { *seed, *seed + 1, *seed + 2, *seed + 3, *seed + 4, *seed + 5 };
    double u = *seed, v = u + 1;
    for (int i = 0; i < 100; i++) {
        for (int j = 0; j < 5; j++) same[j] += same[j + 1];
        same[5]++, u += v, v += 1;
    }
    check_number(a, same[0]);
    check_number(f, same[5]);
    check(x <= u && x >= u && y <= v && y >= v);
    return 0;
}
PLAIT_TASK(registers, int, void);
static int many_registers(void)
{
    plait_future *f[100];
    for (int i = 0; i < 100; i++) f[i] = plait_spawn(registers, &i);
    for (int i = 0; i < 100; i++) check_code(plait_await(f[i], NULL), 0);
    return 0;
}
PLAIT_TASK(many_registers, void, void);

static void a_switch_keeps_what_a_call_keeps(void **unused)
{
    (void)unused;
    check_code(plait_run(many_registers, NULL, NULL), 0);
}

/* Overflow. */

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
static int overflow_on_a_loop(void *unused)
{
    (void)unused;
    return plait_run(bottomless, NULL, NULL);
}
static int overflow_on_one_of_several(void *unused)
{
    (void)unused;
    plait_executor *loops =
        plait_multi_loop_executor_new(&(plait_multi_loop_options){ .loops = 2, .stack_size = 100000 });
    return plait_await(plait_submit(loops, bottomless, NULL), NULL);
}

/* What overflows is a system call's room, and its caller's frame: not a page of that was touched before. */
__attribute__((noinline)) static int read_deeper(int fd)
{
    char room[3000];
    if (read(fd, room, sizeof room) != (ssize_t)sizeof room) return -EIO;
    return read_deeper(fd) + room[7];
}
static int bottomless_reader(void) { return read_deeper(open("/dev/zero", O_RDONLY | O_CLOEXEC)); }
PLAIT_TASK(bottomless_reader, void, void);
static int overflow_in_system_calls(void *unused)
{
    (void)unused;
    return plait_run(bottomless_reader, NULL, NULL);
}

static void an_overflow_is_named(void **unused)
{
    (void)unused;
    child_stops(overflow_in_system_calls, NULL, "task bottomless_reader (");
    child_stops(overflow_on_a_loop, NULL, "task bottomless (");
    child_stops(overflow_on_a_loop, NULL, "KiB: does it call itself for ever");
    child_stops(overflow_on_one_of_several, NULL, "task bottomless (");
}

static void leave_by_7(int number, siginfo_t *info, void *machine)
{
    (void)number, (void)info, (void)machine;
    _exit(7);
}
static int fault(void)
{
    volatile int *nowhere = (int *)(uintptr_t)16;
    return *nowhere;
}
PLAIT_TASK(fault, void, void);
static int fault_elsewhere(void *handled)
{
    struct sigaction action = { .sa_sigaction = leave_by_7, .sa_flags = SA_SIGINFO };
    sigaction(SIGSEGV, handled ? &action : &(struct sigaction){ .sa_handler = SIG_DFL }, NULL);
    return plait_run(fault, NULL, NULL);
}

static void another_fault_is_left_to_whom_it_concerns(void **unused)
{
    (void)unused;
    char text[200];
    if (RUNNING_ON_VALGRIND) return; /* which takes such a fault for an error, rightly */
    int status = child_run(fault_elsewhere, &text, text, sizeof text);
    check(WIFEXITED(status) && WEXITSTATUS(status) == 7);
#if !defined ASAN && !defined TSAN
    status = child_run(fault_elsewhere, NULL, text, sizeof text);
    check(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
#endif
}

static void a_guard_refuses_the_kernel_too(void **unused)
{
    (void)unused;
    struct plait_stack stack;
    check(plait_stack_map(20000, &stack));
    check(stack.size >= 20000 && stack.guard >= 16 << 10);
    check_number((uintptr_t)(stack.floor + stack.size) % 4096, 0);
    memset(stack.floor, 1, stack.size);
    int ends[2];
    check_number(pipe(ends), 0);
    check_number(write(ends[1], stack.floor - 1, 1), -1);
    check_number(errno, EFAULT);
    check_number(write(ends[1], stack.floor - stack.guard, 1), -1);
    check_number(write(ends[1], stack.floor, 1), 1);
    close(ends[0]);
    close(ends[1]);
    plait_stack_trim(&stack, stack.floor + stack.size - 1);
    check_number(stack.floor[0], 0);
    check_number(stack.floor[stack.size - 1], 1); /* the top page stays */
    check(!plait_stack_map(SIZE_MAX, &stack));
}

/* The thread's stack. */

static void use_much(void *out)
{
    volatile char room[512 << 10]; /* eight stacks of a coroutine */
    for (size_t i = 0; i < sizeof room; i += 1024) room[i] = (char)i;
    *(int *)out = plait_fail(-EIO, "said on the thread's stack %d", room[1024]);
}
static int call_there(int *out)
{
    plait_call_on_thread_stack(use_much, out);
    check_code(*out, -EIO);
    check_contains(plait_error()->message, "said on the thread's stack");
    plait_call_on_thread_stack(use_much, out);
    return *out;
}
PLAIT_TASK(call_there, void, int);
static int several_call_there(void)
{
    plait_future *f[5];
    for (int i = 0; i < 5; i++) f[i] = plait_spawn(call_there, NULL);
    for (int i = 0; i < 5; i++) {
        check_code(plait_await(f[i], NULL), -EIO);
        check_string(plait_error()->task, "call_there");
    }
    return 0;
}
PLAIT_TASK(several_call_there, void, void);

static void what_needs_much_stack_is_called_on_the_thread_s(void **unused)
{
    (void)unused;
    int out = 0;
    check_code(plait_run(several_call_there, NULL, NULL), 0);
    check_code(call_there(&out), -EIO); /* in a plain thread: a call */
}

static void wait_there(void *unused)
{
    (void)unused;
    (void)!plait_sleep(PLAIT_SECOND); /* so long that it has to */
}
static int wait_on_the_thread_s_stack(void)
{
    plait_call_on_thread_stack(wait_there, NULL);
    return 0;
}
PLAIT_TASK(wait_on_the_thread_s_stack, void, void);
static int run_what_waits_there(void *unused)
{
    (void)unused;
    return plait_run(wait_on_the_thread_s_stack, NULL, NULL);
}

static void to_wait_there_stops_the_program(void **unused)
{
    (void)unused;
    child_stops(run_what_waits_there, NULL, "a task waited in a function that it had called on its thread's stack");
}

/* Use again. */

enum { CROWD = 2000 };
static plait_event go;
static int wait_to_go(void) { return plait_event_wait(&go, PLAIT_FOREVER); }
PLAIT_TASK(wait_to_go, void, void);
static int a_crowd(void)
{
    static plait_future *f[CROWD];
    plait_event_clear(&go);
    for (int i = 0; i < CROWD; i++) f[i] = plait_spawn(wait_to_go, NULL);
    check_code(plait_yield(), 0);
    plait_event_set(&go);
    for (int i = 0; i < CROWD; i++) check_code(plait_await(f[i], NULL), 0);
    return 0;
}
PLAIT_TASK(a_crowd, void, void);

static long mapped(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    check(file && fscanf(file, "%ld", &pages) == 1);
    fclose(file);
    return pages;
}

static void stacks_are_used_again(void **unused)
{
    (void)unused;
    check_code(plait_run(a_crowd, NULL, NULL), 0);
    long before = mapped();
    for (int i = 0; i < 5; i++) check_code(plait_run(a_crowd, NULL, NULL), 0);
    check(mapped() - before < CROWD / 2 * 20); /* of 20 pages each, not half as many more were made */
}

static int a_crowd_without_memory(void)
{
    static plait_future *f[CROWD];
    plait_event_set(&go);
    for (int i = 0; i < CROWD; i++) f[i] = plait_spawn(wait_to_go, NULL);
    fault_all("memory");
    check_code(plait_yield(), 0);
    fault_off();
    int failed = 0;
    for (int i = 0; i < CROWD; i++) {
        int err = plait_await(f[i], NULL);
        if (!err) continue;
        check_code(err, PLAIT_ENOMEM);
        check_contains(plait_error()->message, "no memory for the stack");
        failed++;
    }
    return failed;
}
PLAIT_TASK(a_crowd_without_memory, void, void);

static int in_a_child_with_no_stacks_yet(void *unused)
{
    (void)unused;
    (void)!plait_run(a_crowd_without_memory, NULL, NULL);
    return 0;
}

static void a_task_for_which_there_is_no_stack_fails(void **unused)
{
    (void)unused;
    char text[300];
    check_number(child_run(in_a_child_with_no_stacks_yet, NULL, text, sizeof text), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_coroutine_keeps_its_rounding),
        cmocka_unit_test(a_switch_keeps_what_a_call_keeps),
        cmocka_unit_test(an_overflow_is_named),
        cmocka_unit_test(another_fault_is_left_to_whom_it_concerns),
        cmocka_unit_test(a_guard_refuses_the_kernel_too),
        cmocka_unit_test(what_needs_much_stack_is_called_on_the_thread_s),
        cmocka_unit_test(to_wait_there_stops_the_program),
        cmocka_unit_test(stacks_are_used_again),
        cmocka_unit_test(a_task_for_which_there_is_no_stack_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
