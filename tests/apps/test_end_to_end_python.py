#!/usr/bin/env python3
"""A second client, in Python alone, gets the same rows from `plait serve` as `plait fx` does, byte for byte."""

import http.client
import json
import os
import urllib.request

from command import SOURCE, Serve, check, rows, run

DEFAULT = ["USD", "EUR", "PLN", "NOK", "CZK"]


def cell(value):
    return format(value, "7.03") if value < 99.95 else format(value, "7.0f")


def row(base, rates, symbols):
    cells = ", ".join(f"{cell(rates.get(symbol, 1.0))} {symbol}" for symbol in symbols)
    return f"1 {base} = {cells}"


def rows_over_one_connection(port, bases, symbols, path):
    """Keeps one connection for all requests, as http.client does unless the server closes it."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    result = []
    for base in bases:
        connection.request("GET", path + base)
        response = connection.getresponse()
        document = json.loads(response.read())
        check(response.status == 200 and document["base"] == base, response.status, document)
        result.append(row(base, document["rates"], symbols))
    connection.close()
    return result


def the_known_figures_give_the_known_row():
    with open(os.path.join(SOURCE, "tests/data/rates-2019-04-09-usd.json"), encoding="utf-8") as file:
        known = json.load(file)["rates"]
    result = run("fx", "--bases", "USD", "--latency", "0")
    check(rows(result.stdout) == [row("USD", known, DEFAULT)], result.stdout)
    check(rows(result.stdout) == ["1 USD =     1.0 USD,   0.887 EUR,     3.8 PLN,    8.53 NOK,    22.7 CZK"],
          result.stdout)


def main():
    the_known_figures_give_the_known_row()
    with Serve("--latency", "1ms") as server:
        with urllib.request.urlopen(server.url + "/latest?base=USD", timeout=60) as response:
            every = sorted(json.load(response)["rates"])
        check(len(every) == 33, every)
        for path in ["/latest?base=", "/rates?base=", "/v1/latest?from="]:
            url = server.url + path + "{base}"
            for bases, symbols, options in [
                (DEFAULT, DEFAULT, []),
                (every, DEFAULT, ["--bases", "all"]),
                (every, every, ["--bases", "all", "--symbols", "all", "-j", "8"]),
                (["KRW", "EUR"], ["IDR", "JPY"], ["--bases", "krw,EUR", "--symbols", "IDR,JPY"]),
            ]:
                result = run("fx", "--url", url, *options)
                theirs = rows_over_one_connection(server.port, bases, symbols, path)
                check(result.returncode == 0, result)
                check(rows(result.stdout) == theirs, rows(result.stdout), theirs)
                check(result.stderr == "", result.stderr)


main()
