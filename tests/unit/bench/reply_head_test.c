/* reply_head_test.c - heads, whole, in pieces, and wrong. */
#include "bench/reply_head.h"
#include "unit.h"

TEST(reply_head_reads_status_and_length)
{
    struct bytes text = BYTES("HTTP/1.1 400 Bad Request\r\nServer: x\r\ncontent-length:  12 \r\n"
                              "X-Content-Length: 7\r\n\r\n{\"message\":1");
    struct reply_head reply = {0};

    CHECK_OK(reply_head_parse(text, &reply));
    CHECK_U64(reply.status, 400);
    CHECK_U64(reply.body_bytes, 12);
    CHECK_U64(text.size - reply.head_bytes, 12);
}

TEST(reply_head_waits_for_the_whole_head)
{
    struct bytes text = BYTES("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    struct reply_head reply = {0};

    for (size_t size = 0; size < text.size; size++) {
        CHECK_ERR(reply_head_parse(bytes_make(text.data, size), &reply), ERR_WOULD_BLOCK);
        CHECK_U64(reply.head_bytes, 0);
    }
    CHECK_OK(reply_head_parse(text, &reply));
    CHECK_U64(reply.head_bytes, text.size);
}

TEST(reply_head_refuses_what_it_cannot_delimit)
{
    static const char *const bad[] = {
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551617\r\n\r\n",
        "HTTP/1.1 2x0 OK\r\nContent-Length: 1\r\n\r\n",
        "HTTP/1.1\r\nContent-Length: 1\r\n\r\n",
        "HTTP/2 200\r\ncontent-length: 1\r\n\r\n",
        "\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n",
        "SSH-2.0-OpenSSH_9.2\r\n",
    };
    struct reply_head reply = {0};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CHECK_ERR(reply_head_parse(bytes_of_string(bad[i]), &reply), ERR_CORRUPT);
}
