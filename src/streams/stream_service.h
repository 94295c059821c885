/* stream_service.h - what happens to streams by itself: shards that were open long enough go on in
 * a child, busy ones in two, and what is older than a day goes.
 * Threads:   one of its own. It takes the catalog's change lock for each stream, a commit long.
 * Fails:     what a full queue or disk refuses is logged and tried again.
 */
#pragma once

#include "base/err.h"

#include <stdint.h>

struct catalog;
struct stream_service;

struct stream_service_options {
    uint64_t shard_ms;          /* for so long a shard is open */
    uint32_t shard_units;       /* a second, from which on it is divided */
    uint64_t journal_bytes_max; /* of change records; 0: their day bounds them */
};

/* The catalog is borrowed until the stop. ERR_IO. */
enum err stream_service_start(struct catalog *catalog, const struct stream_service_options *options,
                              struct fault *fault, struct stream_service **service) MUST_CHECK;
void stream_service_stop(struct stream_service **service);
