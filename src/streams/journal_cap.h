/* journal_cap.h - how much of the disk the change records of streams take, and where to cut them.
 * Tables with recovery are left out: their records are the archiver's to let go of.
 */
#pragma once

#include "base/err.h"

#include <stdint.h>

struct catalog;

/* What the engine says the records take that are not trimmed, and, if that is more than bytes_max,
 * the version from which on the newest ones take nine tenths of it; else 0. ERR_IO, ERR_CORRUPT. */
enum err journal_cap_find(struct catalog *catalog, uint64_t bytes_max, uint64_t *bytes,
                          uint64_t *cut) MUST_CHECK;
