/* test_numbers.c: what is a number, as an argument and as a word on a descriptor; words across reads; those that are none. */
#include "apps/numbers.h"
#include "check.h"
#include <inttypes.h>
#include <sys/mman.h>
#include <unistd.h>

static void digits_alone_are_a_number(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t number;
    } good[] = { { "0", 0 },
                 { "7", 7 },
                 { "0000000000000000000000007", 7 },
                 { "18446744073709551609", UINT64_MAX - 6 },
                 { "18446744073709551615", UINT64_MAX } };
    static const char *const bad[] = { "",
                                       "-",
                                       "-1",
                                       "+1",
                                       " 1",
                                       "1 ",
                                       "1.0",
                                       "1e3",
                                       "0x1",
                                       "1_000",
                                       "1,0",
                                       "seven",
                                       "1\n",
                                       "/",
                                       ":",
                                       "18446744073709551616",
                                       "18446744073709551620",
                                       "99999999999999999999",
                                       "1000000000000000000000000" };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        uint64_t number = 1;
        check(number_read(good[i].text, &number));
        check(number == good[i].number);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint64_t number = 42;
        check(!number_read(bad[i], &number));
        check_number(number, 42);
    }
}

static struct number_reader reader;

/* Has the reader read what is written into the file that is returned. */
static FILE *open_file(void)
{
    int fd = memfd_create("numbers", 0);
    check(fd >= 0);
    reader = (struct number_reader){ .descriptor = fd };
    FILE *file = fdopen(fd, "w");
    check(file);
    return file;
}

static void rewind_it(FILE *file) { check(fflush(file) == 0 && lseek(reader.descriptor, 0, SEEK_SET) == 0); }

static void check_next(uint64_t line, bool good, uint64_t number, const char *text)
{
    struct number_word word;
    check_code(number_reader_next(&reader, &word), 0);
    check_string(word.text, text);
    check(word.good == good && (!good || word.number == number));
    check_number(reader.line, line);
}

static void check_end(void)
{
    struct number_word word;
    for (int i = 0; i < 2; i++) check_code(number_reader_next(&reader, &word), PLAIT_EDONE);
}

static void words_stand_between_blanks_and_know_their_line(void **state)
{
    (void)state;
    FILE *file = open_file();
    fputs("\n 7\t8\r\n\n\n-9 x\x80\x01 10", file);
    rewind_it(file);
    check_next(2, true, 7, "7");
    check_next(2, true, 8, "8");
    check_next(5, false, 0, "-9");
    check_next(5, false, 0, "x??");
    check_next(5, true, 10, "10");
    check_end();
    check_number(reader.words, 5);
    fclose(file);
}

static void nothing_but_blanks_is_the_end(void **state)
{
    (void)state;
    FILE *file = open_file();
    fputs(" \n\t\v\f\r\n", file);
    rewind_it(file);
    check_end();
    check_number(reader.words, 0);
    fclose(file);
}

static void a_word_may_lie_across_reads(void **state)
{
    (void)state;
    enum { COUNT = 20000 }; /* several buffers, with words of all lengths at their seams */
    FILE *file = open_file();
    for (uint64_t i = 0; i < COUNT; i++) fprintf(file, "%" PRIu64 "\n", i * i * i);
    rewind_it(file);
    for (uint64_t i = 0; i < COUNT; i++) {
        char text[24];
        snprintf(text, sizeof text, "%" PRIu64, i * i * i);
        check_next(i + 1, true, i * i * i, text);
    }
    check_end();
    fclose(file);
}

static void a_word_may_be_of_any_length(void **state)
{
    (void)state;
    FILE *file = open_file();
    for (int i = 0; i < 100000; i++) fputc('0', file);
    fputs("7 ", file);
    for (int i = 0; i < 100000; i++) fputc('1', file);
    fputc(' ', file);
    fputc(0, file);
    rewind_it(file);
    const char *zeros = "00000000000000000000000000000000000000000000...",
               *ones = "11111111111111111111111111111111111111111111...";
    check_next(1, true, 7, zeros);
    check_next(1, false, 0, ones);
    check_next(1, false, 0, "?");
    check_end();
    fclose(file);
}

static void a_read_that_fails_is_told(void **state)
{
    (void)state;
    struct number_word word;
    reader = (struct number_reader){ .descriptor = -1 };
    check_code(number_reader_next(&reader, &word), -EBADF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digits_alone_are_a_number),
        cmocka_unit_test(words_stand_between_blanks_and_know_their_line),
        cmocka_unit_test(nothing_but_blanks_is_the_end),
        cmocka_unit_test(a_word_may_lie_across_reads),
        cmocka_unit_test(a_word_may_be_of_any_length),
        cmocka_unit_test(a_read_that_fails_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
