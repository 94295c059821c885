/* rows_priv.h - the window over an unpacked object, and the readers of its formats. */
#pragma once

#include "transfer/rows.h"

#include <yyjson.h>

/* Writable bytes behind the window's end, which yyjson wants when it reads in place. */
#define ROWS_PADDING YYJSON_PADDING_SIZE

struct rows_csv {
    struct bytes *names; /* of the columns, in their order; the reader's own memory */
    size_t count;
    unsigned sorted[ROWS_COLUMNS_MAX]; /* their positions in the order of their names */
    enum value_type types[ROWS_COLUMNS_MAX];
    struct arena arena; /* of the names */
};

struct rows {
    struct rows_options options;
    struct unpack *unpack;
    uint8_t *data; /* the window: data + at .. data + end is not yet read */
    size_t capacity;
    size_t at, end;
    uint64_t offset; /* of data in the unpacked object */
    bool final;      /* the object ends at `end` */
    bool broken;     /* nothing more can be told from this object */
    uint64_t index;  /* of the next row */

    struct rows_csv csv;
    void *json_pool; /* what a line's tree is built in */
    size_t json_pool_size;
};

static inline struct bytes rows_text(const struct rows *rows)
{
    return bytes_make(rows->data + rows->at, rows->end - rows->at);
}

/* More text behind what is there, which may move to another place: offsets from rows->at stay.
 * `final` may become true instead. ERR_CORRUPT: the row is too long. */
enum err rows_more(struct rows *rows, struct fault *fault) MUST_CHECK;

/* The same, for a reader that begins its row again: enough more to be worth that. */
enum err rows_grow(struct rows *rows, struct fault *fault) MUST_CHECK;

/* The next line without its end, as the window's own bytes, and past it. ERR_ABSENT: there is none.
 * The byte behind the line is the window's too. */
enum err rows_line(struct rows *rows, struct fault *fault, struct bytes *line) MUST_CHECK;

/* ERR_CORRUPT, with a place in the window. */
enum err rows_broken(struct rows *rows, struct fault *fault, size_t at, const char *why) MUST_CHECK;

enum err rows_json_next(struct rows *rows, struct arena *arena, struct fault *fault,
                        struct value *item) MUST_CHECK;
enum err rows_csv_next(struct rows *rows, struct arena *arena, struct fault *fault,
                       struct value *item) MUST_CHECK;
enum err rows_ion_next(struct rows *rows, struct arena *arena, struct fault *fault,
                       struct value *item) MUST_CHECK;
