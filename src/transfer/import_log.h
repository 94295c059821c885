/* import_log.h - what an import left out, and why: a file with a line of JSON for each row.
 * Its place in the data directory is that of a stream of CloudWatch Logs:
 * DIR/logs/aws-dynamodb/imports/<import id>/error
 * Ownership: an import's log belongs to its job. A job that begins again begins its log again.
 * Bounds:    IMPORT_LOG_EVENTS_MAX lines; what is more is counted only.
 * Source:    contract backup-export-import.md 6.4
 */
#pragma once

#include "base/err.h"

#define IMPORT_LOG_EVENTS_MAX 10000

struct import_log;

/* Without a data directory (NULL), the server's own log names a few rows, without the reasons:
 * these may show what is in items. */
struct import_log *import_log_open(const char *data, struct bytes import_arn, struct bytes id,
                                   struct bytes bucket);
void import_log_event(struct import_log *log, struct bytes key, uint64_t item_index,
                      struct bytes message);
/* Durable, as far as the disk allows: an import does not fail for its log. NULL is fine. */
void import_log_close(struct import_log **log);

/* arn:aws:logs:<region>:<account>:log-group:/aws-dynamodb/imports:* */
struct arena;
struct bytes import_log_arn(struct bytes partition, struct bytes region, struct bytes account,
                            struct arena *arena);
