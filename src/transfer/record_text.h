/* record_text.h - a struct of texts and numbers as a JSON object, as records of jobs are stored: a
 * version, then its fields under their names, those without bytes or at 0 left out.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct record_field {
    const char *name;
    size_t offset; /* of a struct bytes, or a uint64_t */
    bool is_text;
};

struct record_form {
    const char *version_name;
    uint64_t version;
    size_t size; /* of the struct */
    const struct record_field *fields;
    size_t field_count;
};

struct bytes record_text_write(const struct record_form *form, const void *record,
                               struct arena *arena);
/* ERR_CORRUPT, ERR_NEWER_FORMAT: the record is untouched. It points into the arena. */
enum err record_text_read(const struct record_form *form, struct bytes text, struct arena *arena,
                          void *record) MUST_CHECK;
