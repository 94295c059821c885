/* table_params.h - what the table operations share: finding a table, its settings, its description.
 * Source: contract core-api-tables.md, observed-control-plane.md.
 */
#pragma once

#include "api/req.h"
#include "table/catalog.h"

/* Messages of the control plane begin with one of these. */
#define TABLE_INVALID "One or more parameter values were invalid: "
#define TABLE_IN_USE  "Attempt to change a resource which is still in use: "
#define TABLE_LIMIT   "Subscriber limit exceeded: "

#define TABLE_TABLES_MAX 2500 /* per account and region */

/* The table of the request's TableName, held until the reply. ERR_RESOURCE_NOT_FOUND with the table
 * operations' text. */
enum err table_params_find(struct req *req, struct table **table) MUST_CHECK;
/* The same for DescribeTable, which alone finds a table that is being restored. */
enum err table_params_find_any(struct req *req, struct table **table) MUST_CHECK;

/* TableClass by name, and back for a class that is set. */
enum err table_params_class(struct req *req, struct bytes name, enum table_class *class) MUST_CHECK;
const char *table_params_class_name(enum table_class class);

/* GlobalTableSettingsReplicationMode; *enabled: it asks for replication of settings. */
enum err table_params_replication_mode(struct req *req, bool *enabled) MUST_CHECK;

/* Members that this version stores nowhere, and whether the request asks for something in them.
 * A valid request that does is refused: better than to pretend. */
struct table_unserved {
    const char *member;
    bool asked;
};
enum err table_params_refuse_unserved(struct req *req, const struct table_unserved unserved[],
                                      size_t count) MUST_CHECK;

/* What a description shows besides the definition itself. */
struct table_shown {
    enum table_status status;
    const struct table_settings *settings;
    bool with_warm;           /* a CreateTable reply shows it only if it was sent */
    bool with_on_demand_date; /* and the billing mode's date only later */
    bool read_max_lifted;     /* the request just took this maximum away: shown once, as -1 */
    bool write_max_lifted;
    uint64_t now_ms; /* when: what begins with the request is shown as it begins; 0: now */
    uint32_t indexes_without_warm; /* as with_warm: a bit for each index, by its position */
    bool key_changed;  /* the request just changed the encryption key: shown as it was */
    bool warm_changed; /* or its warm throughput, the same */
};

_Static_assert(INDEX_LOCAL_MAX + INDEX_GLOBAL_MAX <= 32, "a bit for each index");

/* A TableDescription object. */
enum err table_params_describe(struct req *req, const struct table *table,
                               const struct table_shown *shown) MUST_CHECK;
/* ,"KeySchema":[...] and ,"Projection":{...} */
void table_params_append_key_schema(struct buf *reply, const struct key_schema *schema);
void table_params_append_projection(struct buf *reply, const struct index_definition *index);

/* {"TableDescription":...} or another member name: a whole reply. */
enum err table_params_reply(struct req *req, const char *member, const struct table *table,
                            const struct table_shown *shown) MUST_CHECK;
