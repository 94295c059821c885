/* throttle.c - the buckets of tables, global indexes and partition keys. */
#include "table/throttle.h"

#include "base/assert.h"
#include "base/clock.h"
#include "table/bucket.h"

/* One second's worth: a partition has no burst of its own. */
static const struct bucket_rate partition_rates[TABLE_WAYS] = {
    [TABLE_READ] = {THROTTLE_PARTITION_READ_UNITS, 1},
    [TABLE_WRITE] = {THROTTLE_PARTITION_WRITE_UNITS, 1},
};

/* Of all tables: 64 KiB each way, however many keys there are. */
static struct bucket_sketch partitions[TABLE_WAYS];

static struct bucket *bucket_of(const struct throttle_place *place);
static struct bucket_rate rate_of(const struct throttle_place *place);
static uint64_t partition_hash(struct bytes key);

enum throttle_limit throttle_check(const struct throttle_place *place, uint64_t now_ns)
{
    if (throttle_left(place, now_ns) <= 0)
        return place->table->definition.settings.billing == TABLE_PROVISIONED
                   ? THROTTLE_PROVISIONED
                   : THROTTLE_ON_DEMAND_MAX;
    if (place->key.size != 0 &&
        bucket_sketch_level(&partitions[place->way], partition_hash(place->key),
                            partition_rates[place->way], (int64_t)now_ns) <= 0)
        return THROTTLE_KEY_RANGE;
    return THROTTLE_NONE;
}

double throttle_left(const struct throttle_place *place, uint64_t now_ns)
{
    return bucket_level(bucket_of(place), rate_of(place), (int64_t)now_ns);
}

void throttle_charge(const struct throttle_place *place, uint64_t now_ns, double units)
{
    if (units == 0 || throttle_rate(place) == 0)
        return;
    bucket_charge(bucket_of(place), rate_of(place), (int64_t)now_ns, units);
    if (place->key.size != 0)
        bucket_sketch_charge(&partitions[place->way], partition_hash(place->key),
                             partition_rates[place->way], (int64_t)now_ns, units);
}

void throttle_take_over(const struct throttle_place *earlier, const struct throttle_place *place)
{
    uint64_t from = throttle_rate(earlier), to = throttle_rate(place);

    /* Where a rate begins, nothing is used yet: from is 0 then. */
    if (from != to && to != 0)
        bucket_change_rate(bucket_of(place), (double)from, (double)to, (int64_t)clock_mono_ns());
}

static struct bucket *bucket_of(const struct throttle_place *place)
{
    if (place->index != NULL && place->index->definition.kind == INDEX_GLOBAL)
        return &place->index->buckets[place->way];
    return table_bucket(place->table, place->way);
}

static struct bucket_rate rate_of(const struct throttle_place *place)
{
    return (struct bucket_rate){(double)throttle_rate(place), THROTTLE_BURST_S};
}

/* Of table, index and slot. The slot is a good hash of the partition key already, but one key has
 * the same in every table: what is left of their difference is spread over all bits, as each row of
 * the sketch looks at some of them only (the finalizer of MurmurHash3). */
static uint64_t partition_hash(struct bytes key)
{
    uint64_t place, hash;

    ASSERT(key.size >= KEY_PREFIX_BYTES);
    place = (uint64_t)bytes_get_u32(key.data) << 16 | bytes_get_u16(key.data + 5);
    hash = bytes_get_u64(key.data + KEY_PREFIX_BYTES - 8) + place * 0x9e3779b97f4a7c15u;
    hash = (hash ^ hash >> 33) * 0xff51afd7ed558ccdu;
    hash = (hash ^ hash >> 33) * 0xc4ceb9fe1a85ec53u;
    return hash ^ hash >> 33;
}
