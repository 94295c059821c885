/* archive_check.h - the archive's part of `stele check`: each segment can be read to its end, has
 * what its name says, changes with both images in the order of their commits, and none overlaps
 * another; each base can be, and has items of its table.
 */
#pragma once

#include "base/err.h"

#include <stdint.h>

struct archive_check_report {
    uint64_t segments;
    uint64_t changes;
    uint64_t bases;
    uint64_t faults;
};

/* Called for each fault with its text. */
typedef void archive_check_fn(void *ctx, const char *text);

/* ERR_CORRUPT if there were faults; ERR_IO. No directory is no fault. */
enum err archive_check(const char *dir, archive_check_fn *fault_found, void *ctx,
                       struct archive_check_report *report) MUST_CHECK;
