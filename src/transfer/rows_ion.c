/* rows_ion.c - values of Ion text: $ion_1_0 {Item:{name:"value"}}. A row begins where the one
 * before it ended, on the same line or another.
 */
#include "ion/ion_read.h"
#include "transfer/rows_priv.h"

static enum err read_row(struct ion_reader *reader, struct arena *arena, struct fault *fault,
                         struct value *item, bool *skipped);
static enum err read_item(struct ion_reader *reader, struct arena *arena, struct fault *fault,
                          struct value *item);

enum err rows_ion_next(struct rows *rows, struct arena *arena, struct fault *fault,
                       struct value *item)
{
    bool skipped = true;
    enum err err = OK;

    while (skipped) {
        struct arena_mark mark = arena_mark(arena);
        struct ion_reader reader;

        skipped = false;
        ion_reader_init(&reader, rows_text(rows), rows->final, arena, fault);
        reader.offset = rows->offset + rows->at;
        err = read_row(&reader, arena, fault, item, &skipped);
        if (err == ERR_PENDING) { /* the same again, with more of it */
            arena_release(arena, mark);
            err = rows_grow(rows, fault);
            if (err != OK)
                return err;
            skipped = true;
            continue;
        }
        rows->at += reader.at;
        if (err != OK)
            return err;
        if (skipped) /* there may be any number of them */
            arena_release(arena, mark);
    }
    return OK;
}

/* Also over a row that is no item, to its end. */
static enum err read_row(struct ion_reader *reader, struct arena *arena, struct fault *fault,
                         struct value *item, bool *skipped)
{
    struct ion_event event;
    enum err err = ion_next(reader, &event), left;

    if (err != OK)
        return err;
    if (event.type == ION_END)
        return ERR_ABSENT;
    if (event.type == ION_STRUCT && event.annotation_count == 0) {
        err = read_item(reader, arena, fault, item);
    } else if (bytes_equal_string(event.annotation, "$ion_symbol_table")) {
        *skipped = true; /* names for numbers, which are refused where they are used */
    } else {
        err = fault_set(fault, ERR_VALIDATION,
                        "The value of type %s is no item: a struct with the field Item is expected",
                        ion_type_name(event.type));
    }
    if (err != OK && err != ERR_VALIDATION)
        return err;
    left = ion_leave(reader, 0);
    return left != OK ? left : err;
}

static enum err read_item(struct ion_reader *reader, struct arena *arena, struct fault *fault,
                          struct value *item)
{
    bool found = false;
    struct ion_event event;
    enum err err;

    while ((err = ion_next(reader, &event)) == OK && event.type != ION_LEAVE) {
        if (event.type == ION_STRUCT && event.annotation_count == 0 &&
            bytes_equal_string(event.name, "Item")) {
            err = value_map_from_ion(reader, arena, fault, item);
            found = true;
        } else {
            err = ion_leave(reader, 1);
        }
        if (err != OK)
            return err;
    }
    if (err != OK || found)
        return err;
    return fault_set(fault, ERR_VALIDATION,
                     "The struct has no item: the field Item with a struct is expected");
}
