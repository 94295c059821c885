/* rows_test.c - items out of lines of JSON, records of CSV and values of Ion; packed or not, and
 * arriving in pieces of any size.
 */
#include "transfer/rows.h"
#include "unit.h"

#include <stdlib.h>
#include <time.h>
#include <zlib.h>
#include <zstd.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* An object that comes in pieces. */
struct source {
    struct bytes rest;
    size_t piece;
    enum err end; /* what comes behind the last byte */
};

static enum err read_source(void *ctx, void *out, size_t size, size_t *got)
{
    struct source *source = ctx;
    size_t count = size < source->piece ? size : source->piece;

    if (source->rest.size == 0 && source->end != OK)
        return source->end;
    count = count < source->rest.size ? count : source->rest.size;
    memcpy(out, source->rest.data, count);
    source->rest = bytes_skip(source->rest, count);
    *got = count;
    return OK;
}

/* All rows of an object: items as JSON, a line each, faults after "! "; then how it ended. */
static struct bytes read_all(const struct rows_options *options, struct bytes object, size_t piece,
                             struct arena *arena)
{
    struct rows *rows = rows_create(options);
    struct source source = {object, piece, OK};
    struct arena scratch;
    struct buf out;
    enum err err;

    arena_init(&scratch);
    buf_init(&out, SIZE_MAX);
    rows_begin(rows, read_source, &source);
    for (uint64_t i = 0;; i++) {
        struct fault fault;
        struct value item;

        fault_init(&fault, &scratch);
        err = rows_next(rows, &scratch, &fault, &item);
        if (err == ERR_ABSENT)
            break;
        CHECK_U64(rows_index(rows), i);
        if (err == OK) {
            CHECK(value_check(item));
            value_map_append_json(&out, item);
        } else {
            CHECK(err == ERR_VALIDATION || err == ERR_CORRUPT);
            buf_append_string(&out, err == ERR_CORRUPT ? "!! " : "! ");
            buf_append_bytes(&out, fault.message);
        }
        buf_append_byte(&out, '\n');
        arena_reset(&scratch);
    }
    object = arena_copy(arena, buf_bytes(&out));
    buf_fini(&out);
    arena_fini(&scratch);
    rows_destroy(&rows);
    return object;
}

/* However it comes, it is the same. */
static void check_rows(const struct rows_options *options, struct bytes object, const char *wanted)
{
    static const size_t pieces[] = {SIZE_MAX, 1, 7};
    struct arena arena;

    arena_init(&arena);
    for (size_t i = 0; i < COUNT_OF(pieces); i++)
        CHECK_TEXT(read_all(options, object, pieces[i], &arena), wanted);
    arena_fini(&arena);
}

#define A1              "{\"a\":{\"N\":\"1\"}}\n"
#define A2              "{\"a\":{\"N\":\"2\"}}\n"
#define NOTHING_ON_LINE "! The line has no item: an object with the member \"Item\" is expected\n"

TEST(rows_of_json)
{
    static const char *const rows[][2] = {
        {"", ""},
        {"\n \t\r\n", ""},
        {"{\"Item\":{\"a\":{\"N\":\"1\"}}}", A1},
        {"{\"Item\":{\"a\":{\"N\":\"1\"}}}\n{\"Item\":{\"a\":{\"N\":\"2\"}}}\n", A1 A2},
        {"{\"Item\":{\"a\":{\"N\":\"1\"}}}\r\n\r\n \t{\"Item\" : {\"a\": {\"N\" : \"2\"}}} \r\n",
         A1 A2},
        {"{\"x\":1,\"Item\":{\"b\":{\"S\":\"\\u00e9\\n\\ud83d\\ude00\"},\"a\":{\"L\":[]}}}",
         "{\"a\":{\"L\":[]},\"b\":{\"S\":\"\xc3\xa9\\n\xf0\x9f\x98\x80\"}}\n"},
        {"{}\n[]\n1\n{\"item\":{}}\n{\"Item\":[]}\n{\"Item\":{\"a\":{\"N\":\"2\"}}}",
         NOTHING_ON_LINE NOTHING_ON_LINE NOTHING_ON_LINE NOTHING_ON_LINE NOTHING_ON_LINE A2},
        {"{\"Item\":{\"a\":{\"N\":\"x\"}}}\n{\"Item\":{\"a\":{\"N\":\"2\"}}}",
         "! The parameter cannot be converted to a numeric value: x\n" A2},
        {"{\"Item\":{\"a\":{\"S\":5}}}",
         "! Supplied AttributeValue is empty, must contain exactly one of the supported "
         "datatypes\n"},
        {"{\"Item\":{\"a\":{\"N\":\"1\"}}}\n{\"Item\":{\"a\":}}\n{\"Item\":{\"a\":{\"N\":\"2\"}}}",
         A1 "!! The object cannot be read from byte 38 on: unexpected character, expected a "
            "valid JSON value\n"},
        {"{\"Item\":{\"a\":{\"N\":\"1\"}}", "!! The object cannot be read from byte 23 on: "
                                            "unexpected end of data\n"},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        check_rows(&(struct rows_options){.format = ROWS_DYNAMODB_JSON},
                   bytes_of_string(rows[i][0]), rows[i][1]);
}

TEST(rows_of_ion)
{
    static const char *const rows[][2] = {
        {"", ""},
        {" // nothing\n$ion_1_0", ""},
        {"$ion_1_0 {Item:{a:1.}}\n$ion_1_0 {Item:{a:2.}}\n", A1 A2},
        {"{Item:{a:1.}}{'Item':{a:2.}}", A1 A2},
        {"{x:[1,{}],Item:{a:1.},y:z}", A1},
        {"$ion_symbol_table::{symbols:[\"x\"]} {Item:{a:1.}}", A1},
        {"{}\n7\n{Item:[]} u::{Item:{a:1}} {Item:{a:2}}",
         "! The struct has no item: the field Item with a struct is expected\n"
         "! The value of type number is no item: a struct with the field Item is expected\n"
         "! The struct has no item: the field Item with a struct is expected\n"
         "! The value of type struct is no item: a struct with the field Item is expected\n" A2},
        {"{Item:{a:[[x]],b:1}} {Item:{a:2}}",
         "! Ion value of type symbol is not supported, there is no attribute value of it\n" A2},
        {"{Item:{a:1}} {Item:{a:}} {Item:{a:2}}",
         A1 "!! Ion text is not valid at byte 22: a value is expected\n"},
        {"{Item:{a:1}} {Item:{a:2}",
         A1 "!! Ion text is not valid at byte 24: it ends in the middle of a value\n"},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        check_rows(&(struct rows_options){.format = ROWS_ION}, bytes_of_string(rows[i][0]),
                   rows[i][1]);
}

static const struct rows_column keys[] = {{BYTES("n"), VALUE_N}, {BYTES("b"), VALUE_B}};

TEST(rows_of_csv)
{
    static const char *const rows[][2] = {
        {"", ""},
        {"n,s\n", ""},
        {"n,s\n1,x\n", "{\"n\":{\"N\":\"1\"},\"s\":{\"S\":\"x\"}}\n"},
        {"\xef\xbb\xbfn,s\r\n1,x\r\n\r\n\n2,",
         "{\"n\":{\"N\":\"1\"},\"s\":{\"S\":\"x\"}}\n{\"n\":{\"N\":\"2\"},\"s\":{\"S\":\"\"}}\n"},
        {"s,n\n\"a,\"\"b\"\"\r\nc\",\"1\"\n",
         "{\"n\":{\"N\":\"1\"},\"s\":{\"S\":\"a,\\\"b\\\"\\r\\nc\"}}\n"},
        {"\"s\",\" t\"\n \xc3\xa9 ,b\n", "{\" t\":{\"S\":\"b\"},\"s\":{\"S\":\" \xc3\xa9 \"}}\n"},
        {"b,s\nYQ==,x\nYQ=,y\n",
         "{\"b\":{\"B\":\"YQ==\"},\"s\":{\"S\":\"x\"}}\n! The value of column b is not base64\n"},
        {"n,s\nx,1\n", "! The parameter cannot be converted to a numeric value: x\n"},
        {"n,s\n,1\n", "! The parameter cannot be converted to a numeric value\n"},
        {"n,s\n1\n1,2,3\n1,\xff\n2,y\n", "! The record has 1 columns, but the header has 2\n"
                                         "! The record has 3 columns, but the header has 2\n"
                                         "! The value of column s is not UTF-8\n"
                                         "{\"n\":{\"N\":\"2\"},\"s\":{\"S\":\"y\"}}\n"},
        {"n,s\n1,a\"b\n2,y\n",
         "!! The object cannot be read from byte 7 on: a quote inside a field "
         "that is not in quotes\n"},
        {"n,s\n1,\"a\"b\n2,y\n", "!! The object cannot be read from byte 9 on: a delimiter or the "
                                 "end of the line is expected behind a quote\n"},
        {"n,s\n1,\"a\n2,y\n", "!! The object cannot be read from byte 6 on: a quote that is not "
                              "closed\n"},
        {"n,n\n1,2\n", "!! The object cannot be read from byte 0 on: the header has two columns of "
                       "the same name\n"},
        {"n,\n1,2\n",
         "!! The object cannot be read from byte 0 on: the header has a column without a name\n"},
        {"\xff\n1\n", "!! The object cannot be read from byte 0 on: the header is not UTF-8\n"},
    };
    struct rows_options options = {
        .format = ROWS_CSV, .delimiter = ',', .columns = keys, .column_count = COUNT_OF(keys)};

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        check_rows(&options, bytes_of_string(rows[i][0]), rows[i][1]);
}

TEST(rows_of_csv_with_a_header_list)
{
    static const struct bytes header[] = {BYTES("s"), BYTES("n")};
    static const char delimiters[] = ",;:|\t ";

    for (size_t i = 0; delimiters[i] != 0; i++) {
        struct rows_options options = {
            .format = ROWS_CSV,
            .delimiter = (uint8_t)delimiters[i],
            .header = header,
            .header_count = COUNT_OF(header),
            .columns = keys,
            .column_count = COUNT_OF(keys),
        };
        char object[] = "s?n\nx?1\n";

        object[1] = object[5] = delimiters[i];
        check_rows(&options, bytes_of_string(object),
                   "! The parameter cannot be converted to a numeric value: n\n"
                   "{\"n\":{\"N\":\"1\"},\"s\":{\"S\":\"x\"}}\n");
    }
}

static struct bytes gzip_of(struct bytes data, struct arena *arena)
{
    uint8_t *out = arena_alloc(arena, data.size + 1000);
    z_stream stream = {.next_in = (Bytef *)data.data,
                       .avail_in = (uInt)data.size,
                       .next_out = out,
                       .avail_out = (uInt)data.size + 1000};

    CHECK(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END);
    deflateEnd(&stream);
    return bytes_make(out, stream.total_out);
}

static struct bytes zstd_of(struct bytes data, struct arena *arena)
{
    uint8_t *out = arena_alloc(arena, data.size + 1000);
    size_t size = ZSTD_compress(out, data.size + 1000, data.data, data.size, 3);

    CHECK(!ZSTD_isError(size));
    return bytes_make(out, size);
}

TEST(rows_are_unpacked)
{
    struct bytes one = BYTES("{\"Item\":{\"a\":{\"N\":\"1\"}}}\n");
    struct bytes two = BYTES("{\"Item\":{\"a\":{\"N\":\"2\"}}}\n");
    struct arena arena;

    arena_init(&arena);
    for (int zstd = 0; zstd < 2; zstd++) {
        struct rows_options options = {.codec = zstd ? UNPACK_ZSTD : UNPACK_GZIP};
        struct bytes (*pack)(struct bytes, struct arena *) = zstd ? zstd_of : gzip_of;
        struct bytes parts[] = {pack(one, &arena), pack(BYTES(""), &arena), pack(two, &arena)};
        struct bytes whole = arena_concat(&arena, parts, 3), rows;
        uint8_t *damaged;

        check_rows(&options, BYTES(""), "");
        check_rows(&options, parts[1], "");
        check_rows(&options, whole, A1 A2);
        for (size_t cut = 1; cut < parts[0].size; cut++) { /* never a half item */
            rows = read_all(&options, bytes_make(whole.data, cut), 5, &arena);
            CHECK(bytes_start_with(rows, BYTES("!! ")) || bytes_start_with(rows, BYTES(A1 "!! ")));
        }
        rows = read_all(&options, one, 5, &arena);
        CHECK(bytes_start_with(rows, zstd ? BYTES("!! ZSTD data is not valid at byte ")
                                          : BYTES("!! GZIP data is not valid at byte ")));
        damaged = (uint8_t *)whole.data;
        damaged[parts[0].size / 2] ^= 0x55;
        rows = read_all(&options, whole, SIZE_MAX, &arena);
        CHECK(!bytes_equal_string(rows, A1 A2));
    }
    arena_fini(&arena);
}

/* The second frame says that it holds five bytes, and holds none; or it asks for 2 GiB of memory;
 * or it is of a format from before 2016, behind a byte. libzstd takes or refuses each of these by
 * how it is cut. */
TEST(rows_of_zstd_mean_the_same_however_they_arrive)
{
    static const uint8_t short_of[] = {0x28, 0xb5, 0x2f, 0xfd, 0x20, 5, 1, 0, 0};
    static const uint8_t too_wide[] = {0x28, 0xb5, 0x2f, 0xfd, 0x40, 0xa8, 0, 0, 3, 8, 0, '\n'};
    static const uint8_t too_old[] = {0x28, 0x25, 0xb5, 0x2f, 0xfd, 4, 0xfd, 4, 0};
    struct rows_options options = {.codec = UNPACK_ZSTD};
    struct arena arena;

    arena_init(&arena);
    for (size_t piece = 1; piece <= 64; piece++) {
        struct bytes parts[] = {zstd_of(BYTES("{\"Item\":{\"a\":{\"N\":\"1\"}}}\n"), &arena),
                                bytes_make(short_of, sizeof(short_of))};

        CHECK_TEXT(read_all(&options, arena_concat(&arena, parts, 2), piece, &arena),
                   A1 "!! ZSTD data is not valid at byte 43: a frame holds less or more than it "
                      "says\n");
        parts[1] = bytes_make(too_wide, sizeof(too_wide));
        CHECK_TEXT(
            read_all(&options, arena_concat(&arena, parts, 2), piece, &arena), A1
            "!! ZSTD data is not valid at byte 41: Frame requires too much memory for decoding\n");
        parts[1] = bytes_make(too_old, sizeof(too_old));
        CHECK_TEXT(read_all(&options, arena_concat(&arena, parts, 2), piece, &arena),
                   A1 "!! ZSTD data is not valid at byte 36: Unknown frame descriptor\n");
    }
    arena_fini(&arena);
}

TEST(rows_pass_on_what_a_source_says)
{
    struct rows *rows = rows_create(&(struct rows_options){.format = ROWS_DYNAMODB_JSON});
    struct source source = {BYTES("{\"Item\":{}}\n{\"It"), 100, ERR_IO};
    struct fault fault;
    struct arena arena;
    struct value item;

    arena_init(&arena);
    fault_init(&fault, &arena);
    rows_begin(rows, read_source, &source);
    CHECK_OK(rows_next(rows, &arena, &fault, &item));
    CHECK_U64(rows_bytes(rows), 12);
    CHECK_ERR(rows_next(rows, &arena, &fault, &item), ERR_IO);
    CHECK_ERR(rows_next(rows, &arena, &fault, &item), ERR_IO); /* and says it again */
    source = (struct source){BYTES("{\"Item\":{}}"), 100, OK}; /* the next object */
    rows_begin(rows, read_source, &source);
    CHECK_OK(rows_next(rows, &arena, &fault, &item));
    CHECK_ERR(rows_next(rows, &arena, &fault, &item), ERR_ABSENT);
    rows_destroy(&rows);
    arena_fini(&arena);
}

/* A row that comes a few bytes at a time is begun again for much more of it only: a client's file
 * must not keep an import busy for hours. */
TEST(rows_in_small_pieces_cost_what_they_weigh)
{
    static const struct {
        enum rows_format format;
        const char *before, *after;
    } rows[] = {{ROWS_DYNAMODB_JSON, "{\"Item\":{\"a\":{\"S\":\"", "\"}}}"},
                {ROWS_CSV, "a\n", "\n"},
                {ROWS_ION, "{Item:{a:\"", "\"}}"}};
    struct bytes filling = {NULL, (size_t)300 << 10};
    struct arena arena;

    arena_init(&arena);
    filling.data = arena_alloc(&arena, filling.size);
    memset((uint8_t *)filling.data, 'x', filling.size);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct bytes parts[] = {bytes_of_string(rows[i].before), filling,
                                bytes_of_string(rows[i].after)};
        struct bytes object = arena_concat(&arena, parts, COUNT_OF(parts)), read;
        clock_t start = clock();

        read = read_all(&(struct rows_options){.format = rows[i].format, .delimiter = ','}, object,
                        1, &arena);
        CHECK_U64(read.size, filling.size + strlen("{\"a\":{\"S\":\"\"}}\n"));
        CHECK(clock() - start < 5 * CLOCKS_PER_SEC);
    }
    arena_fini(&arena);
}

/* Between two items, too, there may be more than there is memory. */
TEST(rows_of_ion_pass_symbol_tables_over_in_little_memory)
{
    struct rows_options options = {.format = ROWS_ION};
    struct bytes table =
        BYTES("$ion_symbol_table::{a:{{AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA}}}\n");
    struct rows *rows = rows_create(&options);
    struct source source = {.piece = SIZE_MAX};
    struct fault fault;
    struct arena arena;
    struct value item;
    struct buf object;

    arena_init(&arena);
    fault_init(&fault, &arena);
    buf_init(&object, SIZE_MAX);
    for (unsigned i = 0; i < 100000; i++)
        buf_append_bytes(&object, table);
    buf_append_string(&object, "{Item:{a:1.}}");
    source.rest = buf_bytes(&object);
    rows_begin(rows, read_source, &source);
    CHECK_OK(rows_next(rows, &arena, &fault, &item));
    CHECK(arena.bytes < (size_t)1 << 20);
    rows_destroy(&rows);
    buf_fini(&object);
    arena_fini(&arena);
}

/* Rows longer than the window; one past the bound. */
TEST(rows_have_a_bound)
{
    static const size_t sizes[] = {(size_t)200 << 10, (size_t)300 << 10, (size_t)3 << 20,
                                   ROWS_BYTES_MAX + 1000};
    struct arena arena;

    arena_init(&arena);
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        struct bytes filling = bytes_make(arena_alloc(&arena, sizes[i]), sizes[i]), object, rows;
        struct bytes parts[] = {BYTES("{\"Item\":{\"a\":{\"S\":\""), filling, BYTES("\"}}}\n"),
                                BYTES("{\"Item\":{\"a\":{\"N\":\"1\"}}}\n")};

        memset((uint8_t *)filling.data, 'x', filling.size);
        object = arena_concat(&arena, parts, COUNT_OF(parts));
        rows = read_all(&(struct rows_options){.format = ROWS_DYNAMODB_JSON}, object, SIZE_MAX,
                        &arena);
        if (sizes[i] > ROWS_BYTES_MAX) {
            CHECK_TEXT(rows, "!! The object cannot be read from byte 0 on: a row is longer than "
                             "8 MiB\n");
        } else {
            CHECK_U64(rows.size, sizes[i] + strlen("{\"a\":{\"S\":\"\"}}\n" A1));
            CHECK(bytes_equal_string(bytes_skip(rows, rows.size - strlen(A1)), A1));
        }
        arena_reset(&arena);
    }
    arena_fini(&arena);
}
