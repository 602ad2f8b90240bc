/* test_value.c: values of any shape: made, read, shown, and as CBOR there and back. */
#include "check.h"
#include "fault.h"
#include <float.h>
#include <math.h>
#include <plait/value.h>

static plait_value *sample(void)
{
    plait_value *v = plait_value_map(), *list = plait_value_list(), *inner = plait_value_map();
    int err = plait_value_append(list, plait_value_integer(-1));
    if (!err) err = plait_value_append(list, plait_value_real(0.1));
    if (!err) err = plait_value_append(list, plait_value_none());
    if (!err) err = plait_value_append(list, plait_value_boolean(true));
    if (!err) err = plait_value_append(list, plait_value_bytes("\x01\xff", 2));
    if (!err) err = plait_value_set(inner, "one", plait_value_integer(1));
    if (!err) err = plait_value_set(v, "text", plait_value_text("say \"hi\"\n"));
    if (!err) err = plait_value_set(v, "list", list);
    if (!err) err = plait_value_set(v, "", inner);
    if (!err) err = plait_value_set(v, "empty", plait_value_list());
    check_code(err, 0);
    return v;
}

static void check_shown(const plait_value *v, const char *expected)
{
    char text[256];
    check_number(plait_value_describe(v, text, sizeof text), strlen(expected));
    check_string(text, expected);
}

static const char shown[] =
    "{\"text\": \"say \\\"hi\\\"\\n\", \"list\": [-1, 0.1, null, true, <01ff>], \"\": {\"one\": 1}, "
    "\"empty\": []}";

static void a_value_is_shown(void **unused)
{
    (void)unused;
    plait_value *v = sample();
    check_shown(v, shown);
    char cut[8];
    check_number(plait_value_describe(v, cut, sizeof cut), strlen(shown));
    check_string(cut, "{\"text\"");
    check_number(plait_value_describe(v, NULL, 0), strlen(shown));
    plait_value_free(v);
}

static void a_value_is_read(void **unused)
{
    (void)unused;
    plait_value *v = sample();
    int64_t integer;
    double real;
    bool boolean;
    const char *text;
    const void *data;
    size_t size;
    check_number(plait_value_count(v), 4);
    const plait_value *list = plait_value_find(v, "list");
    check_code(plait_value_get_integer(plait_value_at(list, 0), &integer), 0);
    check_number(integer, -1);
    check_code(plait_value_get_real(plait_value_at(list, 0), &real), 0); /* an integer too */
    check(real == -1);
    check_code(plait_value_get_real(plait_value_at(list, 1), &real), 0);
    check(real == 0.1);
    check_code(plait_value_get_integer(plait_value_at(list, 1), &integer), PLAIT_EINVAL);
    check_string(plait_error()->message, "a real, where an integer is asked for");
    check_code(plait_value_get_boolean(plait_value_at(list, 3), &boolean), 0);
    check(boolean);
    check_code(plait_value_get_bytes(plait_value_at(list, 4), &data, &size), 0);
    check(size == 2 && memcmp(data, "\x01\xff", 2) == 0);
    check(!plait_value_at(list, 5));
    check_code(plait_value_get_text(plait_value_find(v, "text"), &text, NULL), 0);
    check_string(text, "say \"hi\"\n");
    check_code(plait_value_get_text(plait_value_find(v, "none such"), &text, NULL), PLAIT_EINVAL);
    check_string(plait_error()->message, "no value, where a text is asked for");
    check_string(plait_value_key_at(v, 1), "list");
    check(!plait_value_key_at(v, 4) && !plait_value_key_at(list, 0) && !plait_value_find(list, "x"));
    check_code(plait_value_set(v, "list", plait_value_none()), 0); /* in place of what was there */
    check_number(plait_value_count(v), 4);
    check(plait_value_get_kind(plait_value_at(v, 1)) == PLAIT_VALUE_NONE);
    plait_value_free(v);
    plait_value_free(NULL);
}

static plait_value *there_and_back(plait_value *v)
{
    plait_bytes b;
    plait_value *back;
    check_code(plait_value_encode(v, &b), 0);
    check_code(plait_value_decode(b.data, b.size, &back), 0);
    plait_bytes_clear(&b);
    plait_value_free(v);
    return back;
}

static void values_come_back_from_cbor(void **unused)
{
    (void)unused;
    plait_value *v = there_and_back(sample());
    check_shown(v, shown);
    plait_value_free(v);
    static const int64_t integers[] = { 0, 23, 24, 255, 256, 65536, INT64_MAX, -1, -24, -25, -256, -257, INT64_MIN };
    for (size_t i = 0; i < sizeof integers / sizeof *integers; i++) {
        int64_t back;
        v = there_and_back(plait_value_integer(integers[i]));
        check_code(plait_value_get_integer(v, &back), 0);
        check_number(back, integers[i]);
        plait_value_free(v);
    }
    static const double reals[] = { 0, -0.0, 1.5, DBL_MAX, DBL_TRUE_MIN, 0.1, INFINITY };
    for (size_t i = 0; i < sizeof reals / sizeof *reals; i++) {
        double back;
        v = there_and_back(plait_value_real(reals[i]));
        check_code(plait_value_get_real(v, &back), 0);
        check(back == reals[i] && signbit(back) == signbit(reals[i]));
        plait_value_free(v);
    }
    char *large = calloc(1, 100000);
    check(large);
    v = there_and_back(plait_value_bytes(large, 100000));
    const void *data;
    size_t size;
    check_code(plait_value_get_bytes(v, &data, &size), 0);
    check_number(size, 100000);
    plait_value_free(v);
    free(large);
}

/* Of RFC 8949, appendix A, and some that are wrong. */
static void cbor_of_others_is_read_or_refused(void **unused)
{
    (void)unused;
    static const struct {
        const char *bytes;
        size_t size;
        const char *shown; /* or why it is refused */
    } cases[] = {
        { "\xf9\x3c\x00", 3, "1.0" },
        { "\xfa\x47\xc3\x50\x00", 5, "100000.0" },
        { "\x9f\x01\x82\x02\x03\x9f\x04\x05\xff\xff", 10, "[1, [2, 3], [4, 5]]" },
        { "\xbf\x61\x61\x01\x61\x62\x9f\x02\x03\xff\xff", 11, "{\"a\": 1, \"b\": [2, 3]}" },
        { "\xa2\x61\x61\x01\x61\x62\x82\x02\x03", 9, "{\"a\": 1, \"b\": [2, 3]}" },
        { "\x80", 1, "[]" },
        { "\xa0", 1, "{}" },
        { "\x60", 1, "\"\"" },
        { "", 0, "0 bytes that are no value: at byte 0 there is the end of the bytes" },
        { "\x82\x01", 2, "2 bytes that are no value: at byte 2 there is the end of the bytes" },
        { "\x01\x02", 2, "2 bytes that are no value: at byte 1 there is something behind the value" },
        { "\x62\x61", 2, "2 bytes that are no value: at byte 0 there is the end of the bytes" },
        { "\x1b\xff\xff\xff\xff\xff\xff\xff\xff", 9,
          "9 bytes that are no value: at byte 0 there is a number that is too large" },
        { "\x3b\x80\x00\x00\x00\x00\x00\x00\x00", 9,
          "9 bytes that are no value: at byte 0 there is a number that is too small" },
        { "\xc1\x01", 2, "2 bytes that are no value: at byte 0 there is a tag" },
        { "\xf7", 1, "1 bytes that are no value: at byte 0 there is an undefined value" },
        { "\x5f\x41\x01\xff", 4, "4 bytes that are no value: at byte 0 there is a text or bytes in pieces" },
        { "\xa1\x01\x02", 3, "3 bytes that are no value: at byte 1 there is a key that is no text" },
        { "\xa2\x61\x61\x01\x61\x61\x02", 7, "7 bytes that are no value: at byte 6 there is a key that comes twice" },
        { "\xa1\x61\x00\x01", 4, "4 bytes that are no value: at byte 1 there is a key with a NUL in it" },
        { "\xff", 1, "1 bytes that are no value: at byte 0 there is an end of what has not begun" },
        { "\xbf\x61\x61\xff", 4, "4 bytes that are no value: at byte 3 there is an end of what has not begun" },
        { "\x9b\x00\x00\x00\xff\xff\xff\xff\xff", 9,
          "9 bytes that are no value: at byte 0 there is a count of more than there is" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        plait_value *v;
        int err = plait_value_decode(cases[i].bytes, cases[i].size, &v);
        if (strstr(cases[i].shown, "no value")) {
            check_code(err, PLAIT_EPROTOCOL);
            check_string(plait_error()->message, cases[i].shown);
            check(!v);
        } else {
            check_code(err, 0);
            check_shown(v, cases[i].shown);
            plait_value_free(v);
        }
    }
}

static void what_is_cut_or_changed_never_hurts(void **unused)
{
    (void)unused;
    plait_value *v = sample(), *back;
    plait_bytes b;
    check_code(plait_value_encode(v, &b), 0);
    for (size_t size = 0; size < b.size; size++) {
        char *cut = malloc(size + !size);
        check(cut);
        memcpy(cut, b.data, size);
        check_code(plait_value_decode(cut, size, &back), PLAIT_EPROTOCOL);
        free(cut);
    }
    for (size_t at = 0; at < b.size; at++)
        for (unsigned byte = 0; byte < 256; byte++) {
            unsigned char before = ((unsigned char *)b.data)[at];
            ((unsigned char *)b.data)[at] = (unsigned char)byte;
            int err = plait_value_decode(b.data, b.size, &back);
            check(err == 0 || err == PLAIT_EPROTOCOL);
            plait_value_free(back);
            ((unsigned char *)b.data)[at] = before;
        }
    plait_bytes_clear(&b);
    plait_value_free(v);
}

static void what_is_too_deep_is_refused_and_freed(void **unused)
{
    (void)unused;
    plait_value *v = plait_value_list(), *back;
    plait_bytes b;
    for (int depth = 1; depth < 128; depth++) {
        plait_value *outer = plait_value_list();
        check_code(plait_value_append(outer, v), 0);
        v = outer;
    }
    v = there_and_back(v);
    for (int depth = 128; depth < 1000000; depth++) {
        plait_value *outer = plait_value_list();
        check_code(plait_value_append(outer, v), 0);
        v = outer;
    }
    check_code(plait_value_encode(v, &b), PLAIT_ETOOLARGE);
    plait_value_free(v);
    char *deep = malloc(1000000);
    check(deep);
    memset(deep, 0x81, 1000000);
    check_code(plait_value_decode(deep, 1000000, &back), PLAIT_EPROTOCOL);
    check_contains(plait_error()->message, "at byte 128 there is something nested more than 128 deep");
    free(deep);
}

static void without_memory_nothing_is_left(void **unused)
{
    (void)unused;
    plait_value *v = sample(), *back, *list = plait_value_list();
    plait_bytes b;
    check_code(plait_value_encode(v, &b), 0);
    fault_nth("memory", 0);
    check_code(plait_value_decode(b.data, b.size, &back), 0);
    size_t requests = fault_requests();
    plait_value_free(back);
    check(requests > 20);
    for (size_t nth = 1; nth <= requests; nth++) {
        fault_nth("memory", nth);
        check_code(plait_value_decode(b.data, b.size, &back), PLAIT_ENOMEM);
        check(!back);
    }
    for (size_t nth = 1; nth <= 2; nth++) {
        fault_nth("memory", nth);
        check_code(plait_value_append(list, plait_value_integer(1)), PLAIT_ENOMEM);
        check_number(plait_value_count(list), 0);
        fault_nth("memory", nth);
        check(!plait_value_text("text"));
    }
    plait_value *map = plait_value_map();
    for (size_t nth = 1; nth <= 4; nth++) {
        fault_nth("memory", nth);
        check_code(plait_value_set(map, "key", plait_value_integer(1)), PLAIT_ENOMEM);
        check_number(plait_value_count(map), 0);
    }
    fault_off();
    plait_value_free(map);
    plait_value_free(list);
    plait_value_free(v);
    plait_bytes_clear(&b);
}

static void values_go_through_a_pipe(void **unused)
{
    (void)unused;
    plait_pipe *one, *other;
    plait_value *v = sample(), *got;
    check_code(plait_pipe_pair(&one, &other), 0);
    check_code(plait_value_send(one, v, PLAIT_FOREVER), 0);
    check_code(plait_value_receive(other, &got, 0, PLAIT_FOREVER), 0);
    check_shown(got, shown);
    plait_value_free(got);
    check_code(plait_pipe_send_bytes(one, "\xff", 1, PLAIT_FOREVER), 0);
    check_code(plait_value_send(one, v, PLAIT_FOREVER), 0);
    check_code(plait_value_receive(other, &got, 0, PLAIT_FOREVER), PLAIT_EPROTOCOL);
    check_code(plait_value_receive(other, &got, 10, PLAIT_FOREVER), PLAIT_ETOOLARGE);
    check_code(plait_value_receive(other, &got, 0, PLAIT_NOW), PLAIT_EAGAIN);
    plait_value_free(v);
    plait_pipe_free(one), plait_pipe_free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_is_shown),
        cmocka_unit_test(a_value_is_read),
        cmocka_unit_test(values_come_back_from_cbor),
        cmocka_unit_test(cbor_of_others_is_read_or_refused),
        cmocka_unit_test(what_is_cut_or_changed_never_hurts),
        cmocka_unit_test(what_is_too_deep_is_refused_and_freed),
        cmocka_unit_test(without_memory_nothing_is_left),
        cmocka_unit_test(values_go_through_a_pipe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
