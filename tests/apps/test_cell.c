/* test_cell.c: the cells of the matrix against Python's format(value, "7.03"), whose results are in
   tests/data/format-7.03.tsv. From 99.95 on plait prints whole numbers instead: the lines it replaces are named here, all
   of them, and no other. */
#include "apps/cell.h"
#include "check.h"

static const struct {
    const char *value, *cell;
} replaced[] = {
    { "100.0", "    100" },
    { "999.0", "    999" },
    { "999.4", "    999" },
    { "999.5", "   1000" },
    { "1000.0", "   1000" },
    { "14132.9963642813", "  14133" },
    { "99.95", "    100" },
    { "111.2973308504", "    111" },
    { "285.09355325", "    285" },
    { "1139.4519819101", "   1139" },
    { "1000000000000000.0", "1000000000000000" },
    { "1e+16", "10000000000000000" },
    { "123456789.0", "123456789" },
    { "372274.0", " 372274" },
    { "13111.0", "  13111" },
    { "149.5", "    150" },
    { "150.5", "    150" },
    { "1e+22", "10000000000000000000000" },
    { "1.7976931348623157e+308",
      "1797693134862315708145274237317043567980705675258449965989174768031572607800285387605895586327668781"
      "7154045895351438246423432132688946418276846754670353751698604991057655128207624549009038932894407586"
      "8508455133942304583236903222948165808559332123348274797826204144723168738177180919299881250404026184"
      "124858368" },
    { "372.3975427257312", "    372" },
    { "6803.999731817859", "   6804" },
    { "5855.618635076387", "   5856" },
    { "3615.8235594456632", "   3616" },
    { "794.3794815224911", "    794" },
    { "4216.983544767443", "   4217" },
    { "687.6294940686056", "    688" },
    { "6970.420678269283", "   6970" },
    { "2845.955320941492", "   2846" },
    { "3554.64109540346", "   3555" },
    { "768.2329884725208", "    768" },
    { "805.8130120013863", "    806" },
    { "4016.442563343041", "   4016" },
    { "6342.89565685709", "   6343" },
    { "440.6268683247505", "    441" },
    { "4803.951046156485", "   4804" },
    { "950.9855728747021", "    951" },
    { "532.5923974928791", "    533" },
    { "613.2282228135409", "    613" },
    { "806.0785847856675", "    806" },
    { "199.91798339514966", "    200" },
    { "3555.625433549582", "   3556" },
    { "692.5219417001234", "    693" },
    { "337.7374798385304", "    338" },
    { "6240.6639743781825", "   6241" },
    { "478.03274459400023", "    478" },
    { "8065.019820321962", "   8065" },
    { "6572.6829273602", "   6573" },
    { "826.155251815221", "    826" },
    { "292.96665267021893", "    293" },
    { "763.6797844353107", "    764" },
    { "6191.012391834949", "   6191" },
    { "692.7310025482292", "    693" },
    { "5081.5615455273855", "   5082" },
    { "5077.51859288671", "   5078" },
    { "699.2178821802858", "    699" },
    { "839.9997833932058", "    840" },
    { "746.6820921935449", "    747" },
    { "1627.951710661608", "   1628" },
    { "161.46605988087913", "    161" },
    { "356.61479323003863", "    357" },
    { "4404.581018027021", "   4405" },
    { "971.6959586470741", "    972" },
    { "7004.174465466179", "   7004" },
    { "938.1259166408439", "    938" },
};
enum { REPLACED = sizeof replaced / sizeof *replaced };

static const char *replacement(const char *value)
{
    for (int i = 0; i < REPLACED; i++)
        if (strcmp(replaced[i].value, value) == 0) return replaced[i].cell;
    return NULL;
}

static void cells_below_99_95_are_those_of_python(void **state)
{
    (void)state;
    char path[1024], line[256], cell[CELL_SIZE];
    snprintf(path, sizeof path, "%s/tests/data/format-7.03.tsv", getenv("PLAIT_SOURCE_DIR"));
    FILE *vectors = fopen(path, "r");
    check(vectors);
    int checked = 0, replaced_here = 0;
    while (fgets(line, sizeof line, vectors)) {
        if (line[0] == '#') continue;
        char *tab = strchr(line, '\t');
        check(tab);
        *tab = 0;
        tab[1 + strcspn(tab + 1, "\n")] = 0;
        double value = strtod(line, NULL);
        const char *instead = replacement(line);
        check((value >= 99.95) == (instead != NULL));
        cell_format(cell, value);
        check_string(cell, instead ? instead : tab + 1);
        checked++;
        if (instead) replaced_here++;
    }
    fclose(vectors);
    check_number(checked, 247);
    check_number(replaced_here, REPLACED);
}

static void the_border_between_digits_and_whole_numbers(void **state)
{
    (void)state;
    char cell[CELL_SIZE];
    cell_format(cell, 99.94999999999998);
    check_string(cell, "   99.9");
    cell_format(cell, 99.95);
    check_string(cell, "    100");
    cell_format(cell, 9999999.4);
    check_string(cell, "9999999");
    cell_format(cell, 12345678.9);
    check_string(cell, "12345679");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells_below_99_95_are_those_of_python),
        cmocka_unit_test(the_border_between_digits_and_whole_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
