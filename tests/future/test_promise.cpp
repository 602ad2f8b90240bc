/* Promises and described structs from C++: the same calls, checked at compile time by templates. */
#include <plait.h>
#include "future/photo.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
extern "C" {
#include <cmocka.h>
}

namespace
{
enum class colour : int8_t { red, green };
struct label {
    char *text;
    colour shade;
    float weights[3];
};
PLAIT_TYPE(label_type, struct label, PLAIT_FIELD(struct label, text), PLAIT_FIELD(struct label, shade),
           PLAIT_FIELD(struct label, weights));

struct sheet {
    const char *title;
    label first, two[2];
    uint8_t count;
    label *labels;
    int *numbers;
};
PLAIT_TYPE(sheet_type, sheet, PLAIT_FIELD(sheet, title), PLAIT_FIELD_STRUCT(sheet, first, label_type),
           PLAIT_FIELD_STRUCT(sheet, two, label_type), PLAIT_FIELD_STRUCT_ARRAY(sheet, labels, count, label_type),
           PLAIT_FIELD_ARRAY(sheet, numbers, count));

int copy_sheet(const sheet *from, sheet *to) { return plait_type_copy(sheet_type, to, from); }
PLAIT_TASK_TYPED(copy_sheet, sheet, sheet, sheet_type);

int first_label(const sheet *from, label *to) { return plait_type_copy(label_type, to, &from->first); }
PLAIT_TASK_TYPED(first_label, sheet, label, sheet_type, label_type);

PLAIT_PROMISE(number, int);
PLAIT_PROMISE_TYPED(text_of, label, label_type);

void a_description_tells_each_field(void **)
{
    const plait_field *f = sheet_type.fields;
    assert_int_equal(sheet_type.field_count, 5);
    assert_string_equal(sheet_type.name, "sheet");
    assert_int_equal(f[0].kind, PLAIT_KIND_STRING);
    assert_true(f[1].kind == PLAIT_KIND_STRUCT && f[1].type == &label_type && f[1].length == 1);
    assert_true(f[2].length == 2 && f[2].size == sizeof(label));
    assert_true(f[3].length == 0 && f[3].count_offset == offsetof(sheet, count) && f[3].count_size == 1);
    assert_true(f[4].kind == PLAIT_KIND_SIGNED && f[4].size == sizeof(int));
    f = label_type.fields;
    assert_true(f[1].kind == PLAIT_KIND_SIGNED && f[1].size == 1);
    assert_true(f[2].kind == PLAIT_KIND_REAL && f[2].length == 3 && f[2].size == sizeof(float));
}

void described_structs_go_through_tasks(void **)
{
    char one[] = "one", two[] = "two";
    label labels[2] = { { two, colour::green, { 1, 2, 3 } }, { nullptr, colour::red, {} } };
    int numbers[2] = { 4, 5 };
    sheet in = {}, out = {};
    in.title = "sheet";
    in.first.text = one;
    in.count = 2;
    in.labels = labels;
    in.numbers = numbers;
    plait_executor *inline_executor = plait_inline_executor();
    assert_int_equal(plait_take(copy_sheet, plait_submit(inline_executor, copy_sheet, &in), &out), 0);
    assert_string_equal(out.labels[0].text, "two");
    assert_true(out.labels != labels && out.labels[0].shade == colour::green && out.numbers[1] == 5);
    plait_type_clear(sheet_type, &out);
    assert_null(out.labels);
    label first = {};
    assert_int_equal(plait_await(plait_submit(inline_executor, first_label, &in), &first), 0);
    assert_string_equal(first.text, "one");
    plait_type_clear(label_type, &first);
    int twice = 0, n = 21;
    assert_int_equal(plait_take(double_of, plait_submit(inline_executor, double_of, &n), &twice), 0);
    assert_int_equal(twice, 42);
}

void promises_are_kept(void **)
{
    plait_future *f;
    plait_promise *p = plait_promise_new(number, &f);
    int n = 7, out = 0;
    assert_int_equal(plait_promise_set(number, p, nullptr), PLAIT_EINVAL);
    assert_int_equal(plait_promise_set(number, p, &n), 0);
    plait_promise_free(p);
    assert_int_equal(plait_take(number, f, &out), 0);
    assert_int_equal(out, 7);
    p = plait_promise_new(text_of, &f);
    label said = {};
    said.text = strdup("said");
    assert_int_equal(plait_promise_set(text_of, p, &said), 0);
    plait_promise_free(p);
    assert_int_equal(plait_await(f, nullptr), 0);
}
} // namespace

int main()
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_description_tells_each_field),
        cmocka_unit_test(described_structs_go_through_tasks),
        cmocka_unit_test(promises_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
