"""faulty.py: an HTTP server that answers as no server should, for the tests of `plait fx`.

The last part of the path is the base: three letters that name the fault, or stand for a currency. What it does is kept
in plain sight: each fault writes its own bytes.
"""

import json
import socket
import threading

from command import LIMIT, check

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"


def rates(base, **changes):
    return json.dumps({"base": base, "date": "2019-04-09", "rates": {"EUR": 0.5, "USD": 2.0, **changes}}).encode()


def full(body):
    return OK % (len(body), body)


def raw_rate(base, rate):
    return full(b'{"base":"%s","rates":{"USD":2,"EUR":%s}}' % (base.encode(), rate))


ANSWERS = {
    "HTM": lambda base: b"HTTP/1.1 200 OK\r\nContent-Length: 29\r\n\r\n<html><body>Hi!</body></html>",
    "CUT": lambda base: full(rates(base)[:-4]),
    "TRU": lambda base: OK % (5000, rates(base)),
    "EMP": lambda base: full(b""),
    "NIL": lambda base: b"",
    "NOT": lambda base: b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "RED": lambda base: b"HTTP/1.1 302 Found\r\nLocation: /again/RED\r\nContent-Length: 0\r\n\r\n",
    "MOV": lambda base: b"HTTP/1.1 301 Moved\r\nLocation: /EUR?as=MOV\r\nContent-Length: 0\r\n\r\n",
    "FIL": lambda base: b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n",
    "ERR": lambda base: b"HTTP/1.1 500 Oops\r\nContent-Length: 23\r\n\r\n" + b'{"message":"no luck"}\r\n',
    "MAN": lambda base: b"HTTP/1.1 429 Slow down\r\nRetry-After: 86400\r\nContent-Length: 0\r\n\r\n",
    "ENV": lambda base: full(b'{"success":false,"error":{"code":104,"info":"used up"}}'),
    "OTH": lambda base: full(rates("EUR")),
    "MIS": lambda base: full(b'{"base":"MIS","rates":{"USD":2}}'),
    "TXT": lambda base: raw_rate(base, b'"0.5"'),
    "ZER": lambda base: raw_rate(base, b"0"),
    "NEG": lambda base: raw_rate(base, b"-0.5"),
    "NAN": lambda base: raw_rate(base, b"NaN"),
    "BIG": lambda base: raw_rate(base, b"1e300"),
    "INF": lambda base: raw_rate(base, b"1e999"),
}


class Server:
    """Listens on .port. `before(base)` is called for each request, before it is answered."""

    def __init__(self, before=lambda base: None):
        self.before = before
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/{{base}}"

    def accept(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        try:
            with connection, connection.makefile("rb") as requests:
                while self.answer(connection, requests):
                    pass
        except OSError:
            pass  # the client went away, as it should with some of these

    def answer(self, connection, requests):
        """Answers one request. True if the connection may be used again."""
        line = requests.readline()
        if not line:
            return False
        while requests.readline() not in (b"\r\n", b""):
            pass
        target = line.split()[1].decode()
        base = target.split("as=")[1] if "as=" in target else target.rsplit("/", 1)[1]
        self.before(base)
        if base == "HAN":
            return connection.recv(1) != b""  # until the client gives up
        if base == "END":
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"rates\":{")
            while True:
                connection.sendall(b'"EUR":1,' * 4096)
        if base == "CHU":
            connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while True:
                connection.sendall(b"1000\r\n" + b" " * 4096 + b"\r\n")
        if base in ANSWERS and "as=" not in target:
            connection.sendall(ANSWERS[base](base))
            return base in ("RED", "MOV")
        connection.sendall(full(rates(base)))
        return True


class Held(Server):
    """Holds every request until .open is set; .arrived counts them."""

    def __init__(self):
        self.open, self.arrived = threading.Event(), threading.Semaphore(0)
        super().__init__(self.hold)

    def hold(self, base):
        self.arrived.release()
        self.open.wait(LIMIT)

    def await_requests(self, count):
        for _ in range(count):
            check(self.arrived.acquire(timeout=LIMIT))
