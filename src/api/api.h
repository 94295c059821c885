/* api.h - the DynamoDB API over HTTP: what main connects to the listener.
 * Ownership: everything in struct api is borrowed and outlives the listener.
 */
#pragma once

#include "auth/auth.h"
#include "net/http_server.h"

struct arena;
struct backups;
struct catalog;
struct history_source;
struct job_name;
struct jobs;
struct reader_limits;
struct store;
struct store_mutation;
struct table;
struct turns;
struct worker_pool;

#define API_BODY_BYTES_MAX ((size_t)16 << 20) /* contract core-api.md 1.3 */

/* What stays of a table that is deleted goes into the mutation that deletes it. True: it is the job
 * of this name, to be enqueued when that is durable. Its bytes are the arena's. */
typedef bool api_keep_deleted_fn(struct backups *backups, const struct table *table,
                                 struct store_mutation *mutation, struct arena *arena,
                                 struct job_name *job);

struct api {
    struct store *store;
    struct catalog *catalog;
    struct jobs *jobs;
    const struct history_source *history; /* of tables with recovery */
    struct backups *backups;
    api_keep_deleted_fn *keep_deleted;
    struct worker_pool *workers;
    struct worker_pool *changers; /* of one thread: where changes of the catalog wait for each
                                   * other, and nobody for them */
    struct turns *turns;          /* of large writes; NULL: nobody waits for one */
    const struct auth *auth;
    struct bytes account;  /* whose tables these are */
    struct bytes region;   /* where a signature names none */
    struct bytes endpoint; /* what DescribeEndpoints says where a request has no Host */
    struct reader_limits *reader_limits; /* of streams' shards; NULL: none */
    bool throttles;                      /* tables are held to their capacity (admission.h) */
    bool test_clock;                     /* any client may set the clock forward: test_clock.h */
    uint64_t recovery_lag_ms;            /* how far behind now the latest restorable state is */
    uint32_t table_delay_ms;             /* how long table states that pass stay visible */
};

/* An http_handler_fn; ctx is the struct api. */
void api_handle(void *ctx, struct http_exchange *exchange);
