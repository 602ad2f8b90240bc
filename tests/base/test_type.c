/* Described structs: copied with all that they own, laid out in one room, cleared; and nothing is left of a copy for which
   there was no memory. */
#include "album.h"
#include "base/type.h"
#include "fault.h"

static void a_description_tells_each_field(void **unused)
{
    (void)unused;
    static const struct {
        const char *name;
        uint32_t kind;
        size_t size, length;
    } expected[] = { { "title", PLAIT_KIND_STRING, sizeof(char *), 1 },
                     { "author", PLAIT_KIND_STRING, sizeof(char *), 1 },
                     { "code", PLAIT_KIND_PLAIN, 4, 1 },
                     { "year", PLAIT_KIND_SIGNED, 4, 1 },
                     { "colour", PLAIT_KIND_UNSIGNED, sizeof(enum colour), 1 },
                     { "place", PLAIT_KIND_PLAIN, sizeof(struct place), 1 },
                     { "cover", PLAIT_KIND_BYTES, sizeof(plait_bytes), 1 },
                     { "names", PLAIT_KIND_STRING, sizeof(char *), 3 },
                     { "tags", PLAIT_KIND_STRING, sizeof(char *), 0 },
                     { "first", PLAIT_KIND_STRUCT, sizeof(struct note), 1 },
                     { "margin", PLAIT_KIND_STRUCT, sizeof(struct note), 2 },
                     { "notes", PLAIT_KIND_STRUCT, sizeof(struct note), 0 },
                     { "pages", PLAIT_KIND_UNSIGNED, 8, 0 },
                     { "scans", PLAIT_KIND_BYTES, sizeof(plait_bytes), 0 } };
    check_string(album_type.name, "struct album");
    check_number(album_type.size, sizeof(struct album));
    check_number(album_type.field_count, sizeof expected / sizeof *expected);
    for (size_t i = 0; i < album_type.field_count; i++) {
        const plait_field *f = &album_type.fields[i];
        check_string(f->name, expected[i].name);
        check_number(f->kind, expected[i].kind);
        check_number(f->size, expected[i].size);
        check_number(f->length, expected[i].length);
        check((f->kind == PLAIT_KIND_STRUCT) == (f->type == &note_type));
    }
    check_number(album_type.fields[3].offset, offsetof(struct album, year));
    check_number(album_type.fields[11].count_offset, offsetof(struct album, note_count));
    check_number(album_type.fields[11].count_size, 1);
    check_number(album_type.fields[11].count_kind, PLAIT_KIND_SIGNED);
}

static void a_copy_has_all_and_shares_nothing(void **unused)
{
    (void)unused;
    struct album one, two;
    memset(&one, 0xff, sizeof one); /* what was there before is not looked at */
    check_code(plait_type_copy(album_type, &one, &full), 0);
    check_copy(&one, &full);
    check_code(plait_type_copy(album_type, &two, &one), 0);
    check_copy(&two, &one);
    plait_type_clear(album_type, &one);
    check_zero(&one, sizeof one);
    check_copy(&two, &full);
    plait_type_clear(album_type, &two);
    plait_type_clear(album_type, &two); /* of zero bytes */
    plait_type_clear(album_type, NULL);
    check_code(plait_type_copy(album_type, &one, &two), 0);
    check_zero(&one, sizeof one);
}

static void arrays_of_nothing(void **unused)
{
    (void)unused;
    struct album nothing = { .tags = tags, .note_count = -1, .notes = notes, .page_count = 5 }, copy;
    check_code(plait_type_copy(album_type, &copy, &nothing), 0);
    check(copy.tags && copy.tags != tags); /* an array of no elements */
    check(copy.notes && copy.notes != notes);
    check(copy.note_count == -1 && copy.page_count == 5 && !copy.pages); /* NULL is none, whatever the count says */
    plait_type_clear(album_type, &copy);
}

static void a_value_is_laid_out_in_one_room(void **unused)
{
    (void)unused;
    struct album copy = full;
    size_t size = plait_type_room(&album_type, &full);
    char *room = malloc(size);
    check(room);
    plait_type_settle(&album_type, &copy, room);
    check_copy(&copy, &full);
    check((char *)copy.tags >= room && (char *)copy.scans < room + size);
    check((uintptr_t)copy.notes % _Alignof(max_align_t) == 0);
    check_number(plait_type_room(&album_type, &copy), size);
    free(room);
    check_number(plait_type_room(&album_type, &(struct album){ .year = 1 }), 0);
}

static void a_tree(void **unused)
{
    (void)unused;
    struct tree leaves[2] = { { .name = (char *)"left" }, { .name = (char *)"right" } };
    struct tree branch = { (char *)"branch", 2, leaves }, root = { (char *)"root", 1, &branch }, copy;
    check_code(plait_type_copy(tree_type, &copy, &root), 0);
    check(copy.children != &branch && copy.children->children != leaves);
    check_same_text(copy.children->children[1].name, "right");
    check_number(plait_type_room(&tree_type, &copy), plait_type_room(&tree_type, &root));
    plait_type_clear(tree_type, &copy);
    check(!copy.children);
}

struct samples {
    uint64_t count;
    double *values;
};
PLAIT_TYPE(samples_type, struct samples, PLAIT_FIELD_ARRAY(struct samples, values, count));

static void more_than_there_is(void **unused)
{
    (void)unused;
    struct album vast = { .tag_count = SIZE_MAX / 2, .page_count = 1, .pages = pages };
    double value = 1;
    struct samples samples = { UINT64_MAX / 4, &value }, copy;
    check_number(plait_type_room(&samples_type, &samples), SIZE_MAX);
    check_code(plait_type_copy(samples_type, &copy, &samples), PLAIT_ENOMEM);
    check_zero(&copy, sizeof copy);
    check_number(plait_type_room(&album_type, &vast), sizeof(uint64_t)); /* there are no tags to count */
}

static void a_copy_without_memory_leaves_nothing(void **unused)
{
    (void)unused;
    struct album copy;
    size_t requests;
    fault_nth("memory", 0);
    check_code(plait_type_copy(album_type, &copy, &full), 0);
    requests = fault_requests();
    plait_type_clear(album_type, &copy);
    check(requests >= 15);
    for (size_t nth = 1; nth <= requests; nth++) {
        fault_nth("memory", nth);
        check_code(plait_type_copy(album_type, &copy, &full), PLAIT_ENOMEM);
        check_zero(&copy, sizeof copy);
    }
    fault_all("memory");
    check_code(plait_type_copy(album_type, &copy, &full), PLAIT_ENOMEM);
    fault_off();
    check_zero(&copy, sizeof copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_description_tells_each_field),
        cmocka_unit_test(a_copy_has_all_and_shares_nothing),
        cmocka_unit_test(arrays_of_nothing),
        cmocka_unit_test(a_value_is_laid_out_in_one_room),
        cmocka_unit_test(a_tree),
        cmocka_unit_test(more_than_there_is),
        cmocka_unit_test(a_copy_without_memory_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
