/* options.h: the options of a subcommand. One table drives both the reading and the text of --help, so that neither can
   know an option that the other does not. */
#ifndef PLAIT_APPS_OPTIONS_H
#define PLAIT_APPS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

struct option {
    char letter;       /* "-j", 0 for none */
    const char *name;  /* "--jobs" without the dashes */
    const char *value; /* what --help calls its value; NULL: a flag, and `to` is a bool that becomes true */
    const char *help;  /* one or more lines; NULL: not shown */

    /* Reads the value into *to, or returns false: then a sentence says that it is not what the option `expects`. */
    bool (*read)(const char *text, void *to);
    const char *expects;

    /* Instead of `read`: the value is one of these (the list ends with NULL), and *to an int, its place in the list. */
    const char *const *choices;
    void *to;
};

/* What a subcommand is; the parts of its --help in the order in which they are printed. */
struct usage {
    const char *command;  /* "plait fx" */
    const char *operands; /* what --help calls the arguments that are no options; NULL: there are none */
    const char *examples; /* lines, indented */
    const char *about;    /* lines */
    const char *after;    /* lines below the options */
};

enum { OPTIONS_READ = -1 };

/* Reads all arguments but the first. Returns OPTIONS_READ; or the status to exit with: after --help, or after a sentence
   on stderr about what is wrong. Of an option that is given twice the last one counts. */
int options_read(const struct usage *usage, const struct option *options, size_t option_count, int count,
                 char **arguments);

/* The arguments that are no options, in their order. */
struct operands {
    char **list; /* set by the caller, with room for as many as there are arguments; may be `arguments` itself */
    size_t count;
};

/* The same for a command that takes operands. What begins as a negative number does is one of them, as is "-". */
int options_read_operands(const struct usage *usage, const struct option *options, size_t option_count, int count,
                          char **arguments, struct operands *operands);

/* Says what is wrong with the arguments, for what a table cannot check. Returns the status to exit with. */
int options_wrong(const struct usage *usage, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Readers for the table. A whole number from 0 to 65535, and one from 1 to 1024, into an int; text into a const char *. */
#define OPTIONS_PORT_EXPECTS "a port number from 0 to 65535"
#define OPTIONS_COUNT_EXPECTS "a whole number from 1 to 1024"
bool options_read_port(const char *text, void *to);
bool options_read_count(const char *text, void *to);
bool options_read_descriptor(const char *text, void *to);
bool options_read_text(const char *text, void *to);

#endif
