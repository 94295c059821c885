/* table_params.h - what the table operations share: finding a table, its settings, its description.
 * Source: contract core-api-tables.md, observed-control-plane.md.
 */
#pragma once

#include "api/req.h"
#include "table/catalog.h"

/* Messages of the control plane begin with one of these. */
#define TABLE_INVALID "One or more parameter values were invalid: "
#define TABLE_IN_USE  "Attempt to change a resource which is still in use: "

#define TABLE_UNITS_MAX          40000  /* per table, either way: the service's default quota */
#define TABLE_TABLES_MAX         2500   /* per account and region */
#define TABLE_WARM_READ_DEFAULT  12000  /* on demand */
#define TABLE_WARM_WRITE_DEFAULT 4000

/* The request's TableName, and the table if there is one (held until the reply). */
enum err table_params_name(struct req *req, struct input_table *name) MUST_CHECK;
/* ERR_RESOURCE_NOT_FOUND with the table operations' text. */
enum err table_params_find(struct req *req, struct table **table) MUST_CHECK;

/* A ProvisionedThroughput structure. Units past 10^12 are refused, and past the quota. */
enum err table_params_throughput(struct req *req, yyjson_val *in, uint64_t *read_units,
                                 uint64_t *write_units) MUST_CHECK;
enum err table_params_check_quota(struct req *req, uint64_t read_units,
                                  uint64_t write_units) MUST_CHECK;

/* TableClass by name. */
enum err table_params_class(struct req *req, struct bytes name, enum table_class *class) MUST_CHECK;

/* Refuses members that this version stores nowhere: better than to pretend. */
enum err table_params_refuse_unserved(struct req *req, const char *const members[],
                                      size_t count) MUST_CHECK;

/* What a description shows besides the definition itself. */
struct table_shown {
    enum table_status status;
    const struct table_settings *settings;
    bool with_warm;           /* a CreateTable reply shows it only if it was sent */
    bool with_on_demand_date; /* and the billing mode's date only later */
    bool read_max_lifted;     /* the request just took this maximum away: shown once, as -1 */
    bool write_max_lifted;
};

/* A TableDescription object. */
enum err table_params_describe(struct req *req, const struct table *table,
                               const struct table_shown *shown) MUST_CHECK;
/* {"TableDescription":...} or another member name: a whole reply. */
enum err table_params_reply(struct req *req, const char *member, const struct table *table,
                            const struct table_shown *shown) MUST_CHECK;
