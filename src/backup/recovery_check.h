/* recovery_check.h - the part of `stele check` about tables with recovery: their changes, from the
 * archive and from the journal, are one chain for each item. A change begins from what the one
 * before it left, and the item is what its last change left: so none was lost, doubled or swapped.
 * Bounds:  RECOVERY_CHECK_ITEMS_MAX items of a table are followed, as hashes.
 */
#pragma once

#include "base/err.h"

#include <stdint.h>

#define RECOVERY_CHECK_ITEMS_MAX ((size_t)4 << 20)

struct catalog;

struct recovery_check_report {
    uint64_t tables;
    uint64_t changes;
    uint64_t faults;
};

/* Called for each fault with its text. */
typedef void recovery_check_fn(void *ctx, const char *text);

/* What archive_check and table_check tell is not told again. ERR_CORRUPT if there were faults;
 * ERR_IO. */
enum err recovery_check(struct catalog *catalog, const char *archive_dir,
                        recovery_check_fn *fault_found, void *ctx,
                        struct recovery_check_report *report) MUST_CHECK;
