/* ttl_sweep.h - one batch of a table's expired items: what is due in the hidden index
 * (table/index_expiry.h), deleted through the write door as the service does it.
 */
#pragma once

#include "base/err.h"

#include <stdint.h>

struct catalog;
struct table;

#define TTL_SWEEP_ITEMS_MAX 64 /* looked at in one batch */

/* Deletes items that have expired at now_ms, and waits until that is durable. OK: there may be more
 * that have. ERR_ABSENT: no more. After ERR_BUSY, ERR_NO_SPACE, ERR_IO and ERR_CORRUPT, call again
 * later. One thread at a time. */
enum err ttl_sweep(struct catalog *catalog, struct table *table, uint64_t now_ms,
                   unsigned *deleted) MUST_CHECK;
