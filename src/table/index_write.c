/* index_write.c - planning and adding what a change of an item does to indexes. */
#include "table/index_write.h"

#include "base/assert.h"
#include "table/index_build.h"
#include "table/index_expiry.h"
#include "table/table_keys.h"

static enum err check_collection(const struct table_change *change, struct store_hold *hold,
                                 uint64_t bytes_max, struct arena *arena, struct bytes *missing);
static int64_t collection_growth(const struct table_change *change);
static uint64_t size_with_entries(const struct table_change *change);

bool index_write_is_watched(const struct table_change changes[], unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        const struct table_definition *d = &changes[i].table->definition;

        if (d->ttl.index.id != 0 && d->ttl.index.status == INDEX_CREATING)
            return true;
        for (unsigned j = 0; j < d->index_count; j++)
            if (d->indexes[j].status == INDEX_CREATING)
                return true;
    }
    return false;
}

enum err index_write_plan(struct table_change *change, struct store_hold *hold,
                          const uint8_t hash_key[SIPHASH_KEY_BYTES], uint64_t collection_bytes_max,
                          struct arena *arena, struct bytes *missing)
{
    const struct table_definition *table = &change->table->definition;
    struct value none = item_absent().attributes;
    struct value new = change->action == TABLE_PUT ? change->attributes : none;

    ASSERT(table_upkeep_count(table) != 0 && change->action != TABLE_KEEP);
    change->indexes = arena_new_array(arena, struct index_diff, table_upkeep_count(table));
    for (unsigned i = 0; i < table_upkeep_count(table); i++) {
        const struct table_index *index = table_upkeep_index(table, i);
        enum index_upkeep upkeep = index_build_upkeep(change, index, hold);

        if (upkeep == INDEX_UPKEEP_NONE)
            change->indexes[i] = (struct index_diff){0};
        else
            index_diff(table, index, hash_key,
                       upkeep == INDEX_UPKEEP_FULL ? change->old.attributes : none, new, arena,
                       &change->indexes[i]);
    }
    return check_collection(change, hold, collection_bytes_max, arena, missing);
}

/* Only what grows is refused. The count is that of the last commit: a limit of this size may be
 * passed by what is under way. */
static enum err check_collection(const struct table_change *change, struct store_hold *hold,
                                 uint64_t bytes_max, struct arena *arena, struct bytes *missing)
{
    int64_t growth = collection_growth(change);
    struct store_count count;
    enum err err;

    if (change->action == TABLE_PUT && size_with_entries(change) > ITEM_SIZE_BYTES_MAX)
        return ERR_VALIDATION;
    if (growth <= 0 || !index_counts_collections(&change->table->definition))
        return OK;
    err = index_collection_count(hold->store, change->key, false, &count);
    if (err == ERR_WOULD_BLOCK)
        *missing = table_collection_count_key(change->key, arena);
    if (err != OK)
        return err;
    return count.bytes + (uint64_t)growth > bytes_max ? ERR_ITEM_COLLECTION_SIZE_LIMIT_EXCEEDED
                                                      : OK;
}

static int64_t collection_growth(const struct table_change *change)
{
    const struct table_definition *table = &change->table->definition;
    int64_t growth = (int64_t)change->new_size_bytes - change->old.size_bytes;

    for (unsigned i = 0; i < table->index_count; i++)
        if (table->indexes[i].definition.kind == INDEX_LOCAL)
            growth += (int64_t)change->indexes[i].new_bytes - change->indexes[i].old_bytes;
    return growth;
}

/* Contract core-api-data.md 4: what a table with local indexes has of an item. */
static uint64_t size_with_entries(const struct table_change *change)
{
    const struct table_definition *table = &change->table->definition;
    uint64_t size = change->new_size_bytes;

    for (unsigned i = 0; i < table->index_count; i++)
        if (table->indexes[i].definition.kind == INDEX_LOCAL)
            size += change->indexes[i].new_bytes;
    return size;
}

void index_write_add(const struct table_change *change, struct store_mutation *mutation,
                     struct arena *arena)
{
    const struct table_definition *table = &change->table->definition;

    for (unsigned i = 0; i < table_upkeep_count(table); i++) {
        const struct index_diff *diff = &change->indexes[i];
        bool expires = i == table->index_count; /* entries without value and counter */

        if (diff->change == INDEX_CHANGE_NONE)
            continue;
        if (diff->change == INDEX_CHANGE_REMOVE || diff->change == INDEX_CHANGE_MOVE)
            store_mutation_delete_guarded(mutation, diff->old_key);
        if (diff->change != INDEX_CHANGE_REMOVE)
            store_mutation_put_guarded(mutation, diff->new_key, diff->new_value,
                                       expires ? STORE_NO_STAMP : ITEM_VERSION_OFFSET);
        if (expires)
            continue;
        store_mutation_count(mutation, table_count_key(table->id, table->indexes[i].id, arena),
                             (diff->new_key.size != 0) - (diff->old_key.size != 0),
                             (int64_t)diff->new_bytes - diff->old_bytes);
    }
    if (index_counts_collections(table))
        store_mutation_count(mutation, table_collection_count_key(change->key, arena),
                             (change->action == TABLE_PUT) - (int)change->exists,
                             collection_growth(change));
}

void index_write_happened(const struct table_change *change)
{
    const struct table_definition *table = &change->table->definition;

    if (change->indexes != NULL && table->ttl.index.id != 0)
        index_expiry_added(table_expiry(change->table),
                           change->indexes[table->index_count].new_key);
}

bool index_counts_collections(const struct table_definition *table)
{
    return table->index_count != 0 && table->indexes[0].definition.kind == INDEX_LOCAL;
}

enum err index_collection_count(struct store *store, struct bytes key, bool may_wait,
                                struct store_count *count)
{
    struct arena arena;
    enum err err;

    arena_init(&arena);
    err = store_count_try(store, table_collection_count_key(key, &arena), may_wait, count);
    arena_fini(&arena);
    return err;
}
