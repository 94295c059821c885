/* ion_read.h - Ion text as a sequence of events: a value, or where a container begins and ends.
 * The text may be a part that more will follow: what cannot be told from it yet is ERR_PENDING, and
 * the reader begins again at the last value that was whole, with more text.
 * Read:      every text of Ion 1.0: comments, annotations, quoted names, long strings, escapes, all
 *            notations of numbers. Symbols by number ($10) are refused: files of items have none.
 * Ownership: what an event points to lies in the text, or in the arena if escapes made it differ.
 * Bounds:    ION_DEPTH_MAX containers inside each other, kept in the reader: no recursion.
 * Source:    Amazon Ion specification 1.0, "Text encoding" and its grammar.
 */
#pragma once

#include "base/err.h"

#define ION_DEPTH_MAX 256

enum ion_type {
    ION_END, /* of the text */
    ION_NULL,
    ION_BOOL,
    ION_NUMBER, /* integer, decimal or float */
    ION_TIMESTAMP,
    ION_SYMBOL,
    ION_STRING,
    ION_CLOB,
    ION_BLOB,
    ION_LIST, /* containers: their values follow, then ION_LEAVE */
    ION_SEXP,
    ION_STRUCT,
    ION_LEAVE,
};

struct ion_event {
    enum ion_type type;
    bool is_true;            /* of a bool */
    bool quoted;             /* of a symbol: it is no version marker, whatever it says */
    struct bytes name;       /* of a struct's field */
    struct bytes annotation; /* the first one */
    unsigned annotation_count;
    struct bytes text; /* strings, symbols and lobs decoded; numbers as "-1.5e3", nan, +inf, -inf */
};

struct ion_reader {
    struct bytes text;
    size_t at;
    bool final;      /* no more text will follow */
    uint64_t offset; /* of the text in what it was taken from, for messages */
    struct arena *arena;
    struct fault *fault;
    unsigned depth; /* containers that are open */
    struct ion_level {
        uint8_t type;       /* enum ion_type */
        bool needs_divider; /* a comma comes before another value */
    } levels[ION_DEPTH_MAX];
};

void ion_reader_init(struct ion_reader *reader, struct bytes text, bool final, struct arena *arena,
                     struct fault *fault);

/* The next event. ERR_PENDING: more text is needed. ERR_CORRUPT: not Ion, with the offset and what
 * is wrong in the fault's message; reading cannot go on. */
enum err ion_next(struct ion_reader *reader, struct ion_event *event) MUST_CHECK;

/* Reads on until no more than `depth` containers are open. */
enum err ion_leave(struct ion_reader *reader, unsigned depth) MUST_CHECK;

/* "string", "symbol", ... for messages. */
const char *ion_type_name(enum ion_type type);
