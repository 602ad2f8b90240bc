/* coroutine.c: records of coroutines and the switch between them, with all who must be told of it: plait's own idea of
   the running context, C++'s of the exceptions in flight, and those of the sanitizers and valgrind of the stack. */
#include "coroutine/coroutine.h"
#include "base/memory.h"
#include "base/sanitizers.h"
#include <pthread.h>
#include <string.h>
#ifdef TSAN
#include <sanitizer/tsan_interface.h>
#endif
#ifdef ASAN
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/lsan_interface.h>
#endif
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define VALGRIND_STACK_REGISTER(start, end) (void)0
#define RUNNING_ON_VALGRIND 0
#endif

/* The sanitizers' frames are several times as large. */
#if defined ASAN || defined TSAN
enum { MULTIPLE = 4 };
#else
enum { MULTIPLE = 1 };
#endif
enum { WARM = 64, MOST = 1024 }; /* free ones whose pages are kept, and of how many the records are */

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static plait_coroutine *unused; /* each pointing to the next by `older` */
static size_t unused_count;
static struct plait_knock *knocks; /* of no coroutine, each pointing to the next */

static void before_fork(void) { pthread_mutex_lock(&guard); }
static void after_fork(void) { pthread_mutex_unlock(&guard); }
static void in_forked_child(void)
{
    unused = NULL; /* ThreadSanitizer takes them for the parent's threads */
    unused_count = 0;
    for (struct plait_knock *k = knocks; k;
         k = (struct plait_knock *)k->next) /* whoever was at work on one is not here */
        atomic_store_explicit(&k->coming, false, memory_order_relaxed);
    after_fork();
}
static void prepare(void) { pthread_atfork(before_fork, after_fork, in_forked_child); }

static struct plait_knock *take_knock(void)
{
    enum { MANY = 64 };
    pthread_mutex_lock(&guard);
    struct plait_knock *k = knocks;
    if (!k && (k = plait_allocate(MANY * sizeof *k)))
        for (unsigned i = 0; i + 1 < MANY; i++) k[i].next = (uintptr_t)&k[i + 1];
    if (k) knocks = (struct plait_knock *)k->next;
    pthread_mutex_unlock(&guard);
    return k;
}

static void give_back(struct plait_knock *k)
{
    if (!k) return;
    pthread_mutex_lock(&guard);
    k->next = (uintptr_t)knocks;
    knocks = k;
    pthread_mutex_unlock(&guard);
}

static plait_coroutine *take_unused(size_t size)
{
    pthread_once(&once, prepare);
    pthread_mutex_lock(&guard);
    plait_coroutine **at = &unused, *c;
    while ((c = *at) && c->stack.size < size) at = &c->older;
    if (c) {
        *at = c->older;
        unused_count--;
    }
    pthread_mutex_unlock(&guard);
    return c;
}

/* How far below the top the record lies: at one place in all pages it would be in the same few sets of the caches for all.
   Of one stack it is always the same, since who comes too late looks for it there. */
static size_t color(const struct plait_stack *stack)
{
    enum { LINE = 64, COLORS = 16 };
    return plait_stack_number(stack) % COLORS * LINE;
}

plait_coroutine *plait_coroutine_new(size_t size, const struct plait_parker_operations *operations,
                                     void (*entry)(void *))
{
    size *= MULTIPLE;
    plait_coroutine *c = take_unused(size);
    if (c) return c;
    struct plait_stack stack;
    struct plait_knock *knock = take_knock();
    if (!knock || !plait_stack_map(size, &stack)) {
        give_back(knock);
        return NULL;
    }
    char *top = stack.floor + stack.size;
    c = (void *)(top - ((sizeof *c + 63) & ~(size_t)63) - color(&stack));
    c->stack = stack;
    knock->coroutine = c;
    atomic_init(&c->knock, knock);
    c->parker.operations = operations;
    c->root.parker = c->inner.parker = &c->parker;
    c->root.inner = &c->inner;
    c->root.stack_floor = stack.floor + stack.size / 4;
    c->current = &c->root;
#ifdef ASAN
    __lsan_register_root_region(c, sizeof *c); /* what the record points to is in use: it is never unmapped */
#endif
    c->left_at = plait_stack_prepare(c, (size_t)((char *)c - stack.floor), entry, c);
    (void)VALGRIND_STACK_REGISTER(stack.floor, top);
#ifdef TSAN
    c->fiber = __tsan_create_fiber(0);
#endif
    return c;
}

/* Its record is zeros from then on, until it is made anew: who comes too late finds a parker without operations, or a
   context without a parker. Sanitizers and valgrind know it, and contexts deep inside hang on it: those stay. */
static bool may_drop(const plait_coroutine *c)
{
#if defined ASAN || defined TSAN
    (void)c;
    return false;
#else
    return !RUNNING_ON_VALGRIND && c->stack.guard && !c->inner.inner && !c->inner.record && !c->root.record;
#endif
}

void plait_coroutine_free(plait_coroutine *c)
{
    pthread_mutex_lock(&guard);
    bool cold = unused_count >= WARM, too_many = unused_count >= MOST;
    pthread_mutex_unlock(&guard);
    if (too_many && may_drop(c)) {
        struct plait_knock *knock = atomic_load_explicit(&c->knock, memory_order_relaxed);
        plait_stack_drop(c->stack);
        give_back(knock);
        return;
    }
    if (cold) plait_stack_trim(&c->stack, (char *)c->left_at - PLAIT_STACK_BELOW);
    pthread_mutex_lock(&guard);
    c->older = unused;
    unused = c;
    unused_count++;
    pthread_mutex_unlock(&guard);
}

/* Of the C++ runtime, where the program has one. */
extern void *__cxa_get_globals(void) __attribute__((weak));

void plait_coroutine_adopt(plait_coroutine *c)
{
    c->current = plait_current();
    c->globals = __cxa_get_globals ? __cxa_get_globals() : NULL;
#ifdef TSAN
    c->fiber = __tsan_get_current_fiber();
#endif
#ifdef ASAN
    pthread_attr_t attributes;
    void *floor;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0) return;
    if (pthread_attr_getstack(&attributes, &floor, &c->stack.size) == 0) c->stack.floor = floor;
    pthread_attr_destroy(&attributes);
#endif
}

int plait_coroutine_switch_told(plait_coroutine *from, plait_coroutine *to)
{
#ifdef ASAN
    __sanitizer_start_switch_fiber(&from->fake_stack, to->stack.floor, to->stack.size);
#endif
#ifdef TSAN
    __tsan_switch_to_fiber(to->fiber, 0);
#endif
    plait_stack_switch(&from->left_at, to->left_at);
#ifdef ASAN
    __sanitizer_finish_switch_fiber(from->fake_stack, NULL, NULL);
#endif
    return 0;
}

void plait_coroutine_arrived(void)
{
#ifdef ASAN
    __sanitizer_finish_switch_fiber(NULL, NULL, NULL);
#endif
}
