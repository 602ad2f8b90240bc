/* task.h: makes a plain C function submittable. PLAIT_TASK(f, argument, result) stands once, after the function

       static int f(const argument *, result *);        returning 0 or a negative code; either type may be void

   (or after a prototype of it, for one that submits itself) and plait_submit(ex, f, &argument) then checks the argument's type at compile time. Arguments and results are values,
   copied in and out, so a pointer or array type is refused (what pointers a struct holds is not looked at: use
   PLAIT_LOCAL_TASK for those); plait_bytes carries blocks of memory. The function must return: leaving it by
   pthread_exit leaves its future for ever undone. In C++ what the function throws
   becomes PLAIT_EEXCEPTION with its what(). */
#ifndef PLAIT_TASK_H
#define PLAIT_TASK_H

#include <plait/bytes.h>
PLAIT_BEGIN_DECLARATIONS

/* The result or argument is copied as it is, or is a plait_bytes whose block is copied and freed with it. */
enum plait_task_kind { PLAIT_KIND_PLAIN, PLAIT_KIND_BYTES };

/* The argument holds pointers: for executors of this address space only. */
enum plait_task_flag { PLAIT_TASK_LOCAL = 1 };

/* What PLAIT_TASK makes; to be filled by other languages by hand. It must live as long as futures made of it. */
typedef struct plait_task {
    int (*run)(const void *argument, void *result);
    size_t argument_size, result_size; /* 0: void */
    uint32_t argument_kind, result_kind;
    uint32_t flags;
    uint32_t reserved_word;
    const char *name, *argument_type, *result_type;
    const void *reserved[4];
} plait_task;

/* Records `what` as the message of an exception and returns PLAIT_EEXCEPTION. For the thunks below. */
PLAIT_API int plait_exception_(const char *what);

PLAIT_END_DECLARATIONS

#define PLAIT_TASK(f, argument, result)                                                                                \
    PLAIT_TASK_1_(f, argument, result, PLAIT_IS_VOID_(argument), PLAIT_IS_VOID_(result), PLAIT_PLAIN_, 0)

/* The same for arguments that hold, or are, pointers: what they point to must live until the task has ended. Only
   executors of this address space take it; others fail the future with PLAIT_ENOTSUP. */
#define PLAIT_LOCAL_TASK(f, argument, result)                                                                          \
    PLAIT_TASK_1_(f, argument, result, PLAIT_IS_VOID_(argument), PLAIT_IS_VOID_(result), PLAIT_ANY_, PLAIT_TASK_LOCAL)

/* Is the token `void`? */
#define PLAIT_SECOND_ARGUMENT_(a, b, ...) b
#define PLAIT_CHECK_(...) PLAIT_SECOND_ARGUMENT_(__VA_ARGS__, 0, ~)
#define PLAIT_PROBE_void ~, 1
#define PLAIT_IS_VOID_(type) PLAIT_CHECK_(PLAIT_PROBE_##type)

#define PLAIT_SIZE_0_(type) sizeof(type)
#define PLAIT_SIZE_1_(type) 0
#define PLAIT_KIND_1_(type) PLAIT_KIND_PLAIN
#define PLAIT_CALL_00_(f) f((const f##_plait_argument *)argument, (f##_plait_result *)result)
#define PLAIT_CALL_01_(f) ((void)result, f((const f##_plait_argument *)argument))
#define PLAIT_CALL_10_(f) ((void)argument, f((f##_plait_result *)result))
#define PLAIT_CALL_11_(f) ((void)argument, (void)result, f())

#ifdef __cplusplus
#include <exception>
#include <type_traits>
#define PLAIT_THUNK_(call)                                                                                             \
    {                                                                                                                  \
        try {                                                                                                          \
            return call;                                                                                               \
        } catch (const std::exception &exception) {                                                                    \
            return plait_exception_(exception.what());                                                                 \
        } catch (...) {                                                                                                \
            return plait_exception_("not a std::exception");                                                           \
        }                                                                                                              \
    }
#define PLAIT_PLAIN_0_(f, T)                                                                                           \
    static_assert(std::is_trivially_copyable<T>::value && !std::is_pointer<T>::value,                                  \
                  #f ": " #T " must be plain data and no pointer (PLAIT_LOCAL_TASK allows pointers)");
#define PLAIT_ANY_0_(f, T)                                                                                             \
    static_assert(std::is_trivially_copyable<T>::value, #f ": " #T " must be trivially copyable");
#define PLAIT_KIND_0_(T) (std::is_same<T, plait_bytes>::value ? PLAIT_KIND_BYTES : PLAIT_KIND_PLAIN)
#else
#define PLAIT_THUNK_(call)                                                                                             \
    {                                                                                                                  \
        return call;                                                                                                   \
    }
#define PLAIT_POINTER_CLASS_ 5 /* what __builtin_classify_type says of a pointer */
#define PLAIT_PLAIN_0_(f, T)                                                                                           \
    _Static_assert(__builtin_classify_type(*(T *)0) != PLAIT_POINTER_CLASS_, #f                                        \
                   ": " #T " is a pointer or an array: only plain data crosses (PLAIT_LOCAL_TASK allows pointers)");
#define PLAIT_ANY_0_(f, T)
#define PLAIT_KIND_0_(T) _Generic((T *)0, plait_bytes * : PLAIT_KIND_BYTES, default : PLAIT_KIND_PLAIN)
#endif
#define PLAIT_PLAIN_1_(f, T)
#define PLAIT_ANY_1_(f, T)

#define PLAIT_TASK_1_(f, A, R, va, vr, check, flags) PLAIT_TASK_2_(f, A, R, va, vr, check, flags)
#define PLAIT_TASK_2_(f, A, R, va, vr, check, flags)                                                                   \
    check##va##_(f, A) check##vr##_(f, R) PLAIT_UNUSED_ typedef A f##_plait_argument;                                  \
    PLAIT_UNUSED_ typedef R f##_plait_result;                                                                          \
    enum { f##_plait_argument_size = PLAIT_SIZE_##va##_(A), f##_plait_result_size = PLAIT_SIZE_##vr##_(R) };           \
    static int f##_plait_run(const void *argument, void *result) PLAIT_THUNK_(PLAIT_CALL_##va##vr##_(f))               \
        PLAIT_UNUSED_ static const plait_task f##_plait_task = { f##_plait_run,                                        \
                                                                 PLAIT_SIZE_##va##_(A),                                \
                                                                 PLAIT_SIZE_##vr##_(R),                                \
                                                                 PLAIT_KIND_##va##_(A),                                \
                                                                 PLAIT_KIND_##vr##_(R),                                \
                                                                 flags,                                                \
                                                                 0,                                                    \
                                                                 #f,                                                   \
                                                                 #A,                                                   \
                                                                 #R,                                                   \
                                                                 { NULL, NULL, NULL, NULL } }

/* Where a result goes, or an array of them, as a void *; NULL for nowhere. An error at compile time when its type is not
   the task's. */
#ifdef __cplusplus
extern "C++" {
template <class R, class O> inline void *plait_result_(O *result)
{
    static_assert(std::is_same<R, O>::value, "the room given is not of the type of the task's result");
    return result;
}
template <class R> inline void *plait_result_(decltype(nullptr)) { return nullptr; }
}
#define PLAIT_RESULT_(f, out) plait_result_<f##_plait_result>(out)
#else
#define PLAIT_RESULT_(f, out) ((void *)_Generic(1 ? (out) : (f##_plait_result *)0, f##_plait_result * : (out)))
#endif

/* The argument as a const void *, an error at compile time when its type is not the task's. */
#ifdef __cplusplus
extern "C++" {
template <class A> inline const void *plait_argument_(const A *argument) { return argument; }
}
#define PLAIT_ARGUMENT_(f, ...) plait_argument_<f##_plait_argument>(__VA_ARGS__)
#else
#define PLAIT_ARGUMENT_(f, ...)                                                                                        \
    _Generic((__VA_ARGS__), f##_plait_argument * : (__VA_ARGS__), const f##_plait_argument * : (__VA_ARGS__))
#endif

#endif
