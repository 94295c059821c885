/* throughput_params.c - the rules of throughput that tables and global indexes share.
 * Messages word an index otherwise than a table, and UpdateTable otherwise than CreateTable: each
 * is as the service says it.
 */
#include "api/throughput_params.h"

#include "api/table_params.h"
#include "base/clock.h"
#include "table/decrease.h"

#include <time.h>

#define UNITS_REPRESENTABLE_MAX 1000000000000 /* contract core-api-tables.md 1, row 3 */

/* Either way: reading, writing. */
static const struct way {
    const char *units;   /* of ProvisionedThroughput */
    const char *maximum; /* of OnDemandThroughput */
    const char *warm;    /* of WarmThroughput */
    const char *quota;   /* of DescribeLimits */
} ways[] = {
    {"ReadCapacityUnits", "MaxReadRequestUnits", "ReadUnitsPerSecond", "TableMaxReadCapacityUnits"},
    {"WriteCapacityUnits", "MaxWriteRequestUnits", "WriteUnitsPerSecond",
     "TableMaxWriteCapacityUnits"},
};
#define WAY_COUNT (sizeof(ways) / sizeof(ways[0]))

static struct bytes subject(struct req *req, const char *before_index, struct bytes index);

enum err throughput_params_units(struct req *req, yyjson_val *in,
                                 struct table_throughput *throughput)
{
    uint64_t *const units[] = {&throughput->read_units, &throughput->write_units};

    for (size_t i = 0; i < WAY_COUNT; i++) {
        int64_t value = input_integer(in, ways[i].units, 0);

        if (value > UNITS_REPRESENTABLE_MAX)
            return req_fail(req, ERR_VALIDATION, "Given value %lld for %s is out of bounds",
                            (long long)value, ways[i].units);
        *units[i] = (uint64_t)value;
    }
    return OK;
}

enum err throughput_params_on_demand(struct req *req, yyjson_val *in, enum table_billing billing,
                                     struct bytes index, struct table_capacity *capacity)
{
    int64_t *const maxima[] = {&capacity->on_demand_read_max, &capacity->on_demand_write_max};
    enum err err = OK;

    for (size_t i = 0; i < WAY_COUNT; i++)
        *maxima[i] = -1;
    for (size_t i = 0; err == OK && i < WAY_COUNT; i++)
        err = throughput_params_maximum(req, in, ways[i].maximum, billing, index, 1, maxima[i]);
    return err;
}

enum err throughput_params_maximum(struct req *req, yyjson_val *in, const char *member,
                                   enum table_billing billing, struct bytes index, int64_t lowest,
                                   int64_t *maximum)
{
    bool updates = req->op->id == OP_ID_UpdateTable;
    int64_t value = input_integer(in, member, 0);

    if (input_member(in, member) == NULL)
        return OK;
    if (billing == TABLE_PROVISIONED && index.size == 0)
        return req_fail(
            req, ERR_VALIDATION,
            TABLE_INVALID "%s for OnDemandThroughput cannot be specified when %s", member,
            updates ? "the table BillingMode is PROVISIONED" : "table BillingMode is PROVISIONED.");
    if (billing == TABLE_PROVISIONED)
        return req_fail(
            req, ERR_VALIDATION,
            TABLE_INVALID "%s for OnDemandThroughput for index%s: %.*s cannot be specified when %s",
            member, updates ? " " : "", BYTES_ARGS(index),
            updates ? "the table BillingMode is PROVISIONED" : "table BillingMode is PROVISIONED.");
    if (value < lowest || value == 0)
        return req_fail(req, ERR_VALIDATION,
                        TABLE_INVALID
                        "Requested %s for OnDemandThroughput for %.*s is outside of valid range",
                        member, BYTES_ARGS(subject(req, "index : ", index)));
    *maximum = value;
    return OK;
}

enum err throughput_params_warm(struct req *req, yyjson_val *in, enum table_billing billing,
                                struct bytes index, struct table_capacity *capacity)
{
    static const uint64_t on_demand[] = {THROUGHPUT_WARM_READ_DEFAULT,
                                         THROUGHPUT_WARM_WRITE_DEFAULT};
    const uint64_t provisioned[] = {capacity->throughput.read_units,
                                    capacity->throughput.write_units};
    uint64_t *const warm[] = {&capacity->warm_read_units, &capacity->warm_write_units};

    for (size_t i = 0; i < WAY_COUNT; i++) {
        int64_t lowest = (int64_t)(billing == TABLE_PROVISIONED ? provisioned[i] : on_demand[i]);
        int64_t value = input_integer(in, ways[i].warm, lowest);

        if (value < lowest && billing == TABLE_PROVISIONED)
            return req_fail(req, ERR_VALIDATION,
                            TABLE_INVALID
                            "Requested %s for WarmThroughput for %.*s is lower than %s of "
                            "ProvisionedThroughput",
                            ways[i].warm, BYTES_ARGS(subject(req, "index ", index)), ways[i].units);
        if (value < lowest)
            return req_fail(
                req, ERR_VALIDATION,
                TABLE_INVALID
                "Requested %s for WarmThroughput for %.*s is lower than initial throughput for "
                "OnDemand. See: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/"
                "on-demand-capacity-mode.html#on-demand-capacity-mode-initial",
                ways[i].warm, BYTES_ARGS(subject(req, "index ", index)));
        *warm[i] = (uint64_t)value;
    }
    return OK;
}

enum err throughput_params_check_quota(struct req *req, const struct table_capacity *capacity,
                                       struct bytes index)
{
    const uint64_t units[] = {capacity->throughput.read_units, capacity->throughput.write_units};
    const int64_t maxima[] = {capacity->on_demand_read_max, capacity->on_demand_write_max};
    const uint64_t warm[] = {capacity->warm_read_units, capacity->warm_write_units};

    for (size_t i = 0; i < WAY_COUNT; i++)
        if (units[i] > THROUGHPUT_UNITS_MAX)
            return req_fail(
                req, ERR_LIMIT_EXCEEDED,
                "The requested %s%s%.*s, %llu, is above the per %s maximum for the account in "
                "%.*s. Per table maximum: %u. Refer to the Amazon DynamoDB Developer Guide for "
                "current limits and how to request higher limits.",
                ways[i].units, index.size != 0 ? " for index " : "", BYTES_ARGS(index),
                (unsigned long long)units[i], index.size != 0 ? "index" : "table",
                BYTES_ARGS(req->place.region), THROUGHPUT_UNITS_MAX);
    for (size_t i = 0; i < WAY_COUNT; i++)
        if (maxima[i] > THROUGHPUT_UNITS_MAX)
            return req_fail(req, ERR_LIMIT_EXCEEDED,
                            TABLE_LIMIT "Requested %s for OnDemandThroughput for %.*s exceeds %s "
                                        "of the account in region %.*s",
                            ways[i].maximum, BYTES_ARGS(subject(req, "index : ", index)),
                            ways[i].quota, BYTES_ARGS(req->place.region));
    for (size_t i = 0; i < WAY_COUNT; i++)
        if (warm[i] > THROUGHPUT_UNITS_MAX)
            return req_fail(req, ERR_LIMIT_EXCEEDED,
                            TABLE_LIMIT "Requested %s for WarmThroughput for %.*s exceeds %s of "
                                        "the account in region %.*s",
                            ways[i].warm, BYTES_ARGS(subject(req, "index ", index)), ways[i].quota,
                            BYTES_ARGS(req->place.region));
    return OK;
}

enum err throughput_params_check_account(struct req *req, const struct table_definition *definition,
                                         const struct table_definition *before)
{
    for (enum table_way way = 0; way < TABLE_WAYS; way++) {
        uint64_t wanted = table_provisioned_units(definition, way);
        uint64_t had = before != NULL ? table_provisioned_units(before, way) : 0;
        uint64_t reserved = wanted > had
                                ? catalog_provisioned_units(req->api->catalog, definition->account,
                                                            definition->region, way)
                                : 0;

        if (wanted <= had || reserved - had + wanted <= THROUGHPUT_ACCOUNT_UNITS_MAX)
            continue;
        return req_fail(req, ERR_LIMIT_EXCEEDED,
                        "This request would have caused the %s limit to be exceeded for the "
                        "account in %.*s. Current %s reserved by the account: %llu. Limit: %u. "
                        "Requested: %llu. Refer to the Amazon DynamoDB Developer Guide for current "
                        "limits and how to request higher limits.",
                        ways[way].units, BYTES_ARGS(definition->region), ways[way].units,
                        (unsigned long long)reserved, THROUGHPUT_ACCOUNT_UNITS_MAX,
                        (unsigned long long)wanted);
    }
    return OK;
}

/* "table", or the index after what messages of this kind put before its name. */
static struct bytes subject(struct req *req, const char *before_index, struct bytes index)
{
    if (index.size == 0)
        return BYTES("table");
    return arena_format(req->arena, "%s%.*s", before_index, BYTES_ARGS(index));
}

/* --- new units -------------------------------------------------------------------------------- */

/* Thursday, October 8, 2026 at 11:20:48 PM Coordinated Universal Time */
static struct bytes date_in_words(struct req *req, uint64_t time_ms)
{
    time_t seconds = (time_t)(time_ms / 1000);
    struct tm utc;
    char text[96];

    gmtime_r(&seconds, &utc);
    strftime(text, sizeof(text), "%A, %B %-d, %Y at %-I:%M:%S %p Coordinated Universal Time", &utc);
    return arena_format(req->arena, "%s", text);
}

/* Row 28: four decreases a UTC day, then one an hour. */
static enum err count_decrease(struct req *req, struct table_throughput *throughput)
{
    uint64_t now_ms = clock_wall_ms();
    uint64_t next_ms = decrease_next_ms(throughput, now_ms);

    if (next_ms > now_ms) {
        struct bytes last = date_in_words(req, throughput->decreased_ms);
        struct bytes next = date_in_words(req, next_ms);

        return req_fail(
            req, ERR_LIMIT_EXCEEDED,
            TABLE_LIMIT
            "Provisioned throughput decreases are limited within a given UTC day. After the first "
            "%u decreases, each subsequent decrease in the same UTC day can be performed at most "
            "once every %u seconds. Number of decreases today: %u. Last decrease at %.*s. Next "
            "decrease can be made at %.*s",
            DECREASE_COUNT_PER_DAY, DECREASE_PAUSE_MS / 1000,
            decrease_count_today(throughput, now_ms), BYTES_ARGS(last), BYTES_ARGS(next));
    }
    decrease_happens(throughput, now_ms);
    return OK;
}

enum err throughput_params_change(struct req *req, const struct table_throughput *units,
                                  bool counts, struct table_capacity *capacity)
{
    struct table_throughput *t = &capacity->throughput;
    uint64_t read = units->read_units, write = units->write_units;

    if (counts && (read < t->read_units || write < t->write_units)) {
        enum err err = count_decrease(req, t);

        if (err != OK)
            return err;
    }
    if (counts && (read > t->read_units || write > t->write_units))
        t->increased_ms = clock_wall_ms();
    t->read_units = read;
    t->write_units = write;
    if (capacity->warm_read_units < read)
        capacity->warm_read_units = read;
    if (capacity->warm_write_units < write)
        capacity->warm_write_units = write;
    return OK;
}
