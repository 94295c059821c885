/* archiver.h - moves change records of tables with recovery out of the journal, and lets go of them
 * when no time needs them any more.
 * A segment (archive.h) is complete before its records leave the journal, so a crash between leaves
 * them in both, which readers do not mind; the newest segment's end says where to go on. Changes
 * that a stream still shows stay in the journal for their day as well.
 * Bases:     one is written as soon as there are more bytes of changes since the last one than the
 *            table has, so that no restore reads many more changes than the table has items.
 * Removed:   segments older than the period and a day; all of a table that is gone or recovers no
 *            longer; and the oldest ones while there are more bytes than allowed, after which the
 *            table's earliest restorable time is later.
 * Threads:   one of its own.
 * Fails:     what a full disk refuses is logged and tried again.
 */
#pragma once

#include "base/err.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct archiver;
struct catalog;

#define ARCHIVER_SEGMENT_BYTES ((size_t)64 << 20)

struct archiver_options {
    struct catalog *catalog;
    const char *dir;          /* made if it is missing; NULL: everything stays in the journal */
    uint64_t after_ms;        /* how old changes are when they are moved */
    uint64_t bytes_max;       /* of all segments; 0: as many as there are */
    const char *scratch;      /* for files without a name, as in history.h */
    uint64_t base_bytes_min;  /* of changes between two bases; 0: ARCHIVER_SEGMENT_BYTES */
    size_t segment_bytes_max; /* of rows; 0: ARCHIVER_SEGMENT_BYTES */
};

/* The catalog is borrowed until the stop. ERR_IO. */
enum err archiver_start(const struct archiver_options *options, struct fault *fault,
                        struct archiver **archiver) MUST_CHECK;
void archiver_stop(struct archiver **archiver);

/* All there is to do at a time: what the thread does every now and then. One failure does not keep
 * the other tables waiting; the fault is that of the last one. */
enum err archiver_run(const struct archiver_options *options, uint64_t now_ms,
                      const _Atomic bool *stopping, struct fault *fault) MUST_CHECK;
