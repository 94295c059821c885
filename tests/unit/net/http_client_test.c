/* http_client_test.c - requests that are not sent, and replies without an end. What is sent, the
 * tests of buckets see.
 */
#include "base/clock.h"
#include "net/canned_server.h"
#include "net/http_client.h"
#include "unit.h"

static void check_refused(struct bytes value, const char *why)
{
    struct http_client *client = http_client_open(NULL);
    struct http_header header = {BYTES("x-a"), value};
    struct http_client_request request = {
        .method = "GET",
        .url = "http://127.0.0.1:1/",
        .headers = &header,
        .header_count = 1,
        .idle_ms_max = 1000,
    };
    struct http_client_reply reply;
    struct arena arena;
    struct fault fault;
    struct buf body;

    arena_init(&arena);
    fault_init(&fault, &arena);
    buf_init(&body, 1000);
    request.reply = &body;
    CHECK_ERR(http_client_send(client, &request, &arena, &fault, &reply), ERR_CONFIG);
    CHECK_TEXT(fault.message, why);
    buf_fini(&body);
    arena_fini(&arena);
    http_client_close(&client);
}

TEST(http_client_sends_no_header_within_another)
{
    static uint8_t long_value[HTTP_CLIENT_HEAD_BYTES_MAX];

    check_refused(BYTES("k\r\nx-amz-acl: public-read"),
                  "the header x-a cannot have a control character");
    check_refused(BYTES("k\0"), "the header x-a cannot have a control character");
    memset(long_value, 'a', sizeof(long_value));
    check_refused(bytes_make(long_value, sizeof(long_value)), "the headers are too long");
}

TEST(http_client_leaves_the_scheme_s_own_port_out)
{
    static const char *const rows[][2] = {
        {"http://h", "h"},           {"http://h:80", "h"},
        {"http://h:80/path", "h"},   {"http://h:8000/", "h:8000"},
        {"http://h:443?x", "h:443"}, {"https://h:443/", "h"},
        {"https://h:80", "h:80"},    {"https://[::1]:443", "[::1]"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        CHECK_TEXT(http_client_host(rows[i][0]), rows[i][1]);
}

static void check_ends(const char *method, uint32_t whole_ms_max)
{
    struct canned_server server = {
        .replies = {"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n"}, .trickles = true};
    struct http_client *client = http_client_open(NULL);
    struct http_client_request request = {
        .method = method, .idle_ms_max = 1000, .whole_ms_max = whole_ms_max};
    uint64_t begun_ms = clock_mono_ms();
    struct http_client_reply reply;
    struct arena arena;
    struct fault fault;
    struct buf body;

    arena_init(&arena);
    fault_init(&fault, &arena);
    buf_init(&body, 2000000);
    request.reply = &body;
    canned_start(&server);
    request.url = server.url;
    CHECK_ERR(http_client_send(client, &request, &arena, &fault, &reply), ERR_TIMEOUT);
    CHECK(clock_mono_ms() - begun_ms < 15000);
    buf_fini(&body);
    arena_fini(&arena);
    http_client_close(&client); /* and the connection */
    canned_stop(&server);
}

/* A byte now and then is neither silence nor progress. */
TEST(http_client_does_not_wait_for_a_trickle)
{
    check_ends("GET", 0);
    check_ends("POST", 300);
}
