#!/usr/bin/env python3
"""What `plait` says about itself, and to those who mistype: one sentence on stderr, status 2, nothing on stdout."""

import os
import re
import signal

from command import MODELS, SOURCE, check, run

WRONG = {
    ("zebra",): 'unknown command "zebra"; plait --help lists what there is',
    ("server",): 'unknown command "server": did you mean "serve"?',
    ("help", "xf"): 'unknown command "xf"',
    ("--verison",): 'unknown option "--verison"',
    ("fx", "--model", "thread"): '--model: "thread" is not one of sequential, thread-per-item, thread-pool, queues, '
                                 'process-pool, thread-pool-api, futures, coroutines, coroutines-threads, all: did you mean "thread-per-item"?',
    ("fx", "--model", "thred"): '--model: "thred" is not one of sequential, thread-per-item, thread-pool, queues, '
                                'process-pool, thread-pool-api, futures, coroutines, coroutines-threads, all: did you mean "thread-per-item"?',
    ("fx", "--modle", "all"): 'unknown option "--modle": did you mean --model?',
    ("fx", "--bases", "US"): '--bases: "US" is not a list of at most 200 currency codes of three letters, such as '
                             'USD,EUR, or "all"',
    ("fx", "--symbols", "USD,,EUR"): '--symbols: "USD,,EUR" is not a list of',
    ("fx", "-j", "0"): '--jobs: "0" is not a whole number from 1 to 1024',
    ("fx", "-j", "many"): '--jobs: "many" is not a whole number from 1 to 1024',
    ("fx", "--jobs"): "--jobs needs a value: N",
    ("fx", "--repeat", "0"): '--repeat: "0" is not a whole number from 1 to 1024',
    ("fx", "--repeat=-3"): '--repeat: "-3" is not a whole number from 1 to 1024',
    ("fx", "-r", "1025"): '--repeat: "1025" is not a whole number from 1 to 1024',
    ("fx", "-r", "2x"): '--repeat: "2x" is not a whole number from 1 to 1024',
    ("fx", "--repeat"): "--repeat needs a value: N",
    ("fx", "--url", "http://127.0.0.1/latest"): '--url: "http://127.0.0.1/latest" has no {base} in it',
    ("fx", "--url", "http://127.0.0.1/{base}", "--latency", "1s"): "--latency is for the server that comes along",
    ("fx", "--url", "http://127.0.0.1/{base}" + "x" * 3000): "--url: longer than 2047 characters",
    ("fx", "--timeout", "0"): '--timeout: "0" is not a duration above 0',
    ("fx", "--timeout", "10"): '--timeout: "10" is not a duration above 0',
    ("fx", "--repor", "1"): 'unknown option "--repor"; plait fx --help lists the options',
    ("fx", "USD"): '"USD" is not an option, and nothing else is taken here',
    ("serve", "--port", "70000"): '--port: "70000" is not a port number from 0 to 65535',
    ("serve", "--latency", "fast"): '--latency: "fast" is not a duration such as 50ms',
    ("primes", "12", "1x"): 'number 2, "1x", is not a whole number from 0 to 18446744073709551615',
    ("primes", ""): 'number 1, "", is not a whole number from 0 to',
    ("primes", "-5"): 'number 1, "-5", is not a whole number from 0 to',
    ("primes", "7", "+5"): 'number 2, "+5", is not a whole number from 0 to',
    ("primes", "0x11"): 'number 1, "0x11", is not a whole number from 0 to',
    ("primes", "18446744073709551616"): 'number 1, "18446744073709551616", is not a whole number from 0 to',
    ("primes", "--", "7", "--quiet"): 'number 2, "--quiet", is not a whole number from 0 to',
    ("primes", "7", "-"): '"-", standard input, must be the only argument',
    ("primes", "-e", "process"): '--executor: "process" is not one of inline, threads, processes, loop: did you mean '
                                 '"processes"?',
    ("primes", "-e", "processes", "-j", "1024", "7"): "--jobs: a pool of 1024 processes: it may have 1 to",
    ("primes", "-j", "0", "7"): '--jobs: "0" is not a whole number from 1 to 1024',
    **{("serve", "--processes", value): f'--processes: "{value}" is not a whole number from 1 to 1024'
       for value in ("0", "-1", "x", "1000000", "99999999999999999999", "2.5", "")},
    ("serve", "--processes"): "--processes needs a value: N",
    ("serve", "8080"): '"8080" is not an option, and nothing else is taken here',
}


def wrong_arguments_are_one_sentence():
    for arguments, sentence in WRONG.items():
        result = run(*arguments)
        check(result.returncode == 2 and result.stdout == "", arguments, result)
        name = f"plait {arguments[0]}" if arguments[0] in ("fx", "primes", "serve") else "plait"
        check(result.stderr.startswith(f"{name}: {sentence}") and result.stderr.count("\n") == 1, arguments, result.stderr)


def help_begins_with_examples():
    for arguments in [[], ["help"], ["--help"], ["-h"], ["fx", "--help"], ["fx", "-h"], ["help", "fx"],
                      ["serve", "--help"], ["help", "serve"], ["primes", "-h"], ["help", "primes"],
                      ["primes", "7", "--help"]]:
        result = run(*arguments)
        check(result.returncode == 0 and result.stderr == "", arguments, result)
        check(result.stdout.startswith("Examples:\n  plait "), arguments, result.stdout)
        check(max(map(len, result.stdout.splitlines())) <= 120, arguments, result.stdout)
    check(run("help", "fx").stdout == run("fx", "--help").stdout)
    check(all(model in run("fx", "--help").stdout for model in [*MODELS, "all"]))
    check("--report" not in run("fx", "--help").stdout)


def the_version_is_that_of_the_header():
    with open(os.path.join(SOURCE, "include/plait/version.h"), encoding="utf-8") as file:
        numbers = re.findall(r"#define PLAIT_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)", file.read())
    for argument in ["--version", "version"]:
        check(run(argument).stdout == "plait " + ".".join(numbers) + "\n")


def manuals_and_help_name_the_same_options():
    for name, command in [("plait-fx.1", "fx"), ("plait-primes.1", "primes"), ("plait-serve.1", "serve")]:
        with open(os.path.join(SOURCE, "docs/man", name), encoding="utf-8") as file:
            text = file.read()
        page = set(re.findall(r"^\.It (?:Fl \w , )?Fl -([a-z-]+)", text, re.M))
        shown = set(re.findall(r"^  (?:-\w,|   ) --([a-z-]+)", run(command, "--help").stdout, re.M))
        check(shown and page == shown, name, sorted(page), sorted(shown))


def output_that_cannot_be_written_is_told():
    for arguments in [["--version"], ["--help"], ["fx", "--help"], ["fx", "-q", "-l", "0"], ["fx", "-q", "-m", "all"],
                      ["primes", "-q"], ["primes", "7"], ["primes", *map(str, range(10000))]]:
        with open("/dev/full", "w", encoding="ascii") as full:
            result = run(*arguments, stdout=full)
        told_once(arguments, result, "No space left on device")


def told_once(arguments, result, reason):
    check(result.returncode == 1, arguments, result)
    check(result.stderr.endswith(f"cannot write to standard output: {reason}\n"), arguments, result)
    check(result.stderr.count("cannot write") == 1, arguments, result)


def a_closed_output_is_told_and_no_socket_takes_its_place():
    """Whichever of 0, 1, 2 are closed as well: what is opened first would take the lowest number."""
    for arguments in [["--version"], ["fx", "-q", "-l", "0", "--bases", "USD"], ["fx", "-q", "-m", "all", "-l", "0"],
                      ["primes", "-q", "7"], ["serve", "-q"]]:
        for closed in [(1,), (0, 1)]:
            told_once(arguments, run(*arguments, closed=closed), "Bad file descriptor")
        check(run(*arguments, closed=(0, 1, 2)).returncode == 1, arguments)
    for closed in [(0,), (2,), (0, 2)]:
        result = run("fx", "-q", "-l", "0", "--bases", "USD", closed=closed)
        check(result.returncode == 0 and result.stderr == "" and "1 USD =" in result.stdout, closed, result)


def a_reader_that_has_gone_is_told_where_no_signal_ends_us():
    for arguments in [["--version"], ["fx", "-q", "-l", "0", "--bases", "all"], ["primes", "7"]]:
        reader, writer = os.pipe()
        os.close(reader)
        result = run(*arguments, stdout=writer, ignored=(signal.SIGPIPE,))
        os.close(writer)
        told_once(arguments, result, "Broken pipe")


wrong_arguments_are_one_sentence()
help_begins_with_examples()
the_version_is_that_of_the_header()
manuals_and_help_name_the_same_options()
output_that_cannot_be_written_is_told()
a_closed_output_is_told_and_no_socket_takes_its_place()
a_reader_that_has_gone_is_told_where_no_signal_ends_us()
