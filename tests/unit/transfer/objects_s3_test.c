/* objects_s3_test.c - where requests to S3 go, and answers that lack something. */
#include "net/canned_server.h"
#include "transfer/objects_s3_request.h"
#include "unit.h"

static void check_place(const char *place, enum objects_style style, const char *key,
                        const char *query, const char *host, const char *path, const char *url)
{
    struct objects_options options = {.place = place, .style = style, .region = "eu-west-1"};
    struct s3_place got;
    struct arena arena;
    struct fault fault;
    struct s3 *s3;

    arena_init(&arena);
    fault_init(&fault, &arena);
    CHECK_OK(s3_open(&options, &fault, &s3));
    got = s3_place_of(s3, BYTES("b.x"), bytes_of_string(key), bytes_of_string(query), &arena);
    CHECK_TEXT(got.host, host);
    CHECK_TEXT(got.path, path);
    CHECK_TEXT(got.url, url);
    s3_close(&s3);
    arena_fini(&arena);
}

TEST(objects_s3_places)
{
    check_place("s3:https://h", OBJECTS_STYLE_PATH, "a/b", "", "h", "/b.x/a/b",
                "https://h/b.x/a/b");
    check_place("s3:http://h:9000/", OBJECTS_STYLE_PATH, "", "list-type=2", "h:9000", "/b.x",
                "http://h:9000/b.x?list-type=2");
    check_place("s3:https://h:443", OBJECTS_STYLE_VIRTUAL, "a", "", "b.x.h", "/a",
                "https://b.x.h/a");
    check_place("s3:http://h:80", OBJECTS_STYLE_VIRTUAL, "", "x", "b.x.h", "/", "http://b.x.h/?x");
    check_place("s3:http://h:443", OBJECTS_STYLE_PATH, "", "", "h:443", "/b.x", "http://h:443/b.x");
    check_place("s3:", OBJECTS_STYLE_PATH, "a//../b c+%\xc3\xa9", "", "s3.eu-west-1.amazonaws.com",
                "/b.x/a//../b%20c%2B%25%C3%A9",
                "https://s3.eu-west-1.amazonaws.com/b.x/a//../b%20c%2B%25%C3%A9");
}

TEST(objects_s3_parameters_are_encoded)
{
    struct arena arena;

    arena_init(&arena);
    CHECK_TEXT(s3_parameter("prefix", BYTES("a/b c&d"), &arena), "prefix=a%2Fb%20c%26d");
    arena_fini(&arena);
}

TEST(objects_s3_places_that_are_none)
{
    static const char *const bad[] = {
        "s3:https://",    "s3:http://",     "s3:https:///x", "s3:https://h/path",
        "s3:https://u@h", "s3:https://h?x", "s3://h",        "s3:h"};
    struct arena arena;
    struct fault fault;
    struct s3 *s3;

    arena_init(&arena);
    fault_init(&fault, &arena);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CHECK_ERR(s3_open(&(struct objects_options){.place = bad[i]}, &fault, &s3), ERR_CONFIG);
    arena_fini(&arena);
}

/* --- answers that lack something -------------------------------------------------------------- */

#define BEGUN                                                            \
    "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 56\r\n\r\n" \
    "<InitiateResult><UploadId>u1</UploadId></InitiateResult>"
#define PART_TAKEN                                                                      \
    "HTTP/1.1 200 OK\r\nconnection: close\r\netag: \"opaque\"\r\ncontent-length: 0\r\n" \
    "\r\n"
#define NO_UPLOAD "HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
#define NOTHING   "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n"
#define EMPTY     "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
#define OBJECT(etag, size) \
    "HTTP/1.1 200 OK\r\nconnection: close\r\netag: \"" etag "\"\r\ncontent-length: " size "\r\n\r\n"

struct canned_bed {
    struct canned_server server;
    struct objects *objects;
    struct objects_call call;
    struct arena arena;
};

static void canned_open(struct canned_bed *bed)
{
    char place[80];
    struct fault fault;

    arena_init(&bed->arena);
    fault_init(&fault, &bed->arena);
    canned_start(&bed->server);
    snprintf(place, sizeof(place), "s3:%s", bed->server.url);
    CHECK_OK(objects_open(&(struct objects_options){.place = place, .retry_ms_max = 2000}, &fault,
                          &bed->objects));
    bed->call = (struct objects_call){.bucket = BYTES("b"), .arena = &bed->arena};
}

static void canned_close(struct canned_bed *bed, unsigned requests)
{
    objects_close(&bed->objects);
    canned_stop(&bed->server);
    CHECK_U64(bed->server.served, requests);
    arena_fini(&bed->arena);
}

/* "hello" as an object of one part. */
static enum err upload(struct canned_bed *bed, struct objects_put_result *result)
{
    const struct objects_put_settings settings = {.encryption = BYTES("aws:kms")};
    struct objects_writer *writer;
    enum err err = objects_put_open(bed->objects, &bed->call, BYTES("k"), &settings, &writer);

    CHECK_OK(err);
    if (err != OK)
        return err;
    err = objects_put_write(writer, BYTES("hello"));
    if (err == OK)
        err = objects_put_finish(&writer, result);
    objects_put_abandon(&writer);
    return err;
}

#define CLOSED "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n"
#define KEY    "<Contents><Key>k</Key><Size>5</Size></Contents>"

TEST(objects_s3_takes_nothing_but_a_whole_list_for_one)
{
    static const struct {
        const char *reply, *says;
    } rows[] = {
        {CLOSED "<html><body>Welcome</body></html>", "The list of objects is not one of S3's"},
        {CLOSED "<ListBucketResult>" KEY, "The list of objects is not one of S3's"},
        {CLOSED "<ListBucketResult>" KEY "<IsTruncated>true</IsTruncated></ListBucketResult>",
         "The list of objects does not say how it goes on"},
    };

    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct canned_bed bed = {.server.replies = {rows[i].reply}};
        struct objects_list *list;
        struct objects_page page;

        canned_open(&bed);
        CHECK_OK(objects_list_open(bed.objects, &bed.call, BYTES(""), &list));
        CHECK_ERR(objects_list_page(list, &page), ERR_IO);
        CHECK_TEXT(bed.call.code, "S3InternalError");
        CHECK_TEXT(bed.call.message, rows[i].says);
        objects_list_close(&list);
        canned_close(&bed, 1);
    }
}

TEST(objects_s3_takes_a_list_of_nothing)
{
    struct canned_bed bed = {
        .server.replies = {CLOSED
                           "<ListBucketResult xmlns=\"x\"><Name>b</Name><KeyCount>0</KeyCount>"
                           "<IsTruncated>false</IsTruncated></ListBucketResult>"}};
    struct objects_list *list;
    struct objects_page page;

    canned_open(&bed);
    CHECK_OK(objects_list_open(bed.objects, &bed.call, BYTES(""), &list));
    CHECK_OK(objects_list_page(list, &page));
    CHECK_U64(page.count, 0);
    CHECK(!page.more);
    objects_list_close(&list);
    canned_close(&bed, 1);
}

TEST(objects_s3_part_without_an_etag_is_no_part)
{
    struct canned_bed bed = {.server.replies = {BEGUN, EMPTY, NOTHING}};
    struct objects_put_result result;

    canned_open(&bed);
    CHECK_ERR(upload(&bed, &result), ERR_IO);
    CHECK_TEXT(bed.call.code, "S3InternalError");
    CHECK_TEXT(bed.call.message,
               "The endpoint took a part of an object without an ETag for it (Key: k)");
    canned_close(&bed, 3);
    CHECK(strncmp(bed.server.lines[2], "DELETE /b/k?uploadId=u1 ", 24) == 0);
}

/* Its ETag is no digest, where a key encrypts it. */
TEST(objects_s3_finds_an_upload_whose_end_was_not_heard_of)
{
    struct canned_bed bed = {
        .server.replies = {BEGUN, PART_TAKEN, NO_UPLOAD, OBJECT("0123-1", "5")}};
    struct objects_put_result result;

    canned_open(&bed);
    CHECK_OK(upload(&bed, &result));
    CHECK_TEXT(bytes_of_string(result.etag), "0123-1");
    canned_close(&bed, 4);
    CHECK(strncmp(bed.server.lines[3], "HEAD /b/k ", 10) == 0);
}

TEST(objects_s3_does_not_take_another_object_for_the_upload)
{
    static const char *const others[] = {OBJECT("0123-1", "6"), OBJECT("0123-2", "5"),
                                         OBJECT("0123", "5"), NO_UPLOAD};

    for (unsigned i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        struct canned_bed bed = {
            .server.replies = {BEGUN, PART_TAKEN, NO_UPLOAD, others[i], NOTHING}};
        struct objects_put_result result;

        canned_open(&bed);
        CHECK_ERR(upload(&bed, &result), ERR_ABSENT);
        canned_close(&bed, 5);
    }
}

TEST(objects_s3_asks_for_an_etag_that_it_was_not_told)
{
    struct canned_bed bed = {.server.replies = {BEGUN, PART_TAKEN, EMPTY, OBJECT("0123-1", "5")}};
    struct objects_put_result result;

    canned_open(&bed);
    CHECK_OK(upload(&bed, &result));
    CHECK_TEXT(bytes_of_string(result.etag), "0123-1");
    canned_close(&bed, 4);
}

/* Two pieces may be of two objects. */
TEST(objects_s3_reads_nothing_in_pieces_without_an_etag)
{
    struct canned_bed bed = {
        .server.replies = {"HTTP/1.1 206 Partial Content\r\nconnection: close\r\ncontent-range: "
                           "bytes 0-4/10\r\ncontent-length: 5\r\n\r\nhello"}};
    struct objects_reader *reader = NULL;
    char text[10];
    size_t got;

    canned_open(&bed);
    CHECK_OK(objects_get_open(bed.objects, &bed.call, BYTES("k"), 0, &reader));
    CHECK_ERR(objects_get_read(reader, text, sizeof(text), &got), ERR_IO);
    CHECK_TEXT(bed.call.message,
               "The endpoint sends no ETag to read an object in pieces by (Key: k)");
    objects_get_close(&reader);
    canned_close(&bed, 1);
}
