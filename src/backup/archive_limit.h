/* archive_limit.h - keeping the archive of all tables to a number of bytes, for the archiver alone.
 * The oldest files go, whose they are. Before a table's changes go, its earliest restorable time is
 * set later, durably: nobody is promised what is not there.
 */
#pragma once

#include "base/err.h"

#include <stdint.h>

struct catalog;

/* ERR_IO, ERR_NO_SPACE, ERR_BUSY. */
enum err archive_limit(struct catalog *catalog, const char *dir, uint64_t bytes_max,
                       struct fault *fault) MUST_CHECK;
