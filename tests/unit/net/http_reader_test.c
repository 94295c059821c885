/* http_reader_test.c - how bytes are cut into pieces must not matter. */
#include "net/http_reader.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

static const struct http_reader_limits limits = {
    .head_bytes_max = 1000,
    .body_bytes_max = 100000,
    .header_count_max = 8,
};

static void note_request(const struct http_reader *reader, struct buf *notes)
{
    const struct http_request *request = &reader->request;

    buf_append_format(notes, "%.*s %.*s|%.*s|%.*s alive=%d head=%d gzip=%d coding=%d bad=%d\n",
                      BYTES_ARGS(request->method), BYTES_ARGS(request->target),
                      BYTES_ARGS(request->path), BYTES_ARGS(request->query), reader->keep_alive,
                      reader->head_only, reader->accepts_gzip, reader->coding,
                      request->body_undecodable);
    for (size_t i = 0; i < request->header_count; i++)
        buf_append_format(notes, "[%.*s]=[%.*s]\n", BYTES_ARGS(request->headers[i].name),
                          BYTES_ARGS(request->headers[i].value));
    buf_append_bytes(notes, request->body_sent);
    buf_append_lit(notes, "|");
    buf_append_bytes(notes, request->body);
    buf_append_lit(notes, "\n");
}

/* Feeds in pieces of piece_size, notes each request and a refusal. */
static void read_all(struct bytes input, size_t piece_size, struct buf *notes)
{
    struct http_reader reader;
    enum http_reader_step step;

    http_reader_init(&reader, &limits);
    for (;;) {
        step = http_reader_step(&reader);
        if (step == HTTP_READER_REQUEST) {
            note_request(&reader, notes);
            http_reader_next(&reader);
        } else if (step == HTTP_READER_REFUSED) {
            buf_append_format(notes, "refused %u\n", reader.refusal);
            break;
        } else {
            struct http_reader_room room;
            size_t size = piece_size < input.size ? piece_size : input.size;

            if (input.size == 0)
                break;
            room = http_reader_room(&reader);
            CHECK(room.size != 0);
            if (size > room.size)
                size = room.size;
            memcpy(room.at, input.data, size);
            http_reader_received(&reader, size);
            input = bytes_skip(input, size);
        }
    }
    if (step == HTTP_READER_MORE && http_reader_is_empty(&reader))
        buf_append_lit(notes, "nothing left\n");
    http_reader_fini(&reader);
}

static void check_pieces(struct bytes input, const char *expected)
{
    static const size_t pieces[] = {1, 2, 3, 7, 64, 1000, 5000, 16384, 17000, 1 << 20};

    for (unsigned i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        struct buf notes, whole;

        buf_init(&notes, SIZE_MAX / 2);
        buf_init(&whole, SIZE_MAX / 2);
        read_all(input, pieces[i], &notes);
        if (expected != NULL) {
            CHECK_TEXT(buf_bytes(&notes), expected);
        } else {
            read_all(input, SIZE_MAX, &whole);
            CHECK(bytes_equal(buf_bytes(&notes), buf_bytes(&whole)));
        }
        buf_fini(&notes);
        buf_fini(&whole);
    }
}

TEST(http_reader_reads_the_same_however_it_is_cut)
{
    check_pieces(BYTES("POST /a?b=1?2 HTTP/1.1\r\nHost: h\r\nX-Empty:\r\nX-Space: \t \r\n"
                       "x:y\r\nContent-Length: 3\r\n\r\nabc"
                       "\r\nGET http://h HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"),
                 "POST /a?b=1?2|/a|b=1?2 alive=1 head=0 gzip=0 coding=0 bad=0\n"
                 "[Host]=[h]\n[X-Empty]=[]\n[X-Space]=[]\n[x]=[y]\n[Content-Length]=[3]\nabc|abc\n"
                 "GET http://h|/| alive=0 head=0 gzip=0 coding=0 bad=0\n"
                 "[Host]=[h]\n[Connection]=[close]\n|\n"
                 "nothing left\n");
    check_pieces(BYTES("HEAD /?q HTTP/1.0\r\nAccept-Encoding: br, gzip\r\n\r\n"
                       "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n"
                       "1;a=b\r\nx\r\nA\r\n0123456789\r\n000\r\nHost: evil\r\nX: y\r\n\r\n"
                       "PUT * HTTP/1.1\r\nHost: h\r\nContent-Encoding: br\r\nContent-Length: 1\r\n"
                       "\r\nz"),
                 "HEAD /?q|/|q alive=0 head=1 gzip=1 coding=0 bad=0\n"
                 "[Accept-Encoding]=[br, gzip]\n|\n"
                 "POST /|/| alive=1 head=0 gzip=0 coding=0 bad=0\n"
                 "[Host]=[h]\n[Transfer-Encoding]=[Chunked]\nx0123456789|x0123456789\n"
                 "PUT *|*| alive=1 head=0 gzip=0 coding=3 bad=1\n"
                 "[Host]=[h]\n[Content-Encoding]=[br]\n[Content-Length]=[1]\nz|\n"
                 "nothing left\n");
}

TEST(http_reader_refuses_the_same_however_it_is_cut)
{
    check_pieces(BYTES("GET / HTTP/1.1\r\nHost: h\r\n\r\nnonsense"),
                 "GET /|/| alive=1 head=0 gzip=0 coding=0 bad=0\n[Host]=[h]\n|\nrefused 400\n");
    check_pieces(BYTES("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100001\r\n\r\n"),
                 "refused 413\n");
    check_pieces(BYTES("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab\r\n"
                       "\r\n"),
                 "refused 400\n");
}

/* Bodies around every size at which the reader changes the place, with requests around them. */
TEST(http_reader_reads_bodies_of_all_sizes_wherever_they_begin)
{
    static const size_t sizes[] = {0,     1,     15000, 16383, 16384, 16385, 17000,
                                   17383, 17384, 17385, 33000, 65536, 99999, 100000};

    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct buf input;

        buf_init(&input, SIZE_MAX / 2);
        for (unsigned before = 0; before < 40; before++)
            buf_append_format(&input,
                              "POST /%u HTTP/1.1\r\nHost: h\r\nContent-Length: 401\r\n\r\n%0401u",
                              before, before);
        buf_append_format(&input,
                          "POST /sized HTTP/1.1\r\nHost: h\r\nX: y\r\nContent-Length: %zu\r\n\r\n",
                          sizes[i]);
        for (size_t at = 0; at < sizes[i]; at++)
            buf_append_byte(&input, (uint8_t)('a' + at % 26));
        buf_append_lit(&input, "POST /chunked HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
                               "\r\n");
        for (size_t at = 0, step = 1; at < sizes[i]; at += step, step = step * 3 % 20011) {
            if (step > sizes[i] - at)
                step = sizes[i] - at;
            buf_append_format(&input, "%zx\r\n", step);
            for (size_t k = 0; k < step; k++)
                buf_append_byte(&input, (uint8_t)('A' + (at + k) % 26));
            buf_append_lit(&input, "\r\n");
        }
        buf_append_lit(&input, "0\r\n\r\nGET /last HTTP/1.1\r\nHost: h\r\n\r\n");
        check_pieces(buf_bytes(&input), NULL);
        buf_fini(&input);
    }
}

/* A chunked request whose head ends where the receive buffer does, or just before: the chunks need
 * a place all the same. */
TEST(http_reader_finds_room_for_chunks_behind_a_head_at_the_end)
{
    size_t capacity = limits.head_bytes_max + HTTP_READER_ROOM_BYTES;

    for (size_t before_the_end = 0; before_the_end < 3; before_the_end++) {
        static const char head[] = "POST /c HTTP/1.1\r\nHost: h\r\nX-Y: zzzz\r\n"
                                   "Transfer-Encoding: chunked\r\n\r\n";
        static const char filler[] = "POST /f HTTP/1.1\r\nHost: h\r\nContent-Length: %zu\r\n\r\n";
        struct buf input, notes;
        size_t size;

        buf_init(&input, SIZE_MAX / 2);
        buf_init(&notes, SIZE_MAX / 2);
        size = capacity - before_the_end - (sizeof(head) - 1);
        size -= (size_t)snprintf(NULL, 0, filler, size);
        buf_append_format(&input, filler, size);
        for (size_t i = 0; i < size; i++)
            buf_append_byte(&input, 'f');
        buf_append_string(&input, head);
        CHECK_U64(input.size, capacity - before_the_end);
        buf_append_lit(&input, "5\r\nhello\r\n0\r\n\r\n");
        read_all(buf_bytes(&input), SIZE_MAX, &notes);
        CHECK(memmem(notes.data, notes.size, "[X-Y]=[zzzz]\n", 13) != NULL);
        CHECK(memmem(notes.data, notes.size, "hello|hello\nnothing left\n", 25) != NULL);
        buf_fini(&input);
        buf_fini(&notes);
    }
}

TEST(http_reader_memory_follows_what_has_come)
{
    struct http_reader reader;
    struct http_reader_room room;
    static const char head[] = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n";

    http_reader_init(&reader, &limits);
    room = http_reader_room(&reader);
    memcpy(room.at, head, sizeof(head) - 1);
    http_reader_received(&reader, sizeof(head) - 1);
    CHECK_U64(http_reader_step(&reader), HTTP_READER_MORE);
    for (size_t got = 0; got < 20000; got++) {
        room = http_reader_room(&reader);
        *room.at = 'x';
        http_reader_received(&reader, 1);
        CHECK_U64(http_reader_step(&reader), HTTP_READER_MORE);
    }
    CHECK(reader.body.capacity <= 65536);
    http_reader_fini(&reader);
}

/* Chunk framing that never ends: extensions, and trailers. */
TEST(http_reader_bounds_chunk_framing)
{
    static const char *const starts[] = {
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1;",
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: ",
    };

    for (unsigned i = 0; i < 2; i++) {
        struct buf input, notes;

        buf_init(&input, SIZE_MAX / 2);
        buf_init(&notes, SIZE_MAX / 2);
        buf_append_string(&input, starts[i]);
        while (input.size < 10 * limits.body_bytes_max)
            buf_append_lit(&input, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
        read_all(buf_bytes(&input), 10000, &notes);
        CHECK_TEXT(buf_bytes(&notes), "refused 413\n");
        buf_fini(&input);
        buf_fini(&notes);
    }
}

/* A few hundred bytes may decode to megabytes: that is not for the loop, which reads. */
TEST(http_reader_leaves_what_decodes_to_much_to_the_handler)
{
    static const struct {
        size_t size;
        bool coded;
        enum err decoded;
    } cases[] = {
        {HTTP_DECODED_BYTES_MAX, false, OK},
        {HTTP_DECODED_BYTES_MAX + 1, true, OK},
        {100000, true, OK},
        {100001, true, ERR_TOO_LARGE},
    };
    uint8_t *plain = calloc(1, 200000);

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct http_gzip *gzip = NULL;
        struct http_reader reader;
        struct buf packed, input;
        struct http_reader_room room;

        buf_init(&packed, SIZE_MAX / 2);
        buf_init(&input, SIZE_MAX / 2);
        CHECK_OK(http_gzip_encode(&gzip, bytes_make(plain, cases[i].size), &packed));
        buf_append_format(&input,
                          "POST / HTTP/1.1\r\nHost: h\r\nContent-Encoding: gzip\r\n"
                          "Content-Length: %zu\r\n\r\n",
                          packed.size);
        buf_append_bytes(&input, buf_bytes(&packed));
        http_reader_init(&reader, &limits);
        room = http_reader_room(&reader);
        CHECK(room.size >= input.size);
        memcpy(room.at, input.data, input.size);
        http_reader_received(&reader, input.size);
        CHECK_U64(http_reader_step(&reader), HTTP_READER_REQUEST);
        CHECK(reader.request.body_coded == cases[i].coded);
        CHECK_U64(reader.request.body.size, cases[i].coded ? 0 : cases[i].size);
        if (cases[i].coded)
            CHECK_ERR(http_reader_decode(&reader), cases[i].decoded);
        CHECK(reader.request.body_coded == (cases[i].decoded != OK));
        CHECK_U64(reader.request.body.size, cases[i].decoded == OK ? cases[i].size : 0);
        CHECK(!reader.request.body_undecodable);
        http_reader_fini(&reader);
        http_gzip_destroy(&gzip);
        buf_fini(&packed);
        buf_fini(&input);
    }
    free(plain);
}
