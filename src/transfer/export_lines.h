/* export_lines.h - what one item, or one change, is in a data file. Pure.
 * Source: contract backup-export-import.md 5.3.
 */
#pragma once

#include "backup/history.h"
#include "base/buf.h"
#include "expr/expr.h"
#include "item/value.h"

/* {"Item":{...}} or $ion_1_0 {Item:{...}}, and a newline. */
void export_line_item(struct buf *out, bool is_ion, struct value item);

/* {"Metadata":...,"Keys":...,"OldImage":...,"NewImage":...}; the images as they are to be shown,
 * NULL for those that are not. */
void export_line_change(struct buf *out, bool is_ion, uint64_t written_us, struct value keys,
                        const struct value *old, const struct value *new);

/* Which items an export has, and what of them: FilterSpecification. */
struct export_filter {
    struct expr_set set; /* of the arena it was read into; all NULL: everything */
};

/* Reads the JSON of a FilterSpecification; empty: none. ERR_CORRUPT: it is not what the operation
 * let through. */
enum err export_filter_read(struct bytes json, struct arena *arena,
                            struct export_filter *filter) MUST_CHECK;
bool export_filter_holds(const struct export_filter *filter, struct value item);
/* The item as the projection leaves it, in the arena. */
struct value export_filter_project(const struct export_filter *filter, struct value item,
                                   struct arena *arena);
