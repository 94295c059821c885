/* api.h - the DynamoDB API over HTTP: what main connects to the listener.
 * Ownership: everything in struct api is borrowed and outlives the listener.
 */
#pragma once

#include "auth/auth.h"
#include "net/http_server.h"

struct backups;
struct catalog;
struct history_source;
struct jobs;
struct store;
struct worker_pool;

#define API_BODY_BYTES_MAX ((size_t)16 << 20) /* contract core-api.md 1.3 */

struct api {
    struct store *store;
    struct catalog *catalog;
    struct jobs *jobs;
    const struct history_source *history; /* of tables with recovery */
    struct backups *backups;
    struct worker_pool *workers;
    const struct auth *auth;
    struct bytes account;     /* whose tables these are */
    struct bytes region;      /* where a signature names none */
    struct bytes endpoint;    /* what DescribeEndpoints says where a request has no Host */
    bool throttles;           /* tables are held to their capacity (admission.h) */
    bool test_clock;          /* any client may set the clock forward: test_clock.h */
    uint64_t recovery_lag_ms; /* how far behind now the latest restorable state is */
    uint32_t table_delay_ms;  /* how long table states that pass stay visible */
};

/* An http_handler_fn; ctx is the struct api. */
void api_handle(void *ctx, struct http_exchange *exchange);
