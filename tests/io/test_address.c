/* Addresses as text: what each means, and the sentence for each that means nothing. */
#include "io/address.h"
#include <plait/error.h>
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static void numbers_names_and_paths_are_told_apart(void **state)
{
    static const struct {
        const char *text;
        enum plait_host kind;
        int port;
        const char *host; /* as inet_ntop or as kept */
    } cases[] = {
        { "127.0.0.1:80", PLAIT_HOST_NUMBER, 80, "127.0.0.1" },
        { "[::1]:65535", PLAIT_HOST_NUMBER, 65535, "::1" },
        { "[fe80::1%lo]:7", PLAIT_HOST_NUMBER, 7, "fe80::1" },
        { ":0", PLAIT_HOST_NONE, 0, NULL },
        { "localhost:8080", PLAIT_HOST_LOCAL, 8080, NULL },
        { "LocalHost:8080", PLAIT_HOST_LOCAL, 8080, NULL },
        { "example.com:443", PLAIT_HOST_NAME, 443, "example.com" },
        { "my_host-2.:00080", PLAIT_HOST_NAME, 80, "my_host-2." },
        { "1.2.3:80", PLAIT_HOST_NAME, 80, "1.2.3" }, /* the system decides what that is */
        { "unix:/run/a:b", PLAIT_HOST_PATH, 0, "/run/a:b" },
        { "unix:relative", PLAIT_HOST_PATH, 0, "relative" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct plait_endpoint e;
        char host[INET6_ADDRSTRLEN];
        assert_int_equal(plait_endpoint_parse(&e, cases[i].text), 0);
        assert_int_equal(e.kind, cases[i].kind);
        assert_int_equal(e.port, cases[i].port);
        if (e.kind == PLAIT_HOST_NAME) {
            assert_string_equal(e.host, cases[i].host);
        } else if (e.kind == PLAIT_HOST_PATH) {
            assert_string_equal(e.address.name.local.sun_path, cases[i].host);
            assert_int_equal(e.address.name.any.sa_family, AF_UNIX);
        } else if (e.kind == PLAIT_HOST_NUMBER) {
            bool v6 = e.address.name.any.sa_family == AF_INET6;
            const void *number = v6 ? (void *)&e.address.name.v6.sin6_addr : (void *)&e.address.name.v4.sin_addr;
            assert_string_equal(inet_ntop(e.address.name.any.sa_family, number, host, sizeof host), cases[i].host);
            assert_int_equal(ntohs(v6 ? e.address.name.v6.sin6_port : e.address.name.v4.sin_port), cases[i].port);
        }
    }
    struct plait_endpoint e;
    assert_int_equal(plait_endpoint_parse(&e, "[fe80::1%lo]:7"), 0);
    assert_int_equal(e.address.name.v6.sin6_scope_id, 1); /* lo is always the first */
    (void)state;
}

static void what_is_no_address_gets_a_sentence(void **state)
{
    static const struct {
        const char *text, *words;
    } cases[] = {
        { NULL, "there is no address" },
        { "", "has no port" },
        { "localhost", "has no port" },
        { "[::1]", "has no port" },
        { "localhost:", "'' is no port" },
        { "localhost:http", "'http' is no port" },
        { "localhost:65536", "'65536' is no port" },
        { "localhost:123456", "'123456' is no port" },
        { "localhost:-1", "'-1' is no port" },
        { "localhost: 80", "' 80' is no port" },
        { "::1:80", "write an IPv6 one as [HOST]:PORT" },
        { "[::1:80", "write an IPv6 one as [HOST]:PORT" },
        { "[nonsense]:80", "'nonsense' is no IPv6 one" },
        { "[fe80::1%nosuchdevice]:80", "is no IPv6 one" },
        { "[]:80", "is no IPv6 one" },
        { "http://localhost:80", "write an IPv6 one as" },
        { "a b:80", "'a b' is no host" },
        { "-x:80", "'-x' is no host" },
        { "\xc3\xa4.example:80", "is no host" },
        { "unix:", "there is no path after 'unix:'" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct plait_endpoint e;
        assert_int_equal(plait_endpoint_parse(&e, cases[i].text), PLAIT_EADDRESS);
        assert_int_equal(plait_error()->code, PLAIT_EADDRESS);
        if (!strstr(plait_error()->message, cases[i].words))
            fail_msg("'%s': %s", cases[i].text, plait_error()->message);
    }
    (void)state;
}

static void long_hosts_and_paths_are_refused_and_never_cut(void **state)
{
    struct plait_endpoint e;
    char text[400];
    memset(text, 'a', sizeof text);
    memcpy(text + 253, ":80", 4);
    assert_int_equal(plait_endpoint_parse(&e, text), 0);
    memset(text, 'a', 256);
    memcpy(text + 254, ":80", 4);
    assert_int_equal(plait_endpoint_parse(&e, text), PLAIT_EADDRESS);
    memset(text, 'a', 395);
    memcpy(text + 395, ":80", 4);
    assert_int_equal(plait_endpoint_parse(&e, text), PLAIT_EADDRESS);
    assert_non_null(strstr(plait_error()->message, "its host has 395 bytes"));
    memset(text, 'a', 200);
    memcpy(text, "unix:", 5);
    text[5 + 107] = 0;
    assert_int_equal(plait_endpoint_parse(&e, text), 0);
    assert_int_equal(strlen(e.address.name.local.sun_path), 107);
    text[5 + 107] = 'a';
    text[5 + 108] = 0;
    assert_int_equal(plait_endpoint_parse(&e, text), PLAIT_EADDRESS);
    assert_non_null(strstr(plait_error()->message, "its path has 108 bytes, 107 are the most"));
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_names_and_paths_are_told_apart),
        cmocka_unit_test(what_is_no_address_gets_a_sentence),
        cmocka_unit_test(long_hosts_and_paths_are_refused_and_never_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
