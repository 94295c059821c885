/* ttl_service.h - deletes items when they have expired.
 * Threads:   one of its own, which waits for the commits of its deletes; clients' writes go on
 *            between its batches.
 * Fails:     what a full queue or disk refuses is logged and tried again.
 */
#pragma once

#include "base/err.h"

#include <stdint.h>

struct catalog;
struct ttl_service;

/* Looks every interval_ms for what is due. The catalog is borrowed until the stop. ERR_IO. */
enum err ttl_service_start(struct catalog *catalog, unsigned interval_ms, struct fault *fault,
                           struct ttl_service **service) MUST_CHECK;
/* Ends after the batch under way. */
void ttl_service_stop(struct ttl_service **service);
