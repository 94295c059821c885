/* table_purge.h - removing the rows of what is gone. */
#pragma once

#include "store/store.h"

#include <stdatomic.h>

/* Deletes what a range holds, row by row if that is little. Nobody writes there any more. May wait.
 * ERR_CANCELLED: *stopping was set meanwhile; ERR_BUSY, ERR_NO_SPACE, ERR_IO. */
enum err table_purge_range(struct store *store, enum store_family family, struct store_range range,
                           const _Atomic bool *stopping) MUST_CHECK;
