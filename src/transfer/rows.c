/* rows.c - the window that moves over an object's text.
 * A row is read where it lies in the window. If it is not there whole, more is read behind it and
 * it is begun again, with half as much again; a window that a row fills is doubled. So no byte is
 * looked at often, however few of them come at a time.
 */
#include "base/mem.h"
#include "transfer/rows_priv.h"

#include <inttypes.h>
#include <stdlib.h>

#define WINDOW_BYTES ((size_t)256 << 10)

_Static_assert(ROWS_BYTES_MAX == (size_t)8 << 20, "as the message says");

struct rows *rows_create(const struct rows_options *options)
{
    struct rows *r = mem_zalloc(sizeof(*r));

    r->options = *options;
    r->unpack = unpack_create(options->codec);
    r->capacity = WINDOW_BYTES;
    r->data = mem_alloc(WINDOW_BYTES + ROWS_PADDING);
    arena_init(&r->csv.arena);
    return r;
}

void rows_destroy(struct rows **rows)
{
    struct rows *r = *rows;

    if (r == NULL)
        return;
    *rows = NULL;
    unpack_destroy(&r->unpack);
    arena_fini(&r->csv.arena);
    free(r->json_pool);
    free(r->data);
    free(r);
}

void rows_begin(struct rows *rows, unpack_source_fn *read, void *ctx)
{
    unpack_begin(rows->unpack, read, ctx);
    rows->at = rows->end = 0;
    rows->offset = 0;
    rows->final = rows->broken = false;
    rows->index = 0;
    rows->csv.count = 0;
    arena_reset(&rows->csv.arena);
}

enum err rows_next(struct rows *rows, struct arena *arena, struct fault *fault, struct value *item)
{
    enum err err;

    if (rows->broken)
        return ERR_ABSENT;
    switch (rows->options.format) {
    case ROWS_CSV:
        err = rows_csv_next(rows, arena, fault, item);
        break;
    case ROWS_ION:
        err = rows_ion_next(rows, arena, fault, item);
        break;
    default:
        err = rows_json_next(rows, arena, fault, item);
        break;
    }
    if (err == OK || err == ERR_VALIDATION || err == ERR_CORRUPT)
        rows->index++;
    rows->broken = err == ERR_CORRUPT;
    return err;
}

uint64_t rows_index(const struct rows *rows)
{
    return rows->index == 0 ? 0 : rows->index - 1;
}

uint64_t rows_bytes(const struct rows *rows)
{
    return rows->offset + rows->at;
}

enum err rows_more(struct rows *rows, struct fault *fault)
{
    size_t left = rows->end - rows->at, got;
    enum err err;

    if (rows->at > 0) {
        memmove(rows->data, rows->data + rows->at, left);
        rows->offset += rows->at;
        rows->at = 0;
        rows->end = left;
    }
    if (left > rows->capacity / 2) {
        if (left >= ROWS_BYTES_MAX)
            return rows_broken(rows, fault, 0, "a row is longer than 8 MiB");
        rows->capacity *= 2;
        rows->data = mem_resize(rows->data, rows->capacity + ROWS_PADDING);
    }
    err =
        unpack_read(rows->unpack, rows->data + rows->end, rows->capacity - rows->end, fault, &got);
    if (err != OK)
        return err;
    rows->end += got;
    rows->final = got == 0;
    return OK;
}

enum err rows_grow(struct rows *rows, struct fault *fault)
{
    size_t before = rows->end - rows->at, size = before;

    do {
        enum err err = rows_more(rows, fault);

        if (err != OK)
            return size > before ? OK : err; /* it is said again behind what came before it */
        size = rows->end - rows->at;
    } while (!rows->final && size - before < before / 2 && size < ROWS_BYTES_MAX);
    return OK;
}

enum err rows_line(struct rows *rows, struct fault *fault, struct bytes *line)
{
    size_t looked = 0;

    for (;;) {
        struct bytes text = rows_text(rows);
        const uint8_t *end =
            text.size == looked ? NULL : memchr(text.data + looked, '\n', text.size - looked);
        enum err err;

        if (end != NULL || (rows->final && text.size > 0)) {
            line->data = text.data;
            line->size = end != NULL ? (size_t)(end - text.data) : text.size;
            rows->at += line->size + (end != NULL);
            return OK;
        }
        if (rows->final)
            return ERR_ABSENT;
        looked = text.size;
        err = rows_more(rows, fault);
        if (err != OK)
            return err;
    }
}

enum err rows_broken(struct rows *rows, struct fault *fault, size_t at, const char *why)
{
    return fault_set(fault, ERR_CORRUPT, "The object cannot be read from byte %" PRIu64 " on: %s",
                     rows->offset + at, why);
}
