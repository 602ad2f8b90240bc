/* Reading and writing through every kind of descriptor: what is there, what is not, waits and what ends them. The two
   system calls that older kernels refuse for pipes can be made to refuse here. */
#include "base/clock.h"
#include "park/context.h"
#include <plait/error.h>
#include <plait/event.h>
#include <plait/io.h>
#include <plait/scope.h>
#include <plait/thread.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>
#include <cmocka.h>

static _Atomic bool old_kernel;

/* These two stand in for libc's. */
ssize_t preadv2(int fd, const struct iovec *blocks, int count, off_t offset, int flags)
{
    if (old_kernel) return errno = EOPNOTSUPP, -1;
    return syscall(SYS_preadv2, fd, blocks, count, offset, 0, flags);
}
ssize_t pwritev2(int fd, const struct iovec *blocks, int count, off_t offset, int flags)
{
    if (old_kernel) return errno = EOPNOTSUPP, -1;
    return syscall(SYS_pwritev2, fd, blocks, count, offset, 0, flags);
}

/* Two connected ends: what is written to `in` can be read from `out`. */
struct ends {
    const char *name;
    int out, in;
};

static void make_socket(struct ends *e)
{
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    *e = (struct ends){ "socket", fds[0], fds[1] };
}
static void make_pipe(struct ends *e)
{
    int fds[2];
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    *e = (struct ends){ "pipe", fds[0], fds[1] };
}
static void make_terminal(struct ends *e)
{
    struct termios raw;
    int in = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(in >= 0);
    assert_int_equal(grantpt(in) | unlockpt(in), 0);
    int out = open(ptsname(in), O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(out >= 0);
    assert_int_equal(tcgetattr(out, &raw), 0);
    cfmakeraw(&raw);
    assert_int_equal(tcsetattr(out, TCSANOW, &raw), 0);
    *e = (struct ends){ "terminal", out, in };
}
static void end(struct ends *e)
{
    if (e->out >= 0) assert_int_equal(plait_close(e->out), 0);
    if (e->in >= 0) assert_int_equal(plait_close(e->in), 0);
}

/* Runs a test for each kind of descriptor that one may have to wait for, and for pipes as old kernels know them. */
static void for_each(void (*test)(struct ends *))
{
    static void (*const make[])(struct ends *) = { make_socket, make_pipe, make_terminal, make_pipe };
    for (size_t i = 0; i < sizeof make / sizeof *make; i++) {
        struct ends e;
        make[i](&e);
        old_kernel = i == 3;
        int flags[] = { fcntl(e.out, F_GETFL), fcntl(e.in, F_GETFL) };
        int out = e.out, in = e.in;
        test(&e);
        if (e.out == out) assert_int_equal(fcntl(out, F_GETFL), flags[0]);
        if (e.in == in) assert_int_equal(fcntl(in, F_GETFL), flags[1]);
        assert_false(flags[0] & O_NONBLOCK);
        end(&e);
        old_kernel = false;
    }
}

static void gives_what_is_there(struct ends *e)
{
    char data[16] = "";
    assert_int_equal(plait_write(e->in, "hello", 5, PLAIT_FOREVER, NULL), 0);
    struct pollfd there = { .fd = e->out, .events = POLLIN };
    assert_int_equal(poll(&there, 1, -1), 1); /* a terminal hands it over by a thread of its own */
    assert_int_equal(plait_read(e->out, data, sizeof data, PLAIT_NOW), 5);
    assert_string_equal(data, "hello");
    assert_int_equal(plait_write(e->in, "worlds", 6, plait_after(-1), NULL), 0);
    assert_int_equal(plait_read(e->out, data, 5, PLAIT_FOREVER), 5);
    assert_memory_equal(data, "world", 5);
    assert_int_equal(plait_read(e->out, data, 5, PLAIT_FOREVER), 1);
}
static void a_read_gives_what_is_there(void **state)
{
    for_each(gives_what_is_there);
    (void)state;
}

static void says_how_it_waited(struct ends *e)
{
    char data[16];
    assert_int_equal(plait_read(e->out, data, sizeof data, PLAIT_NOW), PLAIT_EAGAIN);
    assert_int_equal(plait_read(e->out, data, sizeof data, plait_after(-1)), PLAIT_ETIMEDOUT);
    assert_int_equal(plait_read(e->out, data, sizeof data, plait_after(5 * PLAIT_MILLISECOND)), PLAIT_ETIMEDOUT);
    {
        PLAIT_TIMEOUT(scope, plait_after(5 * PLAIT_MILLISECOND));
        assert_int_equal(plait_read(e->out, data, sizeof data, PLAIT_FOREVER), PLAIT_ECANCELED);
        assert_true(plait_scope_expired(&scope));
    }
}
static void a_read_of_nothing_says_how_it_waited(void **state)
{
    for_each(says_how_it_waited);
    (void)state;
}

static void looks_at_the_scope_first(struct ends *e)
{
    char data[16];
    size_t written = 7;
    assert_int_equal(plait_write(e->in, "ab", 2, PLAIT_FOREVER, NULL), 0);
    PLAIT_CANCEL_SCOPE(scope);
    plait_scope_cancel(&scope);
    assert_int_equal(plait_read(e->out, data, 1, PLAIT_FOREVER), PLAIT_ECANCELED);
    assert_int_equal(plait_write(e->in, "c", 1, plait_after(PLAIT_SECOND), &written), PLAIT_ECANCELED);
    assert_int_equal(written, 0);
    struct pollfd there = { .fd = e->out, .events = POLLIN };
    assert_int_equal(poll(&there, 1, -1), 1);
    assert_int_equal(plait_read(e->out, data, 1, PLAIT_NOW), 1); /* does not wait, so nothing can cut it short */
    assert_int_equal(plait_write(e->in, "c", 1, PLAIT_NOW, &written), 0);
    assert_int_equal(written, 1);
}
static void a_dead_scope_comes_first_but_not_for_NOW(void **state)
{
    for_each(looks_at_the_scope_first);
    (void)state;
}

struct reader {
    int fd;
    plait_event begun;
    plait_parker *parker;
    plait_scope *scope;
    ssize_t got;
    char data[8];
};
static int read_one(void *argument)
{
    struct reader *r = argument;
    PLAIT_CANCEL_SCOPE(scope);
    r->parker = plait_current()->parker;
    r->scope = &scope;
    plait_event_set(&r->begun);
    r->got = plait_read(r->fd, r->data, sizeof r->data, PLAIT_FOREVER);
    plait_event_clear(&r->begun);
    PLAIT_SHIELD(shield, PLAIT_FOREVER);
    return plait_event_wait(&r->begun, PLAIT_FOREVER); /* its scope lives as long as the test wants */
}
static plait_thread *start_reader(struct reader *r)
{
    plait_thread *thread = plait_thread_start(read_one, r, NULL);
    assert_non_null(thread);
    assert_int_equal(plait_event_wait(&r->begun, PLAIT_FOREVER), 0);
    return thread;
}
static void end_reader(struct reader *r, plait_thread *thread)
{
    while (plait_thread_join(thread, NULL, plait_after(PLAIT_MILLISECOND)) == PLAIT_ETIMEDOUT)
        plait_event_set(&r->begun);
    plait_thread_free(thread);
}

static void waits_for_the_first_byte(struct ends *e)
{
    struct reader r = { .fd = e->out };
    plait_thread *thread = start_reader(&r);
    assert_int_equal(plait_write(e->in, "x", 1, PLAIT_FOREVER, NULL), 0);
    end_reader(&r, thread);
    assert_int_equal(r.got, 1);
    assert_int_equal(r.data[0], 'x');
}
static void a_read_waits_for_the_first_byte(void **state)
{
    for_each(waits_for_the_first_byte);
    (void)state;
}

static void can_be_cancelled(struct ends *e)
{
    struct reader r = { .fd = e->out };
    plait_thread *thread = start_reader(&r);
    plait_scope_cancel(r.scope);
    end_reader(&r, thread);
    assert_int_equal(r.got, PLAIT_ECANCELED);
}
static void a_waiting_read_can_be_cancelled(void **state)
{
    for_each(can_be_cancelled);
    (void)state;
}

static void a_close_ends_a_waiting_read(void **state)
{
    struct ends e;
    make_socket(&e);
    struct reader r = { .fd = e.out };
    plait_thread *thread = start_reader(&r);
    while (r.parker->state != PLAIT_PARKED_ON) sched_yield();
    assert_int_equal(plait_close(e.out), 0);
    e.out = -1;
    end_reader(&r, thread);
    assert_int_equal(r.got, PLAIT_ECLOSED);
    end(&e);
    (void)state;
}

static void the_end_is_zero_bytes(void **state)
{
    struct ends e;
    char data[4];
    for (int i = 0; i < 2; i++) {
        (i ? make_pipe : make_socket)(&e);
        assert_int_equal(plait_close(e.in), 0);
        e.in = -1;
        assert_int_equal(plait_read(e.out, data, sizeof data, PLAIT_FOREVER), 0);
        assert_int_equal(plait_read(e.out, data, sizeof data, PLAIT_NOW), 0);
        end(&e);
    }
    (void)state;
}

static void files_devices_and_counters_just_work(void **state)
{
    char data[16] = "", path[] = "/tmp/plait-transfer-XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(plait_write(file, "in a file", 9, PLAIT_NOW, NULL), 0);
    assert_int_equal(lseek(file, 3, SEEK_SET), 3);
    assert_int_equal(plait_read(file, data, sizeof data, PLAIT_FOREVER), 6);
    assert_string_equal(data, "a file");
    assert_int_equal(plait_read(file, data, sizeof data, PLAIT_FOREVER), 0);
    assert_int_equal(close(file), 0);

    int zero = open("/dev/zero", O_RDWR | O_CLOEXEC);
    assert_int_equal(plait_read(zero, data, sizeof data, PLAIT_FOREVER), sizeof data);
    assert_int_equal(data[0], 0);
    assert_int_equal(plait_write(zero, "gone", 4, PLAIT_FOREVER, NULL), 0);
    assert_int_equal(close(zero), 0);

    uint64_t count = 3;
    int counter = eventfd(0, EFD_CLOEXEC);
    assert_int_equal(plait_read(counter, &count, sizeof count, PLAIT_NOW), PLAIT_EAGAIN);
    assert_int_equal(plait_write(counter, &count, sizeof count, PLAIT_FOREVER, NULL), 0);
    assert_int_equal(plait_read(counter, &count, sizeof count, PLAIT_FOREVER), sizeof count);
    assert_int_equal(count, 3);
    assert_int_equal(close(counter), 0);

    int directory = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(plait_read(directory, data, 1, PLAIT_FOREVER), -EISDIR);
    assert_int_equal(close(directory), 0);
    (void)state;
}

static void what_cannot_be_done_says_why(void **state)
{
    char data[4] = "";
    size_t written = 9;
    assert_int_equal(plait_read(-1, data, 1, PLAIT_NOW), -EBADF);
    assert_int_equal(plait_write(-1, data, 1, PLAIT_FOREVER, &written), -EBADF);
    assert_int_equal(written, 0);
    assert_int_equal(plait_read(-1, data, 0, PLAIT_FOREVER), 0); /* nothing is asked for */
    assert_int_equal(plait_writev(-1, NULL, -1, PLAIT_FOREVER, NULL), PLAIT_EINVAL);
    struct ends e;
    make_pipe(&e);
    assert_int_equal(plait_read(e.in, data, 1, PLAIT_FOREVER), -EBADF); /* the end to write to */
    assert_int_equal(plait_write(e.out, data, 1, PLAIT_FOREVER, NULL), -EBADF);
    plait_fail(-EIO, "old words");
    assert_int_equal(plait_read(-1, data, 1, PLAIT_FOREVER), -EBADF);
    assert_null(plait_error()); /* words of an earlier failure do not stand beside a new code */
    end(&e);
    (void)state;
}

static void a_write_to_nobody_is_EPIPE_and_no_signal(void **state)
{
    struct ends e;
    make_socket(&e);
    assert_int_equal(plait_close(e.out), 0);
    e.out = -1;
    assert_int_equal(plait_write(e.in, "x", 1, PLAIT_FOREVER, NULL), -EPIPE); /* SIGPIPE would end the test */
    end(&e);
    (void)state;
}

enum { MUCH = 4 << 20 };
static unsigned char byte_at(size_t i) { return (unsigned char)(i * 7 + i / 4096); }

struct drain {
    int fd;
    size_t got;
    bool right;
};
static int drain(void *argument)
{
    struct drain *d = argument;
    static unsigned char data[70000];
    ssize_t got;
    for (d->right = true; d->got < MUCH && (got = plait_read(d->fd, data, sizeof data, PLAIT_FOREVER)) > 0;
         d->got += (size_t)got)
        for (size_t i = 0; i < (size_t)got; i++) d->right &= data[i] == byte_at(d->got + i);
    return 0;
}

static void goes_out_whole(struct ends *e)
{
    unsigned char *data = malloc(MUCH);
    size_t written = 0;
    for (size_t i = 0; i < MUCH; i++) data[i] = byte_at(i);
    struct drain d = { .fd = e->out };
    plait_thread *thread = plait_thread_start(drain, &d, NULL);
    assert_non_null(thread);
    assert_int_equal(plait_write(e->in, data, MUCH, PLAIT_FOREVER, &written), 0);
    plait_thread_free(thread);
    assert_int_equal(written, MUCH);
    assert_int_equal(d.got, MUCH);
    assert_true(d.right);
    free(data);
}
static void much_data_goes_out_whole_and_in_order(void **state)
{
    for_each(goes_out_whole);
    (void)state;
}

static void blocks_go_out_whole(struct ends *e)
{
    enum { BLOCKS = 3000 }; /* more than the system takes at once */
    unsigned char *data = malloc(MUCH);
    struct iovec *blocks = malloc(sizeof *blocks * BLOCKS);
    size_t written = 0, at = 0;
    for (size_t i = 0; i < MUCH; i++) data[i] = byte_at(i);
    for (size_t i = 0; i < BLOCKS; i++) {
        size_t size = i == BLOCKS - 1 ? MUCH - at : i % 3 ? i : 0; /* each third is empty */
        blocks[i] = (struct iovec){ data + at, size };
        at += size;
    }
    struct drain d = { .fd = e->out };
    plait_thread *thread = plait_thread_start(drain, &d, NULL);
    assert_non_null(thread);
    assert_int_equal(plait_writev(e->in, blocks, BLOCKS, PLAIT_FOREVER, &written), 0);
    plait_thread_free(thread);
    assert_int_equal(written, MUCH);
    assert_true(d.got == MUCH && d.right);
    free(blocks);
    free(data);
}
static void many_blocks_go_out_whole_and_in_order(void **state)
{
    for_each(blocks_go_out_whole);
    struct iovec empty[2] = { { NULL, 0 }, { NULL, 0 } };
    assert_int_equal(plait_writev(-1, empty, 2, PLAIT_FOREVER, NULL), 0); /* nothing to do: nobody is asked */
    (void)state;
}

static void counts_what_went_out(struct ends *e)
{
    if (strcmp(e->name, "terminal") == 0) return; /* says that it is ready when it has room for one byte */
    unsigned char *data = calloc(1, MUCH);
    size_t first, second, third;
    assert_int_equal(plait_write(e->in, data, MUCH, PLAIT_NOW, &first), PLAIT_EAGAIN);
    assert_in_range(first, 1, MUCH - 1);
    assert_int_equal(plait_write(e->in, data, MUCH, plait_after(5 * PLAIT_MILLISECOND), &second), PLAIT_ETIMEDOUT);
    PLAIT_TIMEOUT(scope, plait_after(5 * PLAIT_MILLISECOND));
    assert_int_equal(plait_write(e->in, data, MUCH, PLAIT_FOREVER, &third), PLAIT_ECANCELED);
    size_t sum = 0; /* exactly so much can be read */
    for (ssize_t got; (got = plait_read(e->out, data, MUCH, PLAIT_NOW)) > 0;) sum += (size_t)got;
    assert_int_equal(sum, first + second + third);
    free(data);
}
static void a_write_cut_short_counts_what_went_out(void **state)
{
    for_each(counts_what_went_out);
    (void)state;
}

/* A clock that goes on whenever it is read: a deadline of some hundred readings passes although nobody ever waits. */
static int64_t ticks(void *context) { return atomic_fetch_add((_Atomic int64_t *)context, 1) + 1; }

static int sip(void *argument)
{
    char data[64];
    while (read(*(int *)argument, data, sizeof data) > 0) {}
    return 0;
}
static void a_reader_that_always_takes_a_little_does_not_stretch_the_deadline(void **state)
{
    struct ends e;
    make_pipe(&e);
    old_kernel = true; /* PIPE_BUF at a time */
    char *data = calloc(1, MUCH);
    size_t written;
    _Atomic int64_t now = 0;
    const plait_clock clock = { ticks, (void *)&now };
    plait_thread *thread = plait_thread_start(sip, &e.out, NULL);
    plait_clock_set(&clock);
    int err = plait_write(e.in, data, MUCH, plait_after(200), &written);
    plait_clock_set(NULL);
    old_kernel = false;
    assert_int_equal(err, PLAIT_ETIMEDOUT);
    assert_in_range(written, 1, MUCH - 1);
    assert_int_equal(plait_close(e.in), 0);
    e.in = -1;
    plait_thread_free(thread);
    end(&e);
    free(data);
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_read_gives_what_is_there),
        cmocka_unit_test(a_read_of_nothing_says_how_it_waited),
        cmocka_unit_test(a_dead_scope_comes_first_but_not_for_NOW),
        cmocka_unit_test(a_read_waits_for_the_first_byte),
        cmocka_unit_test(a_waiting_read_can_be_cancelled),
        cmocka_unit_test(a_close_ends_a_waiting_read),
        cmocka_unit_test(the_end_is_zero_bytes),
        cmocka_unit_test(files_devices_and_counters_just_work),
        cmocka_unit_test(what_cannot_be_done_says_why),
        cmocka_unit_test(a_write_to_nobody_is_EPIPE_and_no_signal),
        cmocka_unit_test(much_data_goes_out_whole_and_in_order),
        cmocka_unit_test(many_blocks_go_out_whole_and_in_order),
        cmocka_unit_test(a_write_cut_short_counts_what_went_out),
        cmocka_unit_test(a_reader_that_always_takes_a_little_does_not_stretch_the_deadline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
