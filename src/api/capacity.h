/* capacity.h - capacity units: what a request consumes of a table and of each of its indexes, and
 * member ConsumedCapacity.
 * Source: contract core-api-data.md 5.1 to 5.3, capacity-metrics.md 1. Who may consume how much is
 *         the table's business (table/).
 */
#pragma once

#include "base/buf.h"
#include "table/table_write.h"

struct yyjson_val;

#define CAPACITY_INDEXES_MAX (INDEX_LOCAL_MAX + INDEX_GLOBAL_MAX)

/* Of one table, by one request. Zeroed: nothing yet. */
struct capacity {
    double table_units;
    double index_units[CAPACITY_INDEXES_MAX]; /* by the index's place in the table's definition */
    uint32_t touched;                         /* a bit for each index that is told about */
};

/* --- units ------------------------------------------------------------------------------------ */

/* Of reading so many bytes together; nothing costs as much as a little. */
double capacity_read_units(uint64_t bytes, bool consistent);
/* Of one write, by the larger of its two images. */
double capacity_write_units(uint64_t bytes);

void capacity_add_index(struct capacity *capacity, unsigned index, double units);
/* A change that went through the write door: of the item, the larger of its two images, and of the
 * entries that indexes have of it, both. */
void capacity_add_change(struct capacity *capacity, const struct table_change *change);
/* Only what it does to the indexes. */
void capacity_add_index_changes(struct capacity *capacity, const struct table_change *change);

/* Of the table and all its indexes. */
double capacity_total(const struct capacity *capacity);
/* What counts against the table's throughput: its own, and that of local indexes. */
double capacity_of_table(const struct capacity *capacity, const struct table *table);

/* --- the reply -------------------------------------------------------------------------------- */

enum capacity_report { CAPACITY_NONE, CAPACITY_TOTAL, CAPACITY_INDEXES };
/* ReturnConsumedCapacity. */
enum capacity_report capacity_report_of(struct yyjson_val *in);

/* {"TableName":...,"CapacityUnits":...}, or nothing for CAPACITY_NONE. `name` is the table's as it
 * was sent. `units_name` names the units again by what they are, as transactions do:
 * "ReadCapacityUnits" or "WriteCapacityUnits"; NULL otherwise. */
void capacity_append(struct buf *reply, enum capacity_report report, struct bytes name,
                     const struct table *table, const struct capacity *capacity,
                     const char *units_name);
/* The same as member ConsumedCapacity, as the request asks for it. */
void capacity_append_member(struct buf *reply, struct yyjson_val *in, struct bytes name,
                            const struct table *table, const struct capacity *capacity);
