/* throughput_params.h - ProvisionedThroughput, OnDemandThroughput and WarmThroughput of a table or
 * of a global index, which messages name by `index`; where that is empty they are about the table.
 * Source: contract core-api-tables.md 1, 2 and 5; observed-control-plane.md 2 and 3.1.
 */
#pragma once

#include "api/req.h"
#include "table/table.h"

#define THROUGHPUT_UNITS_MAX          40000 /* of a table or index, either way: a quota */
#define THROUGHPUT_ACCOUNT_UNITS_MAX  80000 /* of all tables and indexes of a region, either way */
#define THROUGHPUT_WARM_READ_DEFAULT  12000 /* on demand */
#define THROUGHPUT_WARM_WRITE_DEFAULT 4000

/* A ProvisionedThroughput structure. ERR_VALIDATION: past 10^12 (CreateTable row 3). */
enum err throughput_params_units(struct req *req, yyjson_val *in,
                                 struct table_throughput *throughput) MUST_CHECK;

/* OnDemandThroughput of what is being created; absent: no maxima. ERR_VALIDATION: CreateTable rows
 * 26 and 26b, UpdateTable row 24. */
enum err throughput_params_on_demand(struct req *req, yyjson_val *in, enum table_billing billing,
                                     struct bytes index,
                                     struct table_capacity *capacity) MUST_CHECK;

/* WarmThroughput of what is being created, whose units are known; absent: what those give.
 * ERR_VALIDATION: rows 26c and 26d. */
enum err throughput_params_warm(struct req *req, yyjson_val *in, enum table_billing billing,
                                struct bytes index, struct table_capacity *capacity) MUST_CHECK;

/* One member of OnDemandThroughput, at least `lowest` and not 0; *maximum stays as it is if the
 * member is absent. UpdateTable takes -1 too, which means none. */
enum err throughput_params_maximum(struct req *req, yyjson_val *in, const char *member,
                                   enum table_billing billing, struct bytes index, int64_t lowest,
                                   int64_t *maximum) MUST_CHECK;

/* ERR_LIMIT_EXCEEDED: with this table as it shall be, the account would have more than its quota.
 * `before` is the table as it is, NULL: it is new. Under the catalog's change lock. */
enum err throughput_params_check_account(struct req *req, const struct table_definition *definition,
                                         const struct table_definition *before) MUST_CHECK;

/* ERR_LIMIT_EXCEEDED: above the quota (CreateTable row 31, UpdateTable rows 24 and 29). */
enum err throughput_params_check_quota(struct req *req, const struct table_capacity *capacity,
                                       struct bytes index) MUST_CHECK;

/* New units of a table or index, whether they rise or fall; warm throughput rises with them.
 * counts: it was provisioned already. ERR_LIMIT_EXCEEDED: row 28. */
enum err throughput_params_change(struct req *req, const struct table_throughput *units,
                                  bool counts, struct table_capacity *capacity) MUST_CHECK;
