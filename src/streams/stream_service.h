/* stream_service.h - what happens to streams by itself: shards end and have children, and what is
 * older than a day goes.
 * Threads:   one of its own. It takes the catalog's change lock for each stream, a commit long.
 * Fails:     what a full queue or disk refuses is logged and tried again.
 */
#pragma once

#include "base/err.h"

#include <stdint.h>

struct catalog;
struct stream_service;

/* A shard is closed once it was open for shard_ms. The catalog is borrowed until the stop.
 * ERR_IO. */
enum err stream_service_start(struct catalog *catalog, uint64_t shard_ms, struct fault *fault,
                              struct stream_service **service) MUST_CHECK;
void stream_service_stop(struct stream_service **service);
