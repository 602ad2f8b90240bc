/* test_base.c: the clock source, options with a size, blocks of memory, the number of a forked process, sentences. */
#include "check.h"
#include "child.h"
#include "clock.h"
#include "fault.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/fork.h"
#include "base/memory.h"
#include "base/options.h"
#include "base/stop.h"
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void a_deadline_saturates_and_is_never_a_special_value(void **unused)
{
    (void)unused;
    check_number(plait_after(INT64_MAX).at, INT64_MAX);
    check_number(plait_after(INT64_MAX - 1).at, INT64_MAX);
    check_number(plait_after(INT64_MIN).at, 1);
    check_number(plait_after(-plait_time() - PLAIT_SECOND).at, 1);
    clock_by_hand();
    int64_t now = plait_time();
    check_number(plait_after(0).at, now);
    check_number(plait_after(5).at, now + 5);
    check_number(plait_after(-5).at, now - 5);
    check_number(plait_after(-now).at, 1);     /* not FOREVER */
    check_number(plait_after(-now - 1).at, 1); /* not NOW */
    check_number(plait_after(INT64_MAX - now).at, INT64_MAX);
    clock_of_the_system();
}

static void a_deadline_passes_when_its_time_has_come(void **unused)
{
    (void)unused;
    clock_by_hand();
    plait_deadline soon = plait_after(10);
    check(!plait_has_passed(soon));
    clock_move(9);
    check(!plait_has_passed(soon));
    clock_move(1);
    check(plait_has_passed(soon));
    check(!plait_has_passed(PLAIT_FOREVER));
    clock_of_the_system();
}

static void for_ever_is_later_than_any_deadline(void **unused)
{
    (void)unused;
    plait_deadline a = plait_deadline_at_(10), b = plait_deadline_at_(20);
    check_number(plait_sooner(a, b).at, 10);
    check_number(plait_sooner(b, a).at, 10);
    check_number(plait_sooner(a, PLAIT_FOREVER).at, 10);
    check_number(plait_sooner(PLAIT_FOREVER, a).at, 10);
    check_number(plait_sooner(PLAIT_FOREVER, PLAIT_FOREVER).at, 0);
}

static void zero_bytes_are_for_ever(void **unused)
{
    (void)unused;
    plait_deadline zero;
    memset(&zero, 0, sizeof zero);
    check_number(zero.at, PLAIT_FOREVER.at);
    check(plait_is_now(PLAIT_NOW));
    check(!plait_is_now(PLAIT_FOREVER));
}

static void the_clock_can_be_replaced(void **unused)
{
    (void)unused;
    check(plait_clock_is_system());
    int64_t before = plait_time();
    check(plait_time() >= before);
    clock_by_hand();
    check(!plait_clock_is_system());
    int64_t start = plait_time();
    check_number(plait_time(), start);
    clock_move(PLAIT_SECOND);
    check_number(plait_time(), start + PLAIT_SECOND);
    clock_of_the_system();
    check(plait_clock_is_system());
    check(plait_time() >= before);
}

struct options_then {
    int size;
    const char *name;
};
struct options_now {
    int size;
    const char *name;
    int added;
};

static void options_of_an_older_program_are_filled_with_zero(void **unused)
{
    (void)unused;
    struct options_then given = { 3, "older" };
    struct options_now full;
    memset(&full, 0xff, sizeof full);
    check_code(plait_options_read(&full, sizeof full, &given, sizeof given), 0);
    check_number(full.size, 3);
    check_string(full.name, "older");
    check_number(full.added, 0);
}

static void options_of_a_newer_program_are_refused_only_if_they_are_set(void **unused)
{
    (void)unused;
    struct options_now given;
    memset(&given, 0, sizeof given);
    given.size = 3;
    struct options_then full;
    check_code(plait_options_read(&full, sizeof full, &given, sizeof given), 0);
    check_number(full.size, 3);
    given.added = 1;
    check_code(plait_options_read(&full, sizeof full, &given, sizeof given), PLAIT_EINVAL);
    check_contains(plait_error()->message, "does not know");
}

static void no_options_are_all_defaults(void **unused)
{
    (void)unused;
    struct options_now full;
    memset(&full, 0xff, sizeof full);
    check_code(plait_options_read(&full, sizeof full, NULL, sizeof full), 0);
    check_number(full.size, 0);
    check(!full.name);
    check_number(full.added, 0);
}

static void bytes_are_copied_and_followed_by_a_nul(void **unused)
{
    (void)unused;
    plait_bytes b;
    char data[] = { 'a', 0, 'b' };
    check_code(plait_bytes_copy(&b, data, sizeof data), 0);
    data[0] = 'x';
    check_number(b.size, 3);
    check(memcmp(b.data, "a\0b", 4) == 0);
    plait_bytes_clear(&b);
    check(!b.data && b.size == 0);
    plait_bytes_clear(&b);
    plait_bytes_clear(NULL);

    check_code(plait_bytes_copy(&b, NULL, 4), 0);
    check(memcmp(b.data, "\0\0\0\0", 5) == 0);
    plait_bytes_clear(&b);
    check_code(plait_bytes_copy(&b, "", 0), 0);
    check(b.data && b.size == 0 && *(char *)b.data == 0);
    plait_bytes_clear(&b);
}

static void bytes_can_be_printed_into(void **unused)
{
    (void)unused;
    plait_bytes b;
    check_code(plait_bytes_format(&b, "%d %s", 42, "is the answer"), 0);
    check_string(b.data, "42 is the answer");
    check_number(b.size, strlen("42 is the answer"));
    plait_bytes_clear(&b);
}

static void bytes_without_memory_are_empty(void **unused)
{
    (void)unused;
    plait_bytes b = { &b, 77 };
    fault_nth("memory", 1);
    check_code(plait_bytes_copy(&b, "abc", 3), PLAIT_ENOMEM);
    check(!b.data && b.size == 0);
    fault_nth("memory", 1);
    check_code(plait_bytes_format(&b, "%d", 1), PLAIT_ENOMEM);
    check(!b.data && b.size == 0);
    fault_off();
    check_code(plait_bytes_copy(&b, NULL, SIZE_MAX), PLAIT_ENOMEM);
    check_code(plait_bytes_copy(&b, NULL, SIZE_MAX / 2 + 1), PLAIT_ENOMEM);
}

static void bytes_that_are_handed_over_are_marked(void **unused)
{
    (void)unused;
    plait_bytes b;
    check_code(plait_bytes_copy(&b, "abc", 3), 0);
    check(plait_bytes_take(&b) == &b);
    check(b.size == (PLAIT_BYTES_TAKEN | 3));
    b.size &= ~PLAIT_BYTES_TAKEN;
    plait_bytes_clear(&b);
}

static void memory_is_zeroed_and_can_be_refused(void **unused)
{
    (void)unused;
    unsigned char *block = plait_allocate(64);
    for (int i = 0; i < 64; i++) check_number(block[i], 0);
    fault_nth("memory", 2);
    char *copy = plait_copy_string("text");
    check_string(copy, "text");
    check(!plait_reallocate(block, 128)); /* the block is as it was */
    check(!(fault_nth("memory", 1), plait_copy_string("text")));
    check_number(fault_requests(), 1);
    fault_off();
    free(copy);
    free(block);
}

static int generation_differs(void *above)
{
    uint32_t mine = plait_process_generation(), *others = above;
    if (mine == 0 || mine == others[0] || mine == others[1] || mine != plait_process_generation()) return 1;
    if (others[1]) return 0;
    char said[256];
    return child_run(generation_differs, (uint32_t[2]){ others[0], mine }, said, sizeof said);
}

static void a_forked_child_has_another_generation(void **unused)
{
    (void)unused;
    char said[256];
    uint32_t mine[2] = { plait_process_generation(), 0 };
    check(mine[0] != 0);
    check_number(plait_process_generation(), mine[0]);
    check_number(child_run(generation_differs, mine, said, sizeof said), 0);
    check_number(plait_process_generation(), mine[0]);
}

static int breaks_a_rule(void *words)
{
    plait_stop("%s was broken", (const char *)words);
    return 0;
}

static void a_broken_rule_stops_the_program_with_a_sentence(void **unused)
{
    (void)unused;
    child_stops(breaks_a_rule, "the golden rule", "plait: the golden rule was broken\n");
}

static int reports_in_one_write(void *unused)
{
    (void)unused;
    int ends[2];
    char line[2048], longer[2000];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = 0;
    check_number(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
    dup2(ends[1], STDERR_FILENO);
    plait_report("%d of %s", 3, "four");
    ssize_t length = recv(ends[0], line, sizeof line, 0);
    if (length != 17 || memcmp(line, "plait: 3 of four\n", 17) != 0) return 1;
    plait_report("%s", longer);
    length = recv(ends[0], line, sizeof line, 0);
    return length < 512 || length > 1024 || line[length - 1] != '\n' || line[length - 2] != 'x';
}

static void a_report_is_one_write_and_the_program_goes_on(void **unused)
{
    (void)unused;
    char said[256];
    check_number(child_run(reports_in_one_write, NULL, said, sizeof said), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_deadline_saturates_and_is_never_a_special_value),
        cmocka_unit_test(a_deadline_passes_when_its_time_has_come),
        cmocka_unit_test(for_ever_is_later_than_any_deadline),
        cmocka_unit_test(zero_bytes_are_for_ever),
        cmocka_unit_test(the_clock_can_be_replaced),
        cmocka_unit_test(options_of_an_older_program_are_filled_with_zero),
        cmocka_unit_test(options_of_a_newer_program_are_refused_only_if_they_are_set),
        cmocka_unit_test(no_options_are_all_defaults),
        cmocka_unit_test(bytes_are_copied_and_followed_by_a_nul),
        cmocka_unit_test(bytes_can_be_printed_into),
        cmocka_unit_test(bytes_without_memory_are_empty),
        cmocka_unit_test(bytes_that_are_handed_over_are_marked),
        cmocka_unit_test(memory_is_zeroed_and_can_be_refused),
        cmocka_unit_test(a_forked_child_has_another_generation),
        cmocka_unit_test(a_broken_rule_stops_the_program_with_a_sentence),
        cmocka_unit_test(a_report_is_one_write_and_the_program_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
