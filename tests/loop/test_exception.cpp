/* Exceptions of C++ in coroutines: each has its own in flight. */
#include <plait.h>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string>

#define check(condition)                                                                                               \
    ((condition) ? (void)0                                                                                             \
                 : (std::fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition), std::abort()))

static int catch_own(const int *n)
{
    for (int i = 0; i < 3; i++) {
        try {
            throw std::runtime_error(std::to_string(*n));
        } catch (const std::exception &e) {
            check(plait_yield() == 0); /* the others throw and catch meanwhile */
            check(e.what() == std::to_string(*n));
            try {
                throw;
            } catch (const std::exception &again) {
                check(again.what() == std::to_string(*n));
            }
        }
        check(!std::current_exception());
        check(plait_yield() == 0);
    }
    return 0;
}
PLAIT_TASK(catch_own, int, void);

struct Witness {
    int *count;
    ~Witness()
    {
        check(std::uncaught_exceptions() == 1);
        check(plait_yield() == 0); /* in the middle of unwinding */
        check(std::uncaught_exceptions() == 1);
        ++*count;
    }
};
static int unwound;
static int unwind(const int *n)
{
    (void)n;
    try {
        Witness witness{ &unwound };
        throw 5;
    } catch (int five) {
        check(five == 5);
    }
    check(std::uncaught_exceptions() == 0);
    return 0;
}
PLAIT_TASK(unwind, int, void);

static int escape(const int *n) { throw std::out_of_range("no " + std::to_string(*n)); }
PLAIT_TASK(escape, int, void);

static int all()
{
    plait_future *f[30];
    for (int i = 0; i < 20; i++) f[i] = plait_spawn(catch_own, &i);
    for (int i = 20; i < 30; i++) f[i] = plait_spawn(unwind, &i);
    for (int i = 0; i < 30; i++) check(plait_await(f[i], nullptr) == 0);
    check(unwound == 10);
    int seven = 7;
    check(plait_await(plait_spawn(escape, &seven), nullptr) == PLAIT_EEXCEPTION);
    check(std::string(plait_error()->message).find("no 7") != std::string::npos);
    return 0;
}
PLAIT_TASK(all, void, void);

int main()
{
    check(plait_run(all, nullptr, nullptr) == 0);
    return 0;
}
