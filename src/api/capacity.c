/* capacity.c - units of reads and writes, and how they are told. */
#include "api/capacity.h"

#include "api/input.h"
#include "api/reply.h"
#include "base/assert.h"
#include "json/json_write.h"

#include <yyjson.h>

static double entry_units(const struct index_diff *diff);
static void append_units(struct buf *reply, double units, const char *units_name);
static void append_arm(struct buf *reply, double units, const char *units_name);
static void append_indexes(struct buf *reply, const char *member, enum index_kind kind,
                           const struct table *table, const struct capacity *capacity,
                           const char *units_name);

double capacity_read_units(uint64_t bytes, bool consistent)
{
    uint64_t units = bytes == 0 ? 1 : (bytes + 4095) / 4096;

    return consistent ? (double)units : (double)units / 2;
}

double capacity_write_units(uint64_t bytes)
{
    return bytes == 0 ? 1 : (double)((bytes + 1023) / 1024);
}

void capacity_add_index(struct capacity *capacity, unsigned index, double units)
{
    ASSERT(index < CAPACITY_INDEXES_MAX);
    capacity->index_units[index] += units;
    capacity->touched |= (uint32_t)1 << index;
}

void capacity_add_change(struct capacity *capacity, const struct table_change *change)
{
    uint32_t old_size = change->old.size_bytes, new_size = change->new_size_bytes;

    capacity->table_units += capacity_write_units(old_size > new_size ? old_size : new_size);
    capacity_add_index_changes(capacity, change);
}

void capacity_add_index_changes(struct capacity *capacity, const struct table_change *change)
{
    for (unsigned i = 0; change->indexes != NULL && i < change->table->definition.index_count; i++)
        if (change->indexes[i].change != INDEX_CHANGE_NONE)
            capacity_add_index(capacity, i, entry_units(&change->indexes[i]));
}

/* Of the entry that an index stores: contract core-api-data.md 5.3, "Index arms". */
static double entry_units(const struct index_diff *diff)
{
    uint32_t larger = diff->old_bytes > diff->new_bytes ? diff->old_bytes : diff->new_bytes;

    if (diff->change == INDEX_CHANGE_MOVE)
        return capacity_write_units(diff->old_bytes) + capacity_write_units(diff->new_bytes);
    return capacity_write_units(larger);
}

double capacity_total(const struct capacity *capacity)
{
    double total = capacity->table_units;

    for (unsigned i = 0; i < CAPACITY_INDEXES_MAX; i++)
        total += capacity->index_units[i];
    return total;
}

double capacity_of_table(const struct capacity *capacity, const struct table *table)
{
    const struct table_definition *definition = &table->definition;
    double units = capacity->table_units;

    for (unsigned i = 0; i < definition->index_count; i++)
        if (definition->indexes[i].definition.kind == INDEX_LOCAL)
            units += capacity->index_units[i];
    return units;
}

/* --- the reply -------------------------------------------------------------------------------- */

enum capacity_report capacity_report_of(yyjson_val *in)
{
    struct bytes wanted = BYTES("NONE");

    input_string(in, "ReturnConsumedCapacity", &wanted);
    if (bytes_equal_string(wanted, "TOTAL"))
        return CAPACITY_TOTAL;
    return bytes_equal_string(wanted, "INDEXES") ? CAPACITY_INDEXES : CAPACITY_NONE;
}

void capacity_append(struct buf *reply, enum capacity_report report, struct bytes name,
                     const struct table *table, const struct capacity *capacity,
                     const char *units_name)
{
    if (report == CAPACITY_NONE)
        return;
    buf_append_lit(reply, "{\"TableName\":");
    json_append_string(reply, name);
    append_units(reply, capacity_total(capacity), units_name);
    if (report == CAPACITY_INDEXES) {
        reply_member(reply, "Table");
        append_arm(reply, capacity->table_units, units_name);
        append_indexes(reply, "LocalSecondaryIndexes", INDEX_LOCAL, table, capacity, units_name);
        append_indexes(reply, "GlobalSecondaryIndexes", INDEX_GLOBAL, table, capacity, units_name);
    }
    buf_append_byte(reply, '}');
}

void capacity_append_member(struct buf *reply, yyjson_val *in, struct bytes name,
                            const struct table *table, const struct capacity *capacity)
{
    enum capacity_report report = capacity_report_of(in);

    if (report == CAPACITY_NONE)
        return;
    reply_member(reply, "ConsumedCapacity");
    capacity_append(reply, report, name, table, capacity, NULL);
}

static void append_units(struct buf *reply, double units, const char *units_name)
{
    reply_member(reply, "CapacityUnits");
    json_append_double(reply, units);
    if (units_name == NULL)
        return;
    reply_member(reply, units_name);
    json_append_double(reply, units);
}

static void append_arm(struct buf *reply, double units, const char *units_name)
{
    buf_append_byte(reply, '{');
    append_units(reply, units, units_name);
    buf_append_byte(reply, '}');
}

/* The indexes of a kind that were touched, if any were. */
static void append_indexes(struct buf *reply, const char *member, enum index_kind kind,
                           const struct table *table, const struct capacity *capacity,
                           const char *units_name)
{
    const struct table_definition *definition = &table->definition;
    bool any = false;

    for (unsigned i = 0; i < definition->index_count; i++) {
        const struct index_definition *index = &definition->indexes[i].definition;

        if (index->kind != kind || (capacity->touched & ((uint32_t)1 << i)) == 0)
            continue;
        if (!any) {
            reply_member(reply, member);
            buf_append_byte(reply, '{');
        }
        any = true;
        reply_member_bytes(reply, index->name);
        append_arm(reply, capacity->index_units[i], units_name);
    }
    if (any)
        buf_append_byte(reply, '}');
}
