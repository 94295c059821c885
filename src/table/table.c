/* table.c - definitions: lifetimes, and status over time. */
#include "table/table.h"

#include "base/assert.h"
#include "base/clock.h"
#include "base/mem.h"
#include "table/bucket.h"
#include "table/index_build.h"
#include "table/index_expiry.h"
#include "table/journal_load.h"
#include "table/throttle.h"

#include <stdlib.h>

/* The buckets of one global index, for as long as the table lives: a handful for most tables, and
 * never more than a table can have index ids. */
struct index_buckets {
    struct index_buckets *next;
    uint16_t index_id;
    struct bucket buckets[TABLE_WAYS];
};

struct table_life {
    _Atomic uint64_t definitions; /* not destroyed yet */
    _Atomic unsigned journal_needs;
    struct journal_load journal_load;
    struct bucket buckets[TABLE_WAYS];
    struct index_buckets *indexes; /* changed by table_create only: one at a time */
    struct index_build build;
    struct index_build ttl_build;
    struct index_expiry_state expiry;
};

static void copy_schema(struct key_schema *schema, struct arena *arena);
static void copy_indexes(struct table_definition *d, struct table_life *life, struct arena *arena);
static struct bucket *index_buckets(struct table_life *life, uint16_t index_id);
static void take_over_capacity(const struct table *table, const struct table *earlier);

enum table_status table_status_now(const struct table *table, uint64_t now_ms)
{
    const struct table_definition *d = &table->definition;

    if (d->status == TABLE_DELETING)
        return TABLE_DELETING;
    if (table_is_filling(d))
        return TABLE_CREATING;
    if (now_ms < d->status_until_ms)
        return d->status;
    for (unsigned i = 0; i < d->index_count; i++)
        if (d->indexes[i].status == INDEX_DELETING ||
            (d->indexes[i].status == INDEX_CREATING && now_ms < d->indexes[i].status_until_ms))
            return TABLE_UPDATING;
    return TABLE_ACTIVE;
}

bool table_is_filling(const struct table_definition *definition)
{
    return definition->filling.job_kind.size != 0;
}

bool table_is_restoring(const struct table_definition *definition)
{
    return table_is_filling(definition) && definition->filling.source_arn.size != 0;
}

const struct table_settings *table_settings_now(const struct table *table, uint64_t now_ms)
{
    const struct table_definition *d = &table->definition;

    return d->status == TABLE_UPDATING && now_ms < d->status_until_ms ? &d->before : &d->settings;
}

bool table_stream_changes_now(const struct table *table, uint64_t now_ms)
{
    const struct table_definition *d = &table->definition;

    return d->status == TABLE_UPDATING && now_ms < d->status_until_ms && d->stream.changes;
}

const struct table_index *table_index_find(const struct table *table, struct bytes name)
{
    const struct table_definition *d = &table->definition;

    for (unsigned i = 0; i < d->index_count; i++)
        if (bytes_equal(d->indexes[i].definition.name, name))
            return &d->indexes[i];
    return NULL;
}

enum index_status table_index_status_now(const struct table *table, const struct table_index *index,
                                         uint64_t now_ms)
{
    enum table_status status = table_status_now(table, now_ms);

    if (status == TABLE_CREATING)
        return INDEX_CREATING; /* an index made with its table becomes ACTIVE with it */
    if (status == TABLE_DELETING)
        return INDEX_DELETING;
    if (index->status == INDEX_UPDATING && now_ms >= index->status_until_ms)
        return INDEX_ACTIVE;
    return index->status;
}

bool table_index_backfills_now(const struct table_index *index, uint64_t now_ms)
{
    return index->status == INDEX_CREATING && now_ms >= index->status_until_ms;
}

const struct table_capacity *table_index_capacity_now(const struct table_index *index,
                                                      uint64_t now_ms)
{
    return index->status == INDEX_UPDATING && now_ms < index->status_until_ms
               ? &index->before
               : &index->definition.capacity;
}

struct table *table_create(const struct table_definition *definition, struct table *earlier)
{
    struct table *table = mem_zalloc(sizeof(*table));
    struct table_definition *d = &table->definition;

    arena_init(&table->arena);
    atomic_init(&table->holders, 1);
    if (earlier != NULL) {
        table->life = earlier->life;
    } else {
        table->life = mem_zalloc(sizeof(*table->life));
        index_build_init(&table->life->build);
        index_build_init(&table->life->ttl_build);
        index_expiry_init(&table->life->expiry);
    }
    atomic_fetch_add(&table->life->definitions, 1);
    table_set_journal_needs(table, table_journal_needs_of(definition));
    *d = *definition;
    d->account = arena_copy(&table->arena, d->account);
    d->region = arena_copy(&table->arena, d->region);
    d->name = arena_copy(&table->arena, d->name);
    copy_schema(&d->schema, &table->arena);
    copy_indexes(d, table->life, &table->arena);
    for (unsigned i = 0; i < d->tags.count; i++) {
        d->tags.list[i].key = arena_copy(&table->arena, d->tags.list[i].key);
        d->tags.list[i].value = arena_copy(&table->arena, d->tags.list[i].value);
    }
    d->ttl_attribute = arena_copy(&table->arena, d->ttl_attribute);
    d->ttl.index.definition = index_expiry_definition(d->ttl_attribute);
    d->encryption.key_arn = arena_copy(&table->arena, d->encryption.key_arn);
    d->encryption.key_arn_before = arena_copy(&table->arena, d->encryption.key_arn_before);
    d->policy.text = arena_copy(&table->arena, d->policy.text);
    d->stream_policy.text = arena_copy(&table->arena, d->stream_policy.text);
    d->filling.job_kind = arena_copy(&table->arena, d->filling.job_kind);
    d->filling.job_id = arena_copy(&table->arena, d->filling.job_id);
    d->filling.source_arn = arena_copy(&table->arena, d->filling.source_arn);
    d->filling.backup_arn = arena_copy(&table->arena, d->filling.backup_arn);
    if (earlier != NULL)
        take_over_capacity(table, earlier);
    return table;
}

unsigned table_journal_needs(const struct table *table)
{
    return atomic_load_explicit(&table->life->journal_needs, memory_order_acquire);
}

void table_set_journal_needs(struct table *table, unsigned needs)
{
    atomic_store_explicit(&table->life->journal_needs, needs, memory_order_release);
}

struct journal_load *table_journal_load(const struct table *table)
{
    return &table->life->journal_load;
}

static void copy_schema(struct key_schema *schema, struct arena *arena)
{
    for (unsigned i = 0; i < key_schema_count(schema); i++)
        schema->attributes[i].name = arena_copy(arena, schema->attributes[i].name);
}

static void copy_indexes(struct table_definition *d, struct table_life *life, struct arena *arena)
{
    struct table_index *indexes;

    if (d->index_count == 0)
        return;
    indexes = arena_new_array(arena, struct table_index, d->index_count);
    for (unsigned i = 0; i < d->index_count; i++) {
        struct index_definition *index = &indexes[i].definition;
        struct bytes *included;

        indexes[i] = d->indexes[i];
        included = arena_new_array(arena, struct bytes, index->included_count);
        for (unsigned j = 0; j < index->included_count; j++)
            included[j] = arena_copy(arena, index->included[j]);
        index->included = included;
        index->name = arena_copy(arena, index->name);
        copy_schema(&index->schema, arena);
        if (index->kind == INDEX_GLOBAL)
            indexes[i].buckets = index_buckets(life, indexes[i].id);
    }
    d->indexes = indexes;
}

static struct bucket *index_buckets(struct table_life *life, uint16_t index_id)
{
    struct index_buckets *found = life->indexes;

    while (found != NULL && found->index_id != index_id)
        found = found->next;
    if (found == NULL) {
        found = mem_zalloc(sizeof(*found));
        found->index_id = index_id;
        found->next = life->indexes;
        life->indexes = found;
    }
    return found->buckets;
}

static void take_over_capacity(const struct table *table, const struct table *earlier)
{
    const struct table_definition *now = &table->definition, *then = &earlier->definition;

    for (enum table_way way = 0; way < TABLE_WAYS; way++) {
        throttle_take_over(&(struct throttle_place){.table = earlier, .way = way},
                           &(struct throttle_place){.table = table, .way = way});
        for (unsigned i = 0; i < now->index_count; i++)
            for (unsigned j = 0; j < then->index_count; j++)
                if (now->indexes[i].id == then->indexes[j].id &&
                    now->indexes[i].definition.kind == INDEX_GLOBAL)
                    throttle_take_over(
                        &(struct throttle_place){earlier, &then->indexes[j], .way = way},
                        &(struct throttle_place){table, &now->indexes[i], .way = way});
    }
}

uint64_t table_provisioned_units(const struct table_definition *d, enum table_way way)
{
    const struct table_throughput *t = &d->settings.capacity.throughput;
    uint64_t units = way == TABLE_READ ? t->read_units : t->write_units;

    if (d->settings.billing != TABLE_PROVISIONED)
        return 0;
    for (unsigned i = 0; i < d->index_count; i++) {
        t = &d->indexes[i].definition.capacity.throughput;
        if (d->indexes[i].definition.kind == INDEX_GLOBAL)
            units += way == TABLE_READ ? t->read_units : t->write_units;
    }
    return units;
}

struct bucket *table_bucket(const struct table *table, enum table_way way)
{
    return &table->life->buckets[way];
}

static void destroy_life(struct table_life *life)
{
    struct index_buckets *next;

    for (struct index_buckets *index = life->indexes; index != NULL; index = next) {
        next = index->next;
        free(index);
    }
    index_build_fini(&life->build);
    index_build_fini(&life->ttl_build);
    index_expiry_fini(&life->expiry);
    free(life);
}

struct table *table_acquire(struct table *table)
{
    uint64_t before = atomic_fetch_add(&table->holders, 1);

    ASSERT(before > 0);
    return table;
}

void table_release(struct table **table)
{
    struct table *t = *table;

    if (t == NULL)
        return;
    *table = NULL;
    if (atomic_fetch_sub(&t->holders, 1) != 1)
        return;
    if (atomic_fetch_sub(&t->life->definitions, 1) == 1)
        destroy_life(t->life);
    arena_fini(&t->arena);
    free(t);
}

bool table_is_only_definition(const struct table *table)
{
    return atomic_load(&table->life->definitions) == 1;
}

struct index_build *table_index_build(const struct table *table)
{
    return &table->life->build;
}

struct index_build *table_ttl_build(const struct table *table)
{
    return &table->life->ttl_build;
}

struct index_expiry_state *table_expiry(const struct table *table)
{
    return &table->life->expiry;
}

bool table_held_alone(const struct table *table)
{
    return atomic_load(&table->holders) == 1 && atomic_load(&table->life->definitions) == 1;
}

struct bytes table_arn(const struct table_definition *d, struct arena *arena)
{
    return arena_format(arena, "arn:aws:dynamodb:%.*s:%.*s:table/%.*s", BYTES_ARGS(d->region),
                        BYTES_ARGS(d->account), BYTES_ARGS(d->name));
}

struct bytes table_stream_label(const struct table_definition *d, struct arena *arena)
{
    struct bytes text = clock_text_in(arena, d->stream.label_ms);

    ASSERT(d->stream.label_ms != 0);
    return bytes_make(text.data, text.size - 1); /* without the Z */
}

struct bytes table_stream_arn(const struct table_definition *d, struct arena *arena)
{
    return arena_format(arena, "%.*s/stream/%.*s", BYTES_ARGS(table_arn(d, arena)),
                        BYTES_ARGS(table_stream_label(d, arena)));
}

struct bytes table_index_arn(const struct table_definition *d, const struct table_index *index,
                             struct arena *arena)
{
    return arena_format(arena, "%.*s/index/%.*s", BYTES_ARGS(table_arn(d, arena)),
                        BYTES_ARGS(index->definition.name));
}
