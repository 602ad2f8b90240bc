/* Described structs as bytes for another process, and back: whole, or not at all, whatever the bytes are. */
#include "album.h"
#include "base/encode.h"
#include "fault.h"

static plait_bytes encoded(const plait_type *type, const void *value)
{
    plait_bytes b;
    ssize_t size = plait_type_encoded_size(type, value);
    check(size > 0);
    check_code(plait_bytes_copy(&b, NULL, (size_t)size), 0);
    plait_type_encode(type, value, b.data);
    return b;
}

static void what_is_read_is_what_was_written(void **unused)
{
    (void)unused;
    struct album copy, sent = full;
    memset(&copy, 0xff, sizeof copy);
    plait_bytes b = encoded(&album_type, &full);
    check_code(plait_type_decode(&album_type, &copy, b.data, b.size), 0);
    sent.left_out = 0; /* it is not described */
    check_copy(&copy, &sent);
    plait_bytes_clear(&b);
    plait_type_clear(album_type, &copy);
}

static void arrays_of_nothing_are_told_from_none(void **unused)
{
    (void)unused;
    struct album nothing = { .tags = tags, .note_count = -1, .notes = notes, .page_count = 5 }, copy;
    plait_bytes b = encoded(&album_type, &nothing);
    check_code(plait_type_decode(&album_type, &copy, b.data, b.size), 0);
    check(copy.tags && copy.tag_count == 0 && copy.notes && copy.note_count == -1);
    check(!copy.pages && copy.page_count == 5);
    plait_bytes_clear(&b);
    plait_type_clear(album_type, &copy);
}

static void a_tree_comes_back_unless_it_is_too_deep(void **unused)
{
    (void)unused;
    static struct tree nodes[PLAIT_DEEPEST + 1];
    struct tree copy;
    for (int i = 0; i < PLAIT_DEEPEST; i++) nodes[i] = (struct tree){ (char *)"knot", 1, &nodes[i + 1] };
    plait_bytes b = encoded(&tree_type, &nodes[1]);
    check_code(plait_type_decode(&tree_type, &copy, b.data, b.size), 0);
    int depth = 1;
    for (struct tree *t = &copy; t->count; t = t->children) depth++;
    check_number(depth, PLAIT_DEEPEST);
    plait_type_clear(tree_type, &copy);
    check_code(plait_type_encoded_size(&tree_type, &nodes[0]), PLAIT_ETOOLARGE);
    check_contains(plait_error()->message, "struct tree that is nested more than 128 deep");

    /* One level more, by hand: no name, one child, which is the tree above. */
    uint64_t words[2] = { 0, 1 };
    uint32_t one = 1;
    plait_bytes deeper;
    check_code(plait_bytes_copy(&deeper, NULL, b.size + sizeof words + sizeof one), 0);
    char *at = deeper.data;
    memcpy(at, &words[0], 8), memcpy(at + 8, &one, 4), memcpy(at + 12, &words[1], 8), memcpy(at + 20, b.data, b.size);
    check_code(plait_type_decode(&tree_type, &copy, deeper.data, deeper.size), PLAIT_EPROTOCOL);
    check_zero(&copy, sizeof copy);
    plait_bytes_clear(&deeper);
    plait_bytes_clear(&b);
}

static void bytes_that_are_no_value_are_refused(void **unused)
{
    (void)unused;
    struct album copy;
    plait_bytes b = encoded(&album_type, &full);
    for (size_t size = 0; size < b.size; size++) { /* cut short, in memory of just that size */
        char *cut = malloc(size + !size);
        check(cut);
        memcpy(cut, b.data, size);
        check_code(plait_type_decode(&album_type, &copy, cut, size), PLAIT_EPROTOCOL);
        check_zero(&copy, sizeof copy);
        free(cut);
    }
    check_contains(plait_error()->message, "bytes that are no struct album");
    check_code(plait_type_decode(&album_type, &copy, b.data, b.size + 1), PLAIT_EPROTOCOL); /* the NUL is too much */
    for (size_t at = 0; at < b.size; at++) /* changed: another value, or none */
        for (int bit = 0; bit < 8; bit++) {
            ((unsigned char *)b.data)[at] ^= (unsigned char)(1 << bit);
            int err = plait_type_decode(&album_type, &copy, b.data, b.size);
            check(err == 0 || err == PLAIT_EPROTOCOL);
            plait_type_clear(album_type, &copy);
            ((unsigned char *)b.data)[at] ^= (unsigned char)(1 << bit);
        }
    plait_bytes_clear(&b);
}

static void without_memory_nothing_is_left(void **unused)
{
    (void)unused;
    struct album copy;
    plait_bytes b = encoded(&album_type, &full);
    fault_nth("memory", 0);
    check_code(plait_type_decode(&album_type, &copy, b.data, b.size), 0);
    size_t requests = fault_requests();
    plait_type_clear(album_type, &copy);
    check(requests >= 15);
    for (size_t nth = 1; nth <= requests; nth++) {
        fault_nth("memory", nth);
        check_code(plait_type_decode(&album_type, &copy, b.data, b.size), PLAIT_ENOMEM);
        check_zero(&copy, sizeof copy);
    }
    fault_off();
    plait_bytes_clear(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_read_is_what_was_written),
        cmocka_unit_test(arrays_of_nothing_are_told_from_none),
        cmocka_unit_test(a_tree_comes_back_unless_it_is_too_deep),
        cmocka_unit_test(bytes_that_are_no_value_are_refused),
        cmocka_unit_test(without_memory_nothing_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
