/* options.c: reads arguments by a table, and prints it. */
#include "apps/options.h"
#include "apps/command.h"
#include "apps/suggest.h"
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { HELP_COLUMN = 26, MOST_NAMES = 32 };

int options_wrong(const struct usage *usage, const char *format, ...)
{
    char sentence[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    fprintf(stderr, "%s: %s\n", usage->command, sentence);
    return COMMAND_USAGE;
}

static void print_option(const struct option *option)
{
    if (!option->help) return;
    char left[80], letter[4] = "  ";
    if (option->letter) snprintf(letter, sizeof letter, "-%c", option->letter);
    int length = snprintf(left, sizeof left, "  %s%s --%s%s%s", letter, option->letter ? "," : " ", option->name,
                          option->value ? " " : "", option->value ? option->value : "");
    printf("%-*s", HELP_COLUMN, left);
    if (length >= HELP_COLUMN) printf("\n%*s", HELP_COLUMN, "");
    for (const char *line = option->help;;) {
        size_t width = strcspn(line, "\n");
        printf("%.*s\n", (int)width, line);
        if (!line[width]) return;
        line += width + 1;
        printf("%*s", HELP_COLUMN, "");
    }
}

static int help(const struct usage *usage, const struct option *options, size_t count)
{
    printf("Examples:\n%s\nUsage: %s [options]%s%s\n\n%s\nOptions:\n", usage->examples, usage->command,
           usage->operands ? " " : "", usage->operands ? usage->operands : "", usage->about);
    for (size_t i = 0; i < count; i++) print_option(&options[i]);
    print_option(&(struct option){ .letter = 'h', .name = "help", .help = "this text" });
    printf("\n%s", usage->after);
    return command_finish(usage->command, COMMAND_DONE);
}

static int unknown(const struct usage *usage, const struct option *options, size_t count, const char *text)
{
    const char *names[MOST_NAMES] = { "help" }, *name = text + strspn(text, "-");
    char given[64];
    size_t shown = 1;
    for (size_t i = 0; i < count && shown < MOST_NAMES; i++)
        if (options[i].help) names[shown++] = options[i].name;
    snprintf(given, sizeof given, "%.*s", (int)strcspn(name, "="), name);
    const char *near = suggest(given, names, shown);
    if (near) return options_wrong(usage, "unknown option \"%s\": did you mean --%s?", text, near);
    return options_wrong(usage, "unknown option \"%s\"; %s --help lists the options", text, usage->command);
}

static int choose(const struct usage *usage, const struct option *option, const char *text)
{
    char list[512] = "";
    size_t count = 0, length = 0;
    for (; option->choices[count]; count++) {
        if (strcmp(text, option->choices[count]) == 0) {
            *(int *)option->to = (int)count;
            return OPTIONS_READ;
        }
        length +=
            (size_t)snprintf(list + length, sizeof list - length, "%s%s", count ? ", " : "", option->choices[count]);
    }
    const char *near = suggest(text, option->choices, count);
    if (near)
        return options_wrong(usage, "--%s: \"%s\" is not one of %s: did you mean \"%s\"?", option->name, text, list,
                             near);
    return options_wrong(usage, "--%s: \"%s\" is not one of %s", option->name, text, list);
}

/* Takes one option with the value that was given for it (NULL: none). */
static int take(const struct usage *usage, const struct option *option, const char *text)
{
    if (!option->value) {
        if (text) return options_wrong(usage, "--%s takes no value", option->name);
        *(bool *)option->to = true;
        return OPTIONS_READ;
    }
    if (!text) return options_wrong(usage, "--%s needs a value: %s", option->name, option->value);
    if (option->choices) return choose(usage, option, text);
    if (option->read(text, option->to)) return OPTIONS_READ;
    return options_wrong(usage, "--%s: \"%s\" is not %s", option->name, text, option->expects);
}

int options_read_operands(const struct usage *usage, const struct option *options, size_t option_count, int count,
                          char **arguments, struct operands *operands)
{
    bool ended = false; /* by "--" */
    for (int at = 1; at < count; at++) {
        char *text = arguments[at], *value = NULL;
        bool is_negative = operands && text[0] == '-' && text[1] >= '0' && text[1] <= '9';
        if (!ended && (strcmp(text, "--help") == 0 || strcmp(text, "-h") == 0))
            return help(usage, options, option_count);
        if (!ended && strcmp(text, "--") == 0) {
            ended = true;
            continue;
        }
        if (!ended && text[0] == '-' && text[1] && !is_negative) {
            const struct option *option = NULL;
            bool is_long = text[1] == '-';
            size_t length = is_long ? strcspn(text + 2, "=") : 1;
            for (size_t i = 0; i < option_count && !option; i++)
                if (is_long ? strlen(options[i].name) == length && strncmp(options[i].name, text + 2, length) == 0
                            : options[i].letter == text[1])
                    option = &options[i];
            if (!option) return unknown(usage, options, option_count, text);
            if (is_long && text[2 + length] == '=') value = text + 2 + length + 1;
            if (!is_long && text[2]) value = text + 2;
            if (option->value && !value && at + 1 < count) value = arguments[++at];
            int status = take(usage, option, value);
            if (status != OPTIONS_READ) return status;
            continue;
        }
        if (!operands) return options_wrong(usage, "\"%s\" is not an option, and nothing else is taken here", text);
        operands->list[operands->count++] = text;
    }
    return OPTIONS_READ;
}

int options_read(const struct usage *usage, const struct option *options, size_t option_count, int count,
                 char **arguments)
{
    return options_read_operands(usage, options, option_count, count, arguments, NULL);
}

static bool read_number(const char *text, int least, int most, int *to)
{
    int number = 0;
    if (!*text) return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9') return false;
        number = number * 10 + (*text - '0');
        if (number > most) return false;
    }
    if (number < least) return false;
    *to = number;
    return true;
}

bool options_read_port(const char *text, void *to) { return read_number(text, 0, 65535, to); }
bool options_read_count(const char *text, void *to) { return read_number(text, 1, 1024, to); }
bool options_read_descriptor(const char *text, void *to) { return read_number(text, 0, INT_MAX / 10 - 1, to); }

bool options_read_text(const char *text, void *to)
{
    *(const char **)to = text;
    return *text != 0;
}
