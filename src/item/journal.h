/* journal.h - what a change leaves behind for the journal's readers: streams, recovery, exports.
 * Layout (frozen, docs/decisions/0001-stored-formats.md), numbers big-endian:
 *   0  format u8     JOURNAL_FORMAT
 *   1  flags u8      enum journal_flag
 *   2  kind u8       enum journal_kind
 *   3  0 u8
 *   4  region u16    where the change was made; 0 is this server's own
 *   6  0 u16
 *   8  version u64   equal to that in the record's key
 *   16 size · keys, then size · image for the old and the new one, if flagged; sizes are varints
 * Keys and images are payloads of map values (value.h); instead of keys, a change of settings has a
 * JSON text.
 * Ownership: a record points into the bytes it was read from.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "item/value.h"

#define JOURNAL_FORMAT         1
#define JOURNAL_VERSION_OFFSET 8

/* Stored: never renumber. */
enum journal_kind {
    JOURNAL_INSERT = 1,
    JOURNAL_MODIFY = 2,
    JOURNAL_REMOVE = 3,
    JOURNAL_SETTINGS = 4,
};
enum journal_flag {
    JOURNAL_SEALED = 1,
    JOURNAL_COMPRESSED = 2,
    JOURNAL_HAS_OLD = 4,
    JOURNAL_HAS_NEW = 8,
    JOURNAL_BY_SERVICE = 16, /* nobody asked for it: an item expired */
};

struct journal_record {
    enum journal_kind kind;
    uint8_t flags; /* which images there are, and by whom; the others are 0 */
    uint16_t region;
    uint64_t version;
    struct bytes settings; /* JSON text, for JOURNAL_SETTINGS */
    struct value keys;     /* a map of the key attributes, for the other kinds */
    struct value old, new; /* maps, if flagged */
};

/* Whether a change has both of its images, so that it can be done again and undone. */
static inline bool journal_record_is_whole(const struct journal_record *record)
{
    return ((record->flags & JOURNAL_HAS_OLD) != 0) == (record->kind != JOURNAL_INSERT) &&
           ((record->flags & JOURNAL_HAS_NEW) != 0) == (record->kind != JOURNAL_REMOVE);
}

void journal_record_append(struct buf *out, const struct journal_record *record);

/* ERR_CORRUPT: cut off, or longer than its parts. ERR_NEWER_FORMAT: a later format, or a flag, kind
 * or field this server does not know how to read, since nothing may be skipped silently. Nested
 * bytes are trusted as far as the readers of value.h go. */
enum err journal_record_open(struct bytes stored, struct journal_record *record) MUST_CHECK;

/* Deep check of stored bytes, for `stele check`. */
enum err journal_record_check(struct bytes stored) MUST_CHECK;
