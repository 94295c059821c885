/* throttle.h - what tables and global indexes may do a second, and what is left of it.
 * What is provisioned has its units, what is on demand its maxima if it has any; without a rate, it
 * costs a branch. Unused units of the last THROTTLE_BURST_S seconds may be spent at once. Where
 * there is a rate, no partition key may do more than a partition can. Local indexes use what their
 * table has.
 * A request asks first (throttle_check), and is charged once, when its size is known.
 * Holds:   buckets are part of a table's life: they outlive changes of its definition, but not the
 *          server. Partition keys share a sketch of bounded size (bucket.h).
 * Threads: any, without locks.
 * Source:  contract core-api-data.md 6; what differs from the service is in docs/capacity.md.
 */
#pragma once

#include "table/table.h"

#define THROTTLE_BURST_S 300

/* A second, of one partition key. */
#define THROTTLE_PARTITION_READ_UNITS  3000
#define THROTTLE_PARTITION_WRITE_UNITS 1000

/* Which limit a request meets. */
enum throttle_limit {
    THROTTLE_NONE,
    THROTTLE_PROVISIONED,
    THROTTLE_ON_DEMAND_MAX,
    THROTTLE_KEY_RANGE,
};

/* What a request wants of what. */
struct throttle_place {
    const struct table *table;
    const struct table_index *index; /* NULL: the table itself */
    enum table_way way;
    struct bytes key; /* a storage key of the one partition it touches; empty: there are several */
};

/* Looking at the clock is half of what all this costs: a request does it once (clock_mono_ns). */

/* Units a second, 0: there is no limit. */
static inline uint64_t throttle_rate(const struct throttle_place *place)
{
    const struct table_settings *s = &place->table->definition.settings;
    const struct table_capacity *c =
        place->index != NULL && place->index->definition.kind == INDEX_GLOBAL
            ? &place->index->definition.capacity
            : &s->capacity;
    bool reads = place->way == TABLE_READ;
    int64_t max = reads ? c->on_demand_read_max : c->on_demand_write_max;

    if (s->billing == TABLE_PROVISIONED)
        return reads ? c->throughput.read_units : c->throughput.write_units;
    return max > 0 ? (uint64_t)max : 0;
}

/* Whether a request may begin, where there is a rate. */
enum throttle_limit throttle_check(const struct throttle_place *place, uint64_t now_ns);

/* Units that are left where there is a rate, for a request of many parts. */
double throttle_left(const struct throttle_place *place, uint64_t now_ns);

/* Takes what was used where there is a rate; elsewhere nothing happens. */
void throttle_charge(const struct throttle_place *place, uint64_t now_ns, double units);

/* --- for table.c ------------------------------------------------------------------------------ */

/* A place goes on under another definition: what was used stays used. */
void throttle_take_over(const struct throttle_place *earlier, const struct throttle_place *place);
