/* archive.h - change records that were moved out of the journal: where they are, and reading them.
 *   <dir>/<table id>/<from>-<to>.stelejournal   a segment
 *   <dir>/<table id>/<at>.stelebase             a base
 * A segment is a block file of kind JRNL that has all changes of a table's from version `from` on,
 * older than `to`; both are 16 hexadecimal digits in its name, so the names say what there is. Its
 * rows are change records (item/journal.h) by version u64 · ordinal u16: the order of commits, over
 * all lanes. Segments of a table do not overlap; what is being written has another name.
 * A base is a block file of kind BASE with the items of the table, stored ones by storage key, as
 * they were when all changes older than version `at` had happened.
 * Threads:   any may read; the archiver alone writes and removes (archiver.h).
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "table/table_journal.h"

#define ARCHIVE_KIND      "JRNL"
#define ARCHIVE_BASE_KIND "BASE"
#define ARCHIVE_KEY_BYTES 10

struct archive_segment {
    uint64_t from, to;
    uint64_t bytes; /* of the file */
};

struct archive_base {
    uint64_t at;
    uint64_t bytes; /* of the file */
};

/* A table's segments and bases, oldest first, and of which tables there are any, by their ids; none
 * where there is no directory. ERR_IO. */
enum err archive_list(const char *dir, uint32_t table_id, struct arena *arena,
                      struct archive_segment **segments, unsigned *count) MUST_CHECK;
enum err archive_bases(const char *dir, uint32_t table_id, struct arena *arena,
                       struct archive_base **bases, unsigned *count) MUST_CHECK;
enum err archive_tables(const char *dir, struct arena *arena, uint32_t **ids,
                        unsigned *count) MUST_CHECK;

/* Ended by a NUL. Of the table's directory, of a segment, and of the one that is being written. */
const char *archive_table_path(const char *dir, uint32_t table_id, struct arena *arena);
const char *archive_path(const char *dir, uint32_t table_id, const struct archive_segment *segment,
                         struct arena *arena);
const char *archive_base_path(const char *dir, uint32_t table_id, uint64_t at, struct arena *arena);
const char *archive_next_path(const char *dir, uint32_t table_id, struct arena *arena);

void archive_key(struct journal_place place, uint8_t key[ARCHIVE_KEY_BYTES]);
/* ERR_CORRUPT */
enum err archive_key_read(struct bytes key, struct journal_place *place) MUST_CHECK;

/* Anything but OK ends the walk with it. */
typedef enum err archive_row_fn(void *ctx, struct journal_place place, struct bytes stored);

/* Whether a segment is missing between this one of a list and the one before it. */
bool archive_has_gap(const struct archive_segment segments[], unsigned i);

/* The changes newer than `after`, up to `to`, as far as they are archived, oldest first.
 * ERR_ABSENT: changes newer than `after` were archived and are no longer kept. ERR_CORRUPT: a
 * segment is damaged, or missing between two others. ERR_IO. */
enum err archive_read(const char *dir, uint32_t table_id, uint64_t after, uint64_t to,
                      archive_row_fn *row, void *ctx, struct fault *fault) MUST_CHECK;
