/* admission.h - whether a request may use a table or index now, and what it has used of it.
 * A request asks before it does its work, and is refused with an error that clients retry; it is
 * charged when the work is done: a read by its handler, which is then past the point from where it
 * could begin again; a write when it is settled, from the units that its decide function left. A
 * global index that has nothing left throttles the writes that would change it.
 * Source: contract core-api-data.md 6; docs/capacity.md.
 */
#pragma once

#include "api/req.h"
#include "table/throttle.h"

static inline bool admission_limits(const struct req *req, const struct throttle_place *place)
{
    return req->api->throttles && throttle_rate(place) != 0;
}

/* When the request asked first: now, if it has not asked yet. */
uint64_t admission_now_ns(struct req *req);

/* Behind the branch of the inline function. */
enum err admission_check_rate(struct req *req, const struct throttle_place *place) MUST_CHECK;

/* ERR_PROVISIONED_THROUGHPUT_EXCEEDED, ERR_THROTTLING. */
static inline enum err admission_check(struct req *req, const struct throttle_place *place)
{
    return admission_limits(req, place) ? admission_check_rate(req, place) : OK;
}

/* What a read has used. */
static inline void admission_charge(struct req *req, const struct throttle_place *place,
                                    double units)
{
    if (admission_limits(req, place))
        throttle_charge(place, admission_now_ns(req), units);
}

/* --- writes ----------------------------------------------------------------------------------- */

/* A table_settle_fn, ctx being the request: refuses what the indexes do not admit, and charges. */
enum err admission_settle(void *ctx, struct table_change changes[], unsigned count,
                          enum err decided);

/* Its parts, for those who can do without some of the changes: whether the global indexes that a
 * change changes admit it; to do without it; and the price of all changes that are left. */
enum err admission_check_indexes(struct req *req, const struct table_change *change) MUST_CHECK;
void admission_leave_out(struct table_change *change);
void admission_charge_changes(struct req *req, const struct table_change changes[], unsigned count);

/* --- requests of many parts ------------------------------------------------------------------- */

/* Admits the parts of one request to a table, one by one, as if each were charged before the next.
 * Nothing is taken from the table: the request may begin again. */
struct admission {
    struct throttle_place place;
    double left; /* INFINITY: there is no limit */
    uint64_t now_ns;
};
void admission_begin(struct req *req, const struct table *table, enum table_way way,
                     struct admission *admission);
/* THROTTLE_NONE: `units` are missing for the next part. */
enum throttle_limit admission_take(struct admission *admission, struct bytes key, double units);

/* --- the error -------------------------------------------------------------------------------- */

/* What a hot partition of an on-demand table is told; a cancelled transaction adds a full stop. */
#define ADMISSION_HOT_KEY_TEXT                                                                   \
    "Throughput exceeds the current capacity of your table or index. DynamoDB is automatically " \
    "scaling your table or index so please try again shortly. If exceptions persist, check if "  \
    "you have a hot key: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/"      \
    "bp-partition-key-design.html"

/* Sets the error of a limit; the result is for `return`. */
enum err admission_refuse(struct req *req, const struct throttle_place *place,
                          enum throttle_limit limit);
