/* history.h - what a table was at a time that has passed, and what changed between two times.
 * The table at a version is what it is now, merged in key order with what was there before: for
 * each item that changed since, the old image of its first change after the version. Both are read
 * from one snapshot of the store; changes that were moved out of the journal come from its archive.
 * Where fewer changes are between a base of the archive and the version, it is that base, merged
 * with what came after. What cannot be read in one way is read in the other.
 * The table must have had recovery on (table/recovery.h) from before the version to now.
 * Ownership: what a step gives lives until the next one. The definition must outlive what was
 *            opened with it.
 * Threads:   one at a time; opening reads all changes in question, so for background work only.
 * Bounds:    the changes are sorted in memory of memory_bytes_max, beyond that in files without a
 *            name in `scratch`. The snapshot is held to the end.
 */
#pragma once

#include "base/err.h"
#include "table/table.h"

struct catalog;
struct history;
struct history_changes;

#define HISTORY_MEMORY_BYTES ((size_t)64 << 20)

/* Where history is read. */
struct history_source {
    struct catalog *catalog;
    const char *archive;     /* directory of what was moved out of the journal; NULL: nothing was */
    const char *scratch;     /* directory for what does not fit into memory */
    size_t memory_bytes_max; /* 0: HISTORY_MEMORY_BYTES */
};

/* Asked now and then while changes are read; true: end with ERR_CANCELLED. NULL: never asked. */
typedef bool history_stopping_fn(void *ctx);

/* The table as it was when all changes up to `version`, and no others, had happened.
 * ERR_ABSENT: changes since then are no longer kept. ERR_BUSY: begin again later, the store waits
 * for its readers to leave (store_waits_for_readers). ERR_IO, ERR_NO_SPACE, ERR_CORRUPT,
 * ERR_CANCELLED. */
enum err history_open(const struct history_source *source, const struct table_definition *table,
                      uint64_t version, history_stopping_fn *stopping, void *ctx,
                      struct history **history) MUST_CHECK;
/* The next item in the order of storage keys, as the store has them (item.h). ERR_ABSENT: that was
 * all. The errors of opening. */
enum err history_next(struct history *history, struct bytes *key, struct bytes *stored) MUST_CHECK;
void history_close(struct history **history);

/* What became of one item in a window. */
struct history_change {
    struct bytes key;  /* its storage key */
    uint64_t version;  /* of the last change in the window */
    bool existed;      /* before the window, ... */
    struct value old;  /* ... as this */
    bool exists;       /* after it, ... */
    struct value new;  /* ... as this */
    struct value keys; /* its key attributes */
};

/* The items that changed after version `after`, up to version `to`, each once. One that came and
 * went in between is left out. The same errors. */
enum err history_changes_open(const struct history_source *source,
                              const struct table_definition *table, uint64_t after, uint64_t to,
                              history_stopping_fn *stopping, void *ctx,
                              struct history_changes **changes) MUST_CHECK;
/* The next one in the order of storage keys. ERR_ABSENT: that was all. */
enum err history_changes_next(struct history_changes *changes,
                              struct history_change *change) MUST_CHECK;
void history_changes_close(struct history_changes **changes);
