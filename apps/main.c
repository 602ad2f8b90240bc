/* main.c: finds the subcommand and hands over to it. What must hold: nothing is done before the arguments are known to
   be right; what a user asked to read goes to stdout with status 0, what went wrong to stderr; the descriptors 0, 1 and 2
   are open before anything else is opened, and a process that plait has started for a task does that and nothing else. */
#include "apps/command.h"
#include "apps/suggest.h"
#include <plait/process.h>
#include <plait/version.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct {
    const char *name, *summary;
    int (*run)(int count, char **arguments);
} commands[] = {
    { "fx", "fetch exchange rates, one HTTP request per base, under a concurrency model or all", command_fx },
    { "primes", "say of numbers whether they are prime, on any executor", command_primes },
    { "serve", "serve the exchange rates of a day as three well-known APIs do", command_serve },
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static int help(void)
{
    fputs("Examples:\n"
          "  plait fx                      the exchange rates of five currencies, fetched over HTTP\n"
          "  plait fx --model all          the same work under every concurrency model, and what each one cost\n"
          "  plait fx --bases all -j 8     33 requests, eight at a time\n"
          "  plait serve --port 8080       the server that these rates come from, on its own\n"
          "  plait primes -e processes     work for the CPUs, in worker processes\n"
          "\n"
          "Usage: plait COMMAND [options]\n"
          "\n"
          "Commands:\n",
          stdout);
    for (int i = 0; i < COMMANDS; i++) printf("  %-12s  %s\n", commands[i].name, commands[i].summary);
    fputs("  help          this text; plait help COMMAND is plait COMMAND --help\n"
          "\n"
          "  --version     the version\n",
          stdout);
    return command_finish("plait", COMMAND_DONE);
}

static int version(void)
{
    printf("plait %s\n", plait_version());
    return command_finish("plait", COMMAND_DONE);
}

static int unknown(const char *what)
{
    const char *names[COMMANDS + 1] = { "help" };
    for (int i = 0; i < COMMANDS; i++) names[i + 1] = commands[i].name;
    const char *kind = what[0] == '-' ? "option" : "command", *near = suggest(what, names, COMMANDS + 1);
    fprintf(stderr, "plait: unknown %s \"%s\"", kind, what);
    if (near) fprintf(stderr, ": did you mean \"%s\"?\n", near);
    else fputs("; plait --help lists what there is\n", stderr);
    return COMMAND_USAGE;
}

/* Where one of them is closed, the next socket or file would take its number, and what we print would go there. stdout
   is opened for reading alone: what cannot be written is to be told. */
static bool open_standard_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDOUT_FILENO ? O_RDONLY : O_RDWR) != fd) return false;
    return true;
}

int main(int count, char **arguments)
{
    plait_init();
    if (!open_standard_descriptors()) return COMMAND_SOME_FAILED;
    if (count < 2) return help();
    char *name = arguments[1];
    if (strcmp(name, "--version") == 0 || strcmp(name, "version") == 0) return version();
    bool asked = strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0;
    if (asked && count == 2) return help();
    if (asked) name = arguments[2];
    for (int i = 0; i < COMMANDS; i++) {
        if (strcmp(name, commands[i].name) != 0) continue;
        char *to_help[] = { name, (char[]){ "--help" }, NULL };
        return asked ? commands[i].run(2, to_help) : commands[i].run(count - 1, arguments + 1);
    }
    return unknown(name);
}
