/* update_params.h - what an UpdateTable request wants, and what it may want at once.
 * Ownership: everything points into the request.
 * Source:    contract core-api-tables.md 5, rows 2 to 13; observed-control-plane.md 1.
 */
#pragma once

#include "api/req.h"
#include "table/table.h"

enum index_action { INDEX_CREATE, INDEX_UPDATE, INDEX_DELETE };

/* One element of GlobalSecondaryIndexUpdates. */
struct index_update {
    enum index_action action;
    struct bytes name;
    yyjson_val *in;                /* the action's structure */
    yyjson_val *throughput;        /* its ProvisionedThroughput; NULL: none */
    struct table_throughput units; /* of that */
};

/* Members that are absent are NULL, empty or false; so are OnDemandThroughput and WarmThroughput
 * without anything in them, which change nothing. */
struct table_update {
    yyjson_val *throughput;
    struct table_throughput units; /* of that */
    struct bytes billing;
    yyjson_val *stream;
    yyjson_val *encryption;
    yyjson_val *on_demand;
    yyjson_val *warm;
    struct bytes class;
    bool protection;
    bool replicas;
    bool witnesses;
    bool vector_indexes;
    bool replication_mode;
    bool disassociation_protection;
    struct index_update *indexes;
    size_t index_count;
    size_t index_creates;
    size_t index_deletes;
};

/* ERR_VALIDATION: what the request alone shows to be wrong. */
enum err update_params_read(struct req *req, struct table_update *update) MUST_CHECK;

/* Row 15. ERR_RESOURCE_IN_USE: the table is being created or deleted, or it is changing in a way
 * that excludes this change. */
enum err update_params_check_state(struct req *req, const struct table_update *update,
                                   const struct table *table) MUST_CHECK;
