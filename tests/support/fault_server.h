/* fault_server.h: an HTTP server that says exactly what a test tells it to: plain threads, blocking sockets, raw bytes.
   It shares nothing with plait, so that a fault of plait's cannot hide itself.

   Each connection runs the script on a thread of its own; when the script returns, the connection is closed. */
#ifndef PLAIT_TESTS_FAULT_SERVER_H
#define PLAIT_TESTS_FAULT_SERVER_H
#include <stdbool.h>
#include <stddef.h>

typedef struct fault_server fault_server;

typedef struct fault_connection {
    int fd;
    unsigned number;     /* from 0, in the order of accepting */
    const char *request; /* the head of the last request read, and its body */
    size_t request_size;
    void *context;
    fault_server *server;
} fault_connection;

typedef void fault_script(fault_connection *connection);

/* Listens on a free port of 127.0.0.1. Stops the program when it cannot. */
fault_server *fault_server_start(fault_script *script, void *context);

/* Ends all connections and threads, and frees. */
void fault_server_stop(fault_server *server);

/* "http://127.0.0.1:PORT" + path, in one of a few buffers that are used in turn. */
const char *fault_server_url(const fault_server *server, const char *path);
int fault_server_port(const fault_server *server);

/* How many connections were accepted, and requests read, so far. */
unsigned fault_server_accepts(fault_server *server);
unsigned fault_server_requests(fault_server *server);

/* Waits until that many requests were read, or connections accepted. */
void fault_server_wait_requests(fault_server *server, unsigned count);
void fault_server_wait_accepts(fault_server *server, unsigned count);

/* For scripts. Reads a request with its body (by Content-Length); false when the peer has closed. */
bool fault_read(fault_connection *connection);

/* Sends; false when the peer has gone. */
bool fault_send(fault_connection *connection, const void *data, size_t size);
bool fault_say(fault_connection *connection, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Reads and drops until the peer closes or the server is stopped. */
void fault_wait_closed(fault_connection *connection);

/* Makes the coming close a reset. */
void fault_reset(fault_connection *connection);

#endif
