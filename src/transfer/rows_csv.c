/* rows_csv.c - records of CSV: a line of fields, in quotes if they hold delimiters, quotes or ends
 * of lines. The columns' names come from the options or are the first record.
 * Attributes that are keys have their declared type, the others are strings.
 * Source: contract backup-export-import.md 6.3; RFC 4180.
 */
#include "base/base64.h"
#include "base/unicode.h"
#include "item/number.h"
#include "transfer/rows_priv.h"

#include <stdlib.h>

#define BYTE_ORDER_MARK BYTES("\xef\xbb\xbf")

/* The fields of a record. More than there can be columns are counted, not kept. */
struct record {
    struct bytes fields[ROWS_COLUMNS_MAX];
    size_t count;
};

/* Where a record is read from. */
struct csv_reader {
    struct rows *rows;
    struct arena *arena;
    struct fault *fault;
    size_t at; /* in the rows' text */
};

static enum err read_header(struct rows *rows, struct arena *arena, struct fault *fault);
static enum err check_names(struct rows *rows, struct fault *fault);
static int compare_columns(const void *a, const void *b, void *names);
static enum err next_record(struct rows *rows, struct arena *arena, struct fault *fault,
                            struct record *record);
static enum err read_record(struct csv_reader *reader, struct record *record);
static enum err read_field(struct csv_reader *reader, struct bytes *field, bool *last);
static enum err read_quoted(struct csv_reader *reader, struct bytes *field);
static enum err end_field(struct csv_reader *reader, bool *last);
static enum err make_item(struct rows *rows, const struct record *record, struct arena *arena,
                          struct fault *fault, struct value *item);
static enum err make_value(struct bytes name, enum value_type type, struct bytes field,
                           struct arena *arena, struct fault *fault, struct value *value);

enum err rows_csv_next(struct rows *rows, struct arena *arena, struct fault *fault,
                       struct value *item)
{
    struct record record;
    enum err err;

    if (rows->csv.count == 0) {
        err = read_header(rows, arena, fault);
        if (err != OK)
            return err;
    }
    err = next_record(rows, arena, fault, &record);
    if (err != OK)
        return err;
    return make_item(rows, &record, arena, fault, item);
}

static enum err read_header(struct rows *rows, struct arena *arena, struct fault *fault)
{
    const struct rows_options *options = &rows->options;
    struct rows_csv *csv = &rows->csv;
    struct record record;
    size_t count = options->header_count;
    enum err err;

    while (rows->end - rows->at < BYTE_ORDER_MARK.size && !rows->final) {
        err = rows_more(rows, fault);
        if (err != OK)
            return err;
    }
    if (bytes_start_with(rows_text(rows), BYTE_ORDER_MARK))
        rows->at += BYTE_ORDER_MARK.size;
    if (count == 0) {
        err = next_record(rows, arena, fault, &record);
        if (err != OK)
            return err;
        if (record.count > ROWS_COLUMNS_MAX)
            return rows_broken(rows, fault, 0, "the header has more than 255 columns");
        count = record.count;
    }
    csv->names = arena_new_array(&csv->arena, struct bytes, count);
    for (size_t i = 0; i < count; i++) {
        csv->names[i] = options->header_count != 0 ? options->header[i]
                                                   : arena_copy(&csv->arena, record.fields[i]);
        csv->sorted[i] = (unsigned)i;
        csv->types[i] = VALUE_S;
        for (size_t j = 0; j < options->column_count; j++)
            if (bytes_equal(options->columns[j].name, csv->names[i]))
                csv->types[i] = options->columns[j].type;
    }
    csv->count = count;
    qsort_r(csv->sorted, count, sizeof(csv->sorted[0]), compare_columns, csv->names);
    return check_names(rows, fault);
}

/* The names of the columns are those of attributes, each another. */
static enum err check_names(struct rows *rows, struct fault *fault)
{
    const struct rows_csv *csv = &rows->csv;

    for (size_t i = 0; i < csv->count; i++) {
        struct bytes name = csv->names[csv->sorted[i]];

        if (name.size == 0)
            return rows_broken(rows, fault, 0, "the header has a column without a name");
        if (name.size > ROWS_COLUMN_NAME_MAX)
            return rows_broken(rows, fault, 0, "a column's name is longer than 65535 bytes");
        if (!unicode_valid(name))
            return rows_broken(rows, fault, 0, "the header is not UTF-8");
        if (i > 0 && bytes_equal(name, csv->names[csv->sorted[i - 1]]))
            return rows_broken(rows, fault, 0, "the header has two columns of the same name");
    }
    return OK;
}

static int compare_columns(const void *a, const void *b, void *names)
{
    const struct bytes *list = names;

    return bytes_compare(list[*(const unsigned *)a], list[*(const unsigned *)b]);
}

/* A record that is there whole, and past it. */
static enum err next_record(struct rows *rows, struct arena *arena, struct fault *fault,
                            struct record *record)
{
    struct csv_reader reader = {.rows = rows, .arena = arena, .fault = fault};
    struct arena_mark mark = arena_mark(arena);
    enum err err;

    for (;;) {
        while (rows->at < rows->end && rows->data[rows->at] == '\n')
            rows->at++; /* an empty line is no record */
        if (rows->end - rows->at >= 2 && memcmp(rows->data + rows->at, "\r\n", 2) == 0) {
            rows->at += 2;
            continue;
        }
        if (rows->at == rows->end && rows->final)
            return ERR_ABSENT;
        reader.at = 0;
        err = read_record(&reader, record);
        if (err != ERR_PENDING)
            break;
        arena_release(arena, mark);
        err = rows_grow(rows, fault);
        if (err != OK)
            return err;
    }
    rows->at += reader.at;
    return err;
}

static enum err read_record(struct csv_reader *reader, struct record *record)
{
    bool last = false;

    for (record->count = 0; !last; record->count++) {
        struct bytes field;
        enum err err = read_field(reader, &field, &last);

        if (err != OK)
            return err;
        if (record->count < ROWS_COLUMNS_MAX)
            record->fields[record->count] = field;
    }
    return OK;
}

/* A field and the delimiter or end of line behind it. */
static enum err read_field(struct csv_reader *reader, struct bytes *field, bool *last)
{
    struct bytes text = rows_text(reader->rows);
    uint8_t delimiter = reader->rows->options.delimiter;
    size_t at = reader->at;
    enum err err;

    if (at < text.size && text.data[at] == '"') {
        err = read_quoted(reader, field);
        return err != OK ? err : end_field(reader, last);
    }
    while (at < text.size && text.data[at] != delimiter && text.data[at] != '\n' &&
           text.data[at] != '"')
        at++;
    if (at == text.size && !reader->rows->final)
        return ERR_PENDING;
    if (at < text.size && text.data[at] == '"')
        return rows_broken(reader->rows, reader->fault, reader->rows->at + at,
                           "a quote inside a field that is not in quotes");
    *field = bytes_make(text.data + reader->at, at - reader->at);
    if ((at == text.size || text.data[at] == '\n') && field->size > 0 &&
        field->data[field->size - 1] == '\r')
        field->size--;
    reader->at = at;
    return end_field(reader, last);
}

static enum err read_quoted(struct csv_reader *reader, struct bytes *field)
{
    struct bytes text = rows_text(reader->rows);
    size_t start = reader->at + 1, at = start, quotes = 0;
    uint8_t *plain, *to;

    for (;; at += 2, quotes++) { /* two quotes are one of the field */
        const uint8_t *quote = at < text.size ? memchr(text.data + at, '"', text.size - at) : NULL;

        if (quote == NULL && reader->rows->final)
            return rows_broken(reader->rows, reader->fault, reader->rows->at + start - 1,
                               "a quote that is not closed");
        if (quote == NULL)
            return ERR_PENDING;
        at = (size_t)(quote - text.data);
        if (at + 1 == text.size && !reader->rows->final)
            return ERR_PENDING;
        if (at + 1 == text.size || text.data[at + 1] != '"')
            break;
    }
    reader->at = at + 1;
    *field = bytes_make(text.data + start, at - start);
    if (quotes == 0)
        return OK;
    plain = to = arena_alloc(reader->arena, field->size);
    for (size_t i = 0; i < field->size; i++) {
        *to++ = field->data[i];
        i += field->data[i] == '"';
    }
    *field = bytes_make(plain, (size_t)(to - plain));
    return OK;
}

static enum err end_field(struct csv_reader *reader, bool *last)
{
    struct bytes text = bytes_skip(rows_text(reader->rows), reader->at);

    if (text.size < 2 && !reader->rows->final)
        return ERR_PENDING;
    *last = true;
    if (text.size == 0)
        return OK;
    if (text.data[0] == reader->rows->options.delimiter) {
        *last = false;
        reader->at++;
    } else if (text.data[0] == '\n') {
        reader->at++;
    } else if (bytes_start_with(text, BYTES("\r\n"))) {
        reader->at += 2;
    } else if (!bytes_equal_string(text, "\r")) {
        return rows_broken(reader->rows, reader->fault, reader->rows->at + reader->at,
                           "a delimiter or the end of the line is expected behind a quote");
    } else {
        reader->at++;
    }
    return OK;
}

static enum err make_item(struct rows *rows, const struct record *record, struct arena *arena,
                          struct fault *fault, struct value *item)
{
    const struct rows_csv *csv = &rows->csv;
    struct value_builder map;
    struct buf out;

    if (record->count != csv->count)
        return fault_set(fault, ERR_VALIDATION,
                         "The record has %zu columns, but the header has %zu", record->count,
                         csv->count);
    buf_init_arena(&out, arena, SIZE_MAX);
    value_build_begin_payload(&map, &out, VALUE_M);
    for (size_t i = 0; i < csv->count; i++) {
        unsigned column = csv->sorted[i];
        struct value value;
        enum err err = make_value(csv->names[column], csv->types[column], record->fields[column],
                                  arena, fault, &value);

        if (err != OK)
            return err;
        value_build_entry(&map, csv->names[column], value);
    }
    value_build_end(&map);
    *item = (struct value){VALUE_M, buf_finish_arena(&out)};
    return OK;
}

static enum err make_value(struct bytes name, enum value_type type, struct bytes field,
                           struct arena *arena, struct fault *fault, struct value *value)
{
    struct number number;
    uint8_t *decoded;
    size_t size;
    enum err err;

    if (!unicode_valid(field))
        return fault_set(fault, ERR_VALIDATION, "The value of column %.*s is not UTF-8",
                         BYTES_ARGS(name));
    *value = (struct value){type, field};
    switch (type) {
    case VALUE_N:
        err = number_parse(field, &number, fault);
        if (err == OK)
            value->payload = arena_copy(arena, number_bytes(&number));
        return err;
    case VALUE_B:
        decoded = arena_alloc(arena, base64_decoded_bytes_max(field.size) + 1);
        if (!base64_decode(field, decoded, &size))
            return fault_set(fault, ERR_VALIDATION, "The value of column %.*s is not base64",
                             BYTES_ARGS(name));
        value->payload = bytes_make(decoded, size);
        return OK;
    default:
        return OK;
    }
}
