/* rows.h - the items in an object that is imported, one after the other.
 * A row is a line of JSON, a record of CSV or a value of Ion text. What cannot be told from the
 * next row ends the object (ERR_CORRUPT); a row that is no item is only that row's fault.
 *   rows_begin(rows, read, ctx);
 *   while ((err = rows_next(rows, arena, &fault, &item)) == OK || err == ERR_VALIDATION) ...
 * Items are read as far as their text goes: their keys and sizes are their table's matter.
 * Ownership: items lie in the caller's arena, which it may reset after each row. The options'
 *            texts are borrowed.
 * Bounds:    ROWS_BYTES_MAX of a row, twice that of the window, sixteen times of a line's tree
 *            (only while such a line is read), and what unpack.h holds.
 * Source:    contract backup-export-import.md 6.2, 6.3
 */
#pragma once

#include "base/arena.h"
#include "item/value.h"
#include "transfer/unpack.h"

/* The JSON of the largest item, a list of NULL, and room for blanks. */
#define ROWS_BYTES_MAX ((size_t)8 << 20)

/* Of CSV, as InputFormatOptions bounds its HeaderList. */
#define ROWS_COLUMNS_MAX     255
#define ROWS_COLUMN_NAME_MAX 65535 /* bytes: of an attribute's name */

enum rows_format { ROWS_DYNAMODB_JSON, ROWS_CSV, ROWS_ION };

/* An attribute of CSV that is not a string: a key of the table or of an index. */
struct rows_column {
    struct bytes name;
    enum value_type type;
};

struct rows_options {
    enum rows_format format;
    enum unpack_codec codec;
    uint8_t delimiter;          /* CSV */
    const struct bytes *header; /* CSV: the columns' names; NULL: each object's first record */
    size_t header_count;
    const struct rows_column *columns;
    size_t column_count;
};

struct rows;

struct rows *rows_create(const struct rows_options *options);
void rows_destroy(struct rows **rows);

/* Begins an object. */
void rows_begin(struct rows *rows, unpack_source_fn *read, void *ctx);

/* The next item. ERR_ABSENT: there is none. ERR_VALIDATION: this row is none, with the reason in
 * the fault's message. ERR_CORRUPT: not readable from here on, with reason and offset. Also the
 * errors of the source. */
enum err rows_next(struct rows *rows, struct arena *arena, struct fault *fault,
                   struct value *item) MUST_CHECK;

/* Of the row that was read last: its number in the object, from 0 on. */
uint64_t rows_index(const struct rows *rows);
/* Unpacked bytes of the object that were read as rows so far. */
uint64_t rows_bytes(const struct rows *rows);
