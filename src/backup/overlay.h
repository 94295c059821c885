/* overlay.h - changes of items, taken in any order and given in that of keys, each key once.
 * Ownership: an entry that was given points into the overlay, until the next step.
 * Threads:   one at a time.
 * Bounds:    memory_bytes_max of entries in memory; the others are in sorted runs, files without a
 *            name, so that a crash leaves nothing behind. Some dozens of them are open at most.
 */
#pragma once

#include "base/bytes.h"
#include "base/err.h"
#include "table/table_journal.h"

struct overlay;

#define OVERLAY_MEMORY_BYTES_MIN ((size_t)4 << 20) /* a change takes less */

/* One change, or several of one key together. */
struct overlay_entry {
    struct bytes key;
    struct journal_place first, last; /* where the changes are that the images are from */
    bool existed;                     /* before the first one, as `old` */
    bool exists;                      /* after the last one, as `new` */
    struct bytes old, new;
};

struct overlay *overlay_create(const char *scratch, size_t memory_bytes_max);
void overlay_destroy(struct overlay **overlay);

/* Copies. ERR_IO, ERR_NO_SPACE. */
enum err overlay_add(struct overlay *overlay, const struct overlay_entry *entry) MUST_CHECK;
/* No more will be added. The same errors. */
enum err overlay_finish(struct overlay *overlay) MUST_CHECK;
/* The next key's. ERR_ABSENT: that was all; ERR_IO. */
enum err overlay_next(struct overlay *overlay, struct overlay_entry *entry) MUST_CHECK;
