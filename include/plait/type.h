/* type.h: a struct that owns strings, buffers and arrays, described once, so that whole values of it can be copied, freed
   and carried elsewhere: as the argument or result of a task (PLAIT_TASK_TYPED), or by hand.

       struct photo { char *path; int32_t width; plait_bytes pixels; size_t tag_count; char **tags; };
       PLAIT_TYPE(photo_type, struct photo, PLAIT_FIELD(struct photo, path), PLAIT_FIELD(struct photo, width),
                  PLAIT_FIELD(struct photo, pixels), PLAIT_FIELD_ARRAY(struct photo, tags, tag_count));

   What holds for each value: a string ends in a NUL, any pointer may be NULL, and what is owned came from malloc, calloc,
   realloc or strdup, each piece by itself and owned once. Zero bytes are a value that owns nothing. */
#ifndef PLAIT_TYPE_H
#define PLAIT_TYPE_H

#include <plait/bytes.h>
PLAIT_BEGIN_DECLARATIONS

/* What a field, or each of its elements, or the argument or result of a task is. */
enum plait_kind {
    PLAIT_KIND_PLAIN, /* bytes that are copied as they are */
    PLAIT_KIND_BYTES, /* a plait_bytes, which owns its block */
    PLAIT_KIND_STRUCT,
    PLAIT_KIND_STRING, /* a char * or const char *, which owns its text */
    PLAIT_KIND_SIGNED, /* numbers: plain too, but it is known what their bytes mean */
    PLAIT_KIND_UNSIGNED,
    PLAIT_KIND_REAL
};

/* What the macros below make; other languages may fill tables by hand. They must live as long as what uses them. */
struct plait_type;
typedef struct plait_field {
    const char *name;
    const struct plait_type *type; /* of the elements, for PLAIT_KIND_STRUCT; else NULL */
    size_t offset;                 /* of the field in its struct */
    size_t size;                   /* of one element */
    size_t length;                 /* how many lie in place: 1, or an array's; 0: the field points to them */
    size_t count_offset;           /* for length 0: of the field that says how many */
    uint32_t count_size, count_kind;
    uint32_t kind, reserved_word;
    const void *reserved[2];
} plait_field;

typedef struct plait_type {
    const char *name; /* "struct photo" */
    size_t size;
    const plait_field *fields;
    size_t field_count;
    const void *reserved[4];
} plait_type;

/* Makes *to a copy of *from that owns copies of all that *from owns. What *to held before is not looked at. 0; or
   PLAIT_ENOMEM, and *to is zero bytes. By the macro the types of both are checked at compile time:
   plait_type_copy(photo_type, &copy, &photo). */
#define plait_type_copy(type, to, from)                                                                                \
    plait_type_copy_value(&type, PLAIT_TYPED_POINTER_(type, to), PLAIT_TYPED_CONSTANT_(type, from))
PLAIT_API int plait_type_copy_value(const plait_type *type, void *to, const void *from) PLAIT_MUST_CHECK;

/* Frees all that the value owns and makes it zero bytes. NULL is nothing. By the macro the type is checked at compile time:
   plait_type_clear(photo_type, &photo). */
#define plait_type_clear(type, value) plait_type_clear_value(&type, PLAIT_TYPED_POINTER_(type, value))
PLAIT_API void plait_type_clear_value(const plait_type *type, void *value);

PLAIT_END_DECLARATIONS

/* Describes struct type T (the whole of it, "struct photo") under the name `id`, once, at file scope or in a header. What
   is described is: */
#define PLAIT_TYPE(id, T, ...)                                                                                         \
    PLAIT_UNUSED_ typedef T id##_plait_type;                                                                           \
    PLAIT_INTERNAL_(PLAIT_FORWARD_ const plait_type id)                                                                \
    PLAIT_INTERNAL_(const plait_field id##_plait_fields[] = { __VA_ARGS__ })                                           \
    PLAIT_INTERNAL_(const plait_type id = { #T,                                                                        \
                                            sizeof(T),                                                                 \
                                            id##_plait_fields,                                                         \
                                            sizeof id##_plait_fields / sizeof *id##_plait_fields,                      \
                                            { NULL, NULL, NULL, NULL } })                                              \
    PLAIT_UNUSED_ typedef T id##_plait_type
#ifdef __cplusplus
#define PLAIT_INTERNAL_(...)                                                                                           \
    namespace                                                                                                          \
    {                                                                                                                  \
    PLAIT_UNUSED_ __VA_ARGS__;                                                                                         \
    }
#define PLAIT_FORWARD_ extern
#else
#define PLAIT_INTERNAL_(...) PLAIT_UNUSED_ static __VA_ARGS__;
#define PLAIT_FORWARD_
#endif

/* PLAIT_FIELD(T, member): a number, a string, a plait_bytes, a plain struct, or an array of one dimension of these, in
   place. Other pointers are refused (those inside of a plain struct or array are not looked at).
   PLAIT_FIELD_ARRAY(T, member, count): a pointer to as many of these as the integer field `count` says, which needs no
   line of its own. A negative count is none.
   PLAIT_FIELD_STRUCT(T, member, id): a struct in place that is described itself, before, as `id`; or an array of them.
   PLAIT_FIELD_STRUCT_ARRAY(T, member, count, id): a pointer to as many of these as `count` says; in a tree, of its own type.
   Fields that are left out are copied as they are, and do not reach other processes or machines. */
#define PLAIT_MEMBER_(T, member) (((T *)0)->member)
#define PLAIT_FIELD_(T, member, type, size, length, count_offset, count_size, count_kind, kind)                        \
    {                                                                                                                  \
#member, type, offsetof(T, member), size, length, count_offset, count_size, count_kind, kind, 0,               \
        {                                                                                                              \
            NULL, NULL                                                                                                 \
        }                                                                                                              \
    }
#define PLAIT_FIELD(T, member)                                                                                         \
    PLAIT_FIELD_(T, member, NULL, PLAIT_PLACE_SIZE_(T, member),                                                        \
                 sizeof PLAIT_MEMBER_(T, member) / PLAIT_PLACE_SIZE_(T, member) + PLAIT_PLACE_CHECK_(T, member), 0, 0, \
                 0, PLAIT_PLACE_KIND_(T, member))
#define PLAIT_FIELD_ARRAY(T, member, count)                                                                            \
    PLAIT_FIELD_(T, member, NULL, sizeof *PLAIT_MEMBER_(T, member), PLAIT_TARGET_CHECK_(T, member),                    \
                 offsetof(T, count), sizeof PLAIT_MEMBER_(T, count), PLAIT_COUNT_KIND_(T, count),                      \
                 PLAIT_TARGET_KIND_(T, member))
#define PLAIT_FIELD_STRUCT(T, member, id)                                                                              \
    PLAIT_FIELD_(T, member, &id, sizeof(id##_plait_type),                                                              \
                 sizeof PLAIT_MEMBER_(T, member) / sizeof(id##_plait_type) + PLAIT_STRUCT_CHECK_(T, member, id), 0, 0, \
                 0, PLAIT_KIND_STRUCT)
#define PLAIT_FIELD_STRUCT_ARRAY(T, member, count, id)                                                                 \
    PLAIT_FIELD_(T, member, &id, sizeof(id##_plait_type), PLAIT_STRUCTS_CHECK_(T, member, id), offsetof(T, count),     \
                 sizeof PLAIT_MEMBER_(T, count), PLAIT_COUNT_KIND_(T, count), PLAIT_KIND_STRUCT)

/* What is known of a member's type. The checks are 0, or an error at compile time. */
#ifdef __cplusplus
#include <type_traits>
extern "C++" {
template <class E, bool is_enum = std::is_enum<E>::value> struct plait_number_ {
    static constexpr uint32_t kind = std::is_floating_point<E>::value                              ? PLAIT_KIND_REAL
                                     : !std::is_integral<E>::value || std::is_same<E, char>::value ? PLAIT_KIND_PLAIN
                                     : std::is_signed<E>::value                                    ? PLAIT_KIND_SIGNED
                                                                : PLAIT_KIND_UNSIGNED;
};
template <class E> struct plait_number_<E, true> : plait_number_<typename std::underlying_type<E>::type> {
};
template <class E> struct plait_element_ {
    static constexpr uint32_t kind = std::is_same<E, plait_bytes>::value ? PLAIT_KIND_BYTES : plait_number_<E>::kind;
    static constexpr size_t check = 0;
    static_assert(std::is_trivially_copyable<E>::value, "a field must be trivially copyable");
    static_assert(!std::is_pointer<typename std::remove_all_extents<E>::type>::value,
                  "a pointer is a string, or described by PLAIT_FIELD_ARRAY or PLAIT_FIELD_STRUCT_ARRAY");
};
struct plait_string_ {
    static constexpr uint32_t kind = PLAIT_KIND_STRING;
    static constexpr size_t check = 0;
};
template <> struct plait_element_<char *> : plait_string_ {
};
template <> struct plait_element_<const char *> : plait_string_ {
};
template <class P> struct plait_target_ {
    static_assert(std::is_pointer<P>::value, "PLAIT_FIELD_ARRAY and PLAIT_FIELD_STRUCT_ARRAY are for pointers");
    typedef typename std::remove_const<typename std::remove_pointer<P>::type>::type element;
};
template <class N> struct plait_count_ {
    static_assert(std::is_integral<N>::value, "the count of an array must be an integer");
    static constexpr uint32_t kind = std::is_signed<N>::value ? PLAIT_KIND_SIGNED : PLAIT_KIND_UNSIGNED;
};
template <class A, class B> struct plait_same_ {
    static_assert(std::is_same<A, B>::value, "the member is not of the type that is described");
    static constexpr size_t check = 0;
};
template <class T> inline T *plait_typed_(T *value) { return value; }
template <class T> inline const T *plait_typed_constant_(const T *value) { return value; }
}
#define PLAIT_OF_(T, member) std::remove_reference<decltype(PLAIT_MEMBER_(T, member))>::type
#define PLAIT_PLACE_(T, member) plait_element_<std::remove_extent<PLAIT_OF_(T, member)>::type>
#define PLAIT_TARGET_(T, member) plait_target_<PLAIT_OF_(T, member)>::element
#define PLAIT_PLACE_SIZE_(T, member) sizeof(std::remove_extent<PLAIT_OF_(T, member)>::type)
#define PLAIT_PLACE_KIND_(T, member) PLAIT_PLACE_(T, member)::kind
#define PLAIT_PLACE_CHECK_(T, member) PLAIT_PLACE_(T, member)::check
#define PLAIT_TARGET_KIND_(T, member) plait_element_<PLAIT_TARGET_(T, member)>::kind
#define PLAIT_TARGET_CHECK_(T, member) plait_element_<PLAIT_TARGET_(T, member)>::check
#define PLAIT_COUNT_KIND_(T, count) plait_count_<PLAIT_OF_(T, count)>::kind
#define PLAIT_STRUCT_CHECK_(T, member, id)                                                                             \
    plait_same_<std::remove_extent<PLAIT_OF_(T, member)>::type, id##_plait_type>::check
#define PLAIT_STRUCTS_CHECK_(T, member, id) plait_same_<PLAIT_TARGET_(T, member), id##_plait_type>::check
#define PLAIT_TYPED_POINTER_(type, value) plait_typed_<type##_plait_type>(value)
#define PLAIT_TYPED_CONSTANT_(type, value) plait_typed_constant_<type##_plait_type>(value)
#else
/* clang-format off */
#define PLAIT_INTEGERS_(X)                                                                                             \
    X(signed char, SIGNED) X(short, SIGNED) X(int, SIGNED) X(long, SIGNED) X(long long, SIGNED)                        \
    X(unsigned char, UNSIGNED) X(unsigned short, UNSIGNED) X(unsigned, UNSIGNED) X(unsigned long, UNSIGNED)            \
    X(unsigned long long, UNSIGNED)
#define PLAIT_ELEMENTS_(X)                                                                                             \
    PLAIT_INTEGERS_(X) X(_Bool, UNSIGNED) X(float, REAL) X(double, REAL) X(long double, REAL)                          \
    X(plait_bytes, BYTES) X(char *, STRING) X(const char *, STRING)
/* clang-format on */
#define PLAIT_VALUE_IS_(type, kind) , type : PLAIT_KIND_##kind
#define PLAIT_TARGET_IS_(type, kind) , type * : PLAIT_KIND_##kind
#define PLAIT_PLACE_IS_(type, kind)                                                                                    \
    , type * : PLAIT_KIND_##kind + 8 * sizeof(type), type(*)[] : PLAIT_KIND_##kind + 8 * sizeof(type)
#define PLAIT_PLACE_(T, member)                                                                                        \
    _Generic(&PLAIT_MEMBER_(T, member) PLAIT_ELEMENTS_(PLAIT_PLACE_IS_), default                                       \
             : PLAIT_KIND_PLAIN + 8 * sizeof PLAIT_MEMBER_(T, member))
#define PLAIT_PLACE_SIZE_(T, member) (PLAIT_PLACE_(T, member) / 8)
#define PLAIT_PLACE_KIND_(T, member) (PLAIT_PLACE_(T, member) % 8)
#define PLAIT_TARGET_KIND_(T, member)                                                                                  \
    _Generic(PLAIT_MEMBER_(T, member) PLAIT_ELEMENTS_(PLAIT_TARGET_IS_), default : PLAIT_KIND_PLAIN)
#define PLAIT_COUNT_KIND_(T, count) _Generic(PLAIT_MEMBER_(T, count) PLAIT_INTEGERS_(PLAIT_VALUE_IS_))
#define PLAIT_REFUSE_(condition, words)                                                                                \
    (0 * sizeof(struct {                                                                                               \
         _Static_assert(!(condition), words);                                                                          \
         char unused;                                                                                                  \
     }))
#define PLAIT_POINTER_CLASS_ 5 /* what __builtin_classify_type says of a pointer, and of an array */
#define PLAIT_IS_POINTER_(e) (__builtin_classify_type(e) == PLAIT_POINTER_CLASS_)
#define PLAIT_IS_ARRAY_(e)                                                                                             \
    (PLAIT_IS_POINTER_(e) && !__builtin_types_compatible_p(__typeof__(e), __typeof__(1 ? (e) : (e))))
#define PLAIT_PLACE_CHECK_(T, member)                                                                                  \
    PLAIT_REFUSE_(PLAIT_PLACE_KIND_(T, member) == PLAIT_KIND_PLAIN && PLAIT_IS_POINTER_(PLAIT_MEMBER_(T, member)) &&   \
                      !PLAIT_IS_ARRAY_(PLAIT_MEMBER_(T, member)),                                                      \
                  #T "." #member " is a pointer: a string, or else for PLAIT_FIELD_ARRAY or PLAIT_FIELD_STRUCT_ARRAY")
#define PLAIT_TARGET_CHECK_(T, member)                                                                                 \
    (PLAIT_POINTS_CHECK_(T, member) +                                                                                  \
     PLAIT_REFUSE_(PLAIT_TARGET_KIND_(T, member) == PLAIT_KIND_PLAIN && PLAIT_IS_POINTER_(*PLAIT_MEMBER_(T, member)),  \
                   #T "." #member " points to pointers that are not strings"))
#define PLAIT_POINTS_CHECK_(T, member)                                                                                 \
    PLAIT_REFUSE_(PLAIT_IS_ARRAY_(PLAIT_MEMBER_(T, member)),                                                           \
                  #T "." #member " lies in place: PLAIT_FIELD or PLAIT_FIELD_STRUCT describes it")
#define PLAIT_STRUCT_CHECK_(T, member, id)                                                                             \
    _Generic(&PLAIT_MEMBER_(T, member), id##_plait_type * : 0, id##_plait_type(*)[] : 0)
#define PLAIT_STRUCTS_CHECK_(T, member, id)                                                                            \
    (PLAIT_POINTS_CHECK_(T, member) +                                                                                  \
     _Generic(PLAIT_MEMBER_(T, member), id##_plait_type * : 0, const id##_plait_type * : 0))
#define PLAIT_TYPED_POINTER_(type, value) _Generic(1 ? (value) : (type##_plait_type *)0, type##_plait_type * : (value))
#define PLAIT_TYPED_CONSTANT_(type, value)                                                                             \
    _Generic(1 ? (value) : (const type##_plait_type *)0, const type##_plait_type * : (value))
#endif

#endif
