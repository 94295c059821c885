/* fuzz_rows.c - objects that are imported. The first byte says which format and codec. However an
 * object arrives, its rows are the same; items are canonical; reading ends. The input lies in
 * memory of exactly its size, so that a sanitizer sees one byte more.
 */
#include "base/assert.h"
#include "fuzz.h"
#include "transfer/rows.h"

#include <stdlib.h>

#define BYTES_MAX ((size_t)1 << 20) /* packed, a little may be much */

struct source {
    struct bytes rest;
    size_t piece;
};

static const struct rows_column columns[] = {
    {BYTES("n"), VALUE_N}, {BYTES("b"), VALUE_B}, {BYTES("s"), VALUE_S}};
static const struct bytes header[] = {BYTES("s"), BYTES("n"), BYTES("x")};

static uint64_t read_rows(const struct rows_options *options, struct bytes object, size_t piece);
static enum err read_source(void *ctx, void *out, size_t size, size_t *got);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rows_options options = {
        .delimiter = ',', .columns = columns, .column_count = sizeof(columns) / sizeof(columns[0])};
    uint8_t *copy;
    uint64_t whole;

    if (size == 0)
        return 0;
    options.format = data[0] % 3;
    options.codec = data[0] / 3 % 3;
    if (data[0] >= 128) {
        options.delimiter = ';';
        options.header = header;
        options.header_count = sizeof(header) / sizeof(header[0]);
    }
    copy = malloc(size == 1 ? 1 : size - 1);
    memcpy(copy, data + 1, size - 1);
    whole = read_rows(&options, bytes_make(copy, size - 1), SIZE_MAX);
    if (size < 4096)
        ASSERT(read_rows(&options, bytes_make(copy, size - 1), 3) == whole);
    free(copy);
    return 0;
}

/* What they say, as one number. Of packed bytes that are damaged only that they are: how much comes
 * out before depends on the pieces. */
static uint64_t read_rows(const struct rows_options *options, struct bytes object, size_t piece)
{
    struct rows *rows = rows_create(options);
    struct source source = {object, piece};
    uint64_t told = 0;
    bool damaged = false;
    struct arena arena;
    enum err err;

    arena_init(&arena);
    rows_begin(rows, read_source, &source);
    do {
        struct value item = {VALUE_M, BYTES("")};
        struct fault fault;

        fault_init(&fault, &arena);
        err = rows_next(rows, &arena, &fault, &item);
        ASSERT(err == OK || err == ERR_ABSENT || err == ERR_VALIDATION || err == ERR_CORRUPT);
        ASSERT(err == OK || err == ERR_ABSENT || fault.message.size != 0);
        if (err == OK)
            ASSERT(value_check(item));
        damaged = damaged || (err == ERR_CORRUPT && options->codec != UNPACK_NONE);
        for (size_t i = 0; i < item.payload.size; i++)
            told = told * 31 + item.payload.data[i];
        told = told * 31 + (uint64_t)err;
        arena_reset(&arena);
    } while (err != ERR_ABSENT && rows_bytes(rows) < BYTES_MAX);
    if (rows_bytes(rows) >= BYTES_MAX || damaged)
        told = 0; /* which row is beyond the bound first depends on the pieces */
    arena_fini(&arena);
    rows_destroy(&rows);
    return told;
}

static enum err read_source(void *ctx, void *out, size_t size, size_t *got)
{
    struct source *source = ctx;

    *got = size < source->piece ? size : source->piece;
    *got = *got < source->rest.size ? *got : source->rest.size;
    memcpy(out, source->rest.data, *got);
    source->rest = bytes_skip(source->rest, *got);
    return OK;
}
