/* archive_write.h - making segments of the archive, and removing them: for the archiver alone.
 * A segment is written under another name, synced, and then gets its own: it is complete or absent.
 */
#pragma once

#include "backup/archive.h"
#include "backup/history.h"

#include <stdatomic.h>

struct archive_write {
    struct store *store;
    const char *dir;
    uint32_t table_id;
    uint64_t from, bound;         /* changes from version `from` on, older than `bound` */
    size_t bytes_max;             /* of rows; then it ends between two versions */
    const _Atomic bool *stopping; /* asked for each change; true: ERR_CANCELLED */
};

/* Makes a directory unless it is there; it stays there over a power cut. ERR_NO_SPACE, ERR_IO. */
enum err archive_make_dir(const char *path, struct fault *fault) MUST_CHECK;

/* Durable when it says OK; *to is where the next one begins. ERR_ABSENT: there are no changes, and
 * no segment. ERR_NO_SPACE, ERR_IO, ERR_CORRUPT, ERR_CANCELLED, ERR_BUSY (the store waits for its
 * readers). */
enum err archive_write_segment(const struct archive_write *write, struct fault *fault,
                               uint64_t *to) MUST_CHECK;

/* A base of the table as it was when all changes older than version `at` had happened. ERR_ABSENT:
 * its history is no longer kept; and the errors of history_open and of writing. */
enum err archive_write_base(const struct history_source *source,
                            const struct table_definition *table, uint64_t at,
                            const _Atomic bool *stopping, struct fault *fault) MUST_CHECK;

/* OK, too, where there is no such segment or directory. ERR_IO. */
enum err archive_remove_segment(const char *dir, uint32_t table_id,
                                const struct archive_segment *segment,
                                struct fault *fault) MUST_CHECK;
/* Those of a version before `at`. */
enum err archive_remove_bases(const char *dir, uint32_t table_id, uint64_t at,
                              struct fault *fault) MUST_CHECK;
enum err archive_remove_table(const char *dir, uint32_t table_id, struct fault *fault) MUST_CHECK;
