/* task.h: makes a plain C function submittable. PLAIT_TASK(f, argument, result) stands once, after the function

       static int f(const argument *, result *);        returning 0 or a negative code; either type may be void

   (or after a prototype of it, for one that submits itself) and plait_submit(ex, f, &argument) then checks the argument's type at compile time. Arguments and results are values,
   copied in and out, so a pointer or array type is refused (what pointers a struct holds is not looked at: use
   PLAIT_LOCAL_TASK for those); plait_bytes carries blocks of memory, and PLAIT_TASK_TYPED structs that own some. The function must return: to leave
   it by pthread_exit stops the program. In C++ what the function throws becomes PLAIT_EEXCEPTION with its what(). */
#ifndef PLAIT_TASK_H
#define PLAIT_TASK_H

#include <plait/type.h>
PLAIT_BEGIN_DECLARATIONS

/* The argument holds pointers: for executors of this address space only. */
enum plait_task_flag { PLAIT_TASK_LOCAL = 1 };

/* What PLAIT_TASK makes; to be filled by other languages by hand. It must live as long as futures made of it. */
typedef struct plait_task {
    int (*run)(const void *argument, void *result);
    size_t argument_size, result_size;   /* 0: void */
    uint32_t argument_kind, result_kind; /* PLAIT_KIND_PLAIN, PLAIT_KIND_BYTES or PLAIT_KIND_STRUCT */
    uint32_t flags;
    uint32_t reserved_word;
    const char *name, *argument_type, *result_type;
    const plait_type *argument_description, *result_description; /* for PLAIT_KIND_STRUCT; else NULL */
    const void *reserved[2];
} plait_task;

/* Records `what` as the message of an exception and returns PLAIT_EEXCEPTION. For the thunks below. */
PLAIT_API int plait_exception_(const char *what);

PLAIT_END_DECLARATIONS

#define PLAIT_TASK(f, argument, result)                                                                                \
    PLAIT_TASK_1_(f, argument, result, PLAIT_IS_VOID_(argument), PLAIT_IS_VOID_(result), PLAIT_PLAIN_, 0,              \
                  PLAIT_KIND_OF_(argument), PLAIT_KIND_OF_(result), NULL, NULL)

/* The same for arguments that hold, or are, pointers: what they point to must live until the task has ended. Only
   executors of this address space take it; others fail the future with PLAIT_ENOTSUP. */
#define PLAIT_LOCAL_TASK(f, argument, result)                                                                          \
    PLAIT_TASK_1_(f, argument, result, PLAIT_IS_VOID_(argument), PLAIT_IS_VOID_(result), PLAIT_ANY_, PLAIT_TASK_LOCAL, \
                  PLAIT_KIND_OF_(argument), PLAIT_KIND_OF_(result), NULL, NULL)

/* In a header, for a function that another file defines: its prototype, and all that PLAIT_TASK makes, which is then not
   to be repeated. (A PLAIT_LOCAL_TASK or PLAIT_TASK_TYPED may stand in a header too, after a prototype.) */
#define PLAIT_TASK_DECLARE(f, argument, result)                                                                        \
    PLAIT_DECLARE_1_(f, argument, result, PLAIT_IS_VOID_(argument), PLAIT_IS_VOID_(result))                            \
    PLAIT_TASK(f, argument, result)

/* PLAIT_TASK_TYPED(f, argument, result, type) or (f, argument, result, type, type): a task whose argument or result is a
   struct that PLAIT_TYPE has described under the name `type`, or both are. All that the argument owns is copied at
   submit, in the future's own block, and freed with it. What a result owns belongs to the awaiter, who ends it with
   plait_type_clear; a result that is not taken, or that of a task that failed, is cleared. A description of neither the
   argument nor the result is an error at compile time. */
#define PLAIT_TASK_TYPED(f, argument, result, ...)                                                                     \
    PLAIT_TYPED_N_(PLAIT_THIRD_ARGUMENT_(__VA_ARGS__, 2, 1, ~), f, argument, result, __VA_ARGS__)
#define PLAIT_THIRD_ARGUMENT_(a, b, c, ...) c
#define PLAIT_TYPED_N_(n, ...) PLAIT_TYPED_NUMBER_(n, __VA_ARGS__)
#define PLAIT_TYPED_NUMBER_(n, ...) PLAIT_TYPED_##n##_(__VA_ARGS__)
#define PLAIT_TYPED_1_(f, A, R, type)                                                                                  \
    PLAIT_DESCRIBES_(f, A, R, type)                                                                                    \
    PLAIT_TASK_1_(f, A, R, PLAIT_IS_VOID_(A), PLAIT_IS_VOID_(R), PLAIT_PLAIN_, 0, PLAIT_KIND_WITH_(A, type),           \
                  PLAIT_KIND_WITH_(R, type), PLAIT_DESCRIPTION_(A, type, NULL), PLAIT_DESCRIPTION_(R, type, NULL))
#define PLAIT_TYPED_2_(f, A, R, type, other)                                                                           \
    PLAIT_DESCRIBES_(f, A, R, type)                                                                                    \
    PLAIT_DESCRIBES_(f, A, R, other)                                                                                   \
    PLAIT_TASK_1_(f, A, R, PLAIT_IS_VOID_(A), PLAIT_IS_VOID_(R), PLAIT_PLAIN_, 0,                                      \
                  PLAIT_IS_TYPE_(A, other) ? PLAIT_KIND_STRUCT : PLAIT_KIND_WITH_(A, type),                            \
                  PLAIT_IS_TYPE_(R, other) ? PLAIT_KIND_STRUCT : PLAIT_KIND_WITH_(R, type),                            \
                  PLAIT_DESCRIPTION_(A, type, PLAIT_DESCRIPTION_(A, other, NULL)),                                     \
                  PLAIT_DESCRIPTION_(R, type, PLAIT_DESCRIPTION_(R, other, NULL)))
#define PLAIT_KIND_WITH_(T, type) (PLAIT_IS_TYPE_(T, type) ? PLAIT_KIND_STRUCT : PLAIT_KIND_OF_(T))

/* Is the token `void`? */
#define PLAIT_SECOND_ARGUMENT_(a, b, ...) b
#define PLAIT_CHECK_(...) PLAIT_SECOND_ARGUMENT_(__VA_ARGS__, 0, ~)
#define PLAIT_PROBE_void ~, 1
#define PLAIT_IS_VOID_(type) PLAIT_CHECK_(PLAIT_PROBE_##type)

#define PLAIT_SIZE_0_(type) sizeof(type)
#define PLAIT_SIZE_1_(type) 0
#define PLAIT_PROTOTYPE_00_(f, A, R) int f(const A *, R *);
#define PLAIT_PROTOTYPE_01_(f, A, R) int f(const A *);
#define PLAIT_PROTOTYPE_10_(f, A, R) int f(R *);
#define PLAIT_PROTOTYPE_11_(f, A, R) int f(void);
#define PLAIT_DECLARE_1_(f, A, R, va, vr) PLAIT_DECLARE_2_(f, A, R, va, vr)
#define PLAIT_DECLARE_2_(f, A, R, va, vr) PLAIT_PROTOTYPE_##va##vr##_(f, A, R)
#define PLAIT_CALL_00_(f) f((const f##_plait_argument *)argument, (f##_plait_result *)result)
#define PLAIT_CALL_01_(f) ((void)result, f((const f##_plait_argument *)argument))
#define PLAIT_CALL_10_(f) ((void)argument, f((f##_plait_result *)result))
#define PLAIT_CALL_11_(f) ((void)argument, (void)result, f())

#ifdef __cplusplus
#include <exception>
#include <type_traits>
#define PLAIT_PLAIN_0_(f, T)                                                                                           \
    static_assert(std::is_trivially_copyable<T>::value && !std::is_pointer<T>::value,                                  \
                  #f ": " #T " must be plain data and no pointer (PLAIT_LOCAL_TASK allows pointers)");
#define PLAIT_ANY_0_(f, T)                                                                                             \
    static_assert(std::is_trivially_copyable<T>::value, #f ": " #T " must be trivially copyable");
#define PLAIT_KIND_OF_(T) (std::is_same<T, plait_bytes>::value ? PLAIT_KIND_BYTES : PLAIT_KIND_PLAIN)
#define PLAIT_IS_TYPE_(T, type) (std::is_same<T, type##_plait_type>::value)
#define PLAIT_DESCRIPTION_(T, type, otherwise) (PLAIT_IS_TYPE_(T, type) ? &type : otherwise)
#define PLAIT_DESCRIBES_(f, A, R, type)                                                                                \
    static_assert(PLAIT_IS_TYPE_(A, type) || PLAIT_IS_TYPE_(R, type),                                                  \
                  #f ": " #type " describes neither its argument nor its result");
#else
#define PLAIT_PLAIN_0_(f, T)                                                                                           \
    _Static_assert(!PLAIT_IS_POINTER_(*(T *)0), #f                                                                     \
                   ": " #T " is a pointer or an array: only plain data crosses (PLAIT_LOCAL_TASK allows pointers)");
#define PLAIT_ANY_0_(f, T)
#define PLAIT_KIND_OF_(T) _Generic((T *)0, plait_bytes * : PLAIT_KIND_BYTES, default : PLAIT_KIND_PLAIN)
#define PLAIT_IS_TYPE_(T, type) _Generic((T *)0, type##_plait_type * : 1, default : 0)
#define PLAIT_DESCRIPTION_(T, type, otherwise) _Generic((T *)0, type##_plait_type * : &type, default : otherwise)
#define PLAIT_DESCRIBES_(f, A, R, type)                                                                                \
    _Static_assert(PLAIT_IS_TYPE_(A, type) || PLAIT_IS_TYPE_(R, type),                                                 \
                   #f ": " #type " describes neither its argument nor its result");
#endif
#ifdef __cpp_exceptions /* C++, unless it is compiled without them */
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
#else
#define PLAIT_THUNK_(call)                                                                                             \
    {                                                                                                                  \
        return call;                                                                                                   \
    }
#endif
#define PLAIT_PLAIN_1_(f, T)
#define PLAIT_ANY_1_(f, T)

#define PLAIT_TASK_1_(f, A, R, va, vr, check, flags, a_kind, r_kind, a_type, r_type)                                   \
    PLAIT_TASK_2_(f, A, R, va, vr, check, flags, a_kind, r_kind, a_type, r_type)
#define PLAIT_TASK_2_(f, A, R, va, vr, check, flags, a_kind, r_kind, a_type, r_type)                                   \
    check##va##_(f, A) check##vr##_(f, R) PLAIT_UNUSED_ typedef A f##_plait_argument;                                  \
    PLAIT_UNUSED_ typedef R f##_plait_result;                                                                          \
    enum { f##_plait_argument_size = PLAIT_SIZE_##va##_(A), f##_plait_result_size = PLAIT_SIZE_##vr##_(R) };           \
    static int f##_plait_run(const void *argument, void *result) PLAIT_THUNK_(PLAIT_CALL_##va##vr##_(f))               \
        PLAIT_UNUSED_ static const plait_task f##_plait_task = {                                                       \
            f##_plait_run, PLAIT_SIZE_##va##_(A), PLAIT_SIZE_##vr##_(R), a_kind, r_kind, flags, 0, #f, #A, #R, a_type, \
            r_type,        { NULL, NULL }                                                                              \
        }

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
