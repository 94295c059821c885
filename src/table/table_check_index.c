/* table_check_index.c - does each index hold exactly what the items imply?
 * Every entry is held against its item: it must lie where that item's entry lies and hold what is
 * projected of it. So no item has two, and an index is complete when it has as many entries as
 * there are items that should have one. Only when it has not are the items walked again, to name
 * one.
 */
#include "table/catalog.h"
#include "table/index_build.h"
#include "table/index_entry.h"
#include "table/index_expiry.h"
#include "table/index_write.h"
#include "table/table_check_priv.h"
#include "table/table_keys.h"

struct check_index {
    const struct table_index *index;
    bool loose;    /* being removed, or not begun: what is there does not matter, or must not be */
    bool building; /* only items as below must have entries */
    uint64_t started;        /* the version after which all do */
    struct bytes done;       /* the key up to which all do */
    uint64_t implied;        /* entries that there should be */
    uint64_t entries, bytes; /* and are */
};

static void name_missing(struct check *check, const struct check_index *at);

/* How far an index has come that is being built: index_build.h. */
static void read_build(struct check *check, struct check_index *at)
{
    struct bytes key = index_build_key(check->table, at->index, &check->arena);
    struct bytes record;
    enum err err = store_get(catalog_store(check->catalog), check->snapshot, STORE_DATA, key, true,
                             &check->arena, &record);

    at->building = true;
    at->started = UINT64_MAX; /* no record: nothing is there yet */
    if (err == OK && record.size >= 9 && record.data[0] == 1) {
        at->started = bytes_get_u64(record.data + 1);
        at->done = bytes_skip(record, 9);
    } else if (err != ERR_ABSENT) {
        check_found(check, "a damaged record of an index that is being built", key);
    }
}

void check_indexes_begin(struct check *check)
{
    const struct table_definition *table = &check->table->definition;

    check->indexes = arena_new_array(&check->arena, struct check_index, table_upkeep_count(table));
    check->collection_items = check->collection_bytes = 0;
    for (unsigned i = 0; i < table_upkeep_count(table); i++) {
        struct check_index *at = &check->indexes[i];

        *at = (struct check_index){.index = table_upkeep_index(table, i)};
        at->loose = at->index->status == INDEX_DELETING;
        if (at->index->status == INDEX_CREATING)
            read_build(check, at);
    }
}

static bool should_have_entry(const struct check_index *at, struct bytes item_key,
                              struct value attributes, uint64_t version)
{
    if (at->building && version <= at->started && bytes_compare(item_key, at->done) > 0)
        return false;
    return index_has(at->index, attributes);
}

void check_indexes_item(struct check *check, struct bytes key, struct value attributes,
                        uint64_t version)
{
    for (unsigned i = 0; i < table_upkeep_count(&check->table->definition); i++)
        check->indexes[i].implied +=
            should_have_entry(&check->indexes[i], key, attributes, version);
}

static struct check_index *index_of(struct check *check, struct bytes key)
{
    for (unsigned i = 0; i < check->table->definition.index_count; i++) {
        struct check_index *at = &check->indexes[i];
        bool local = at->index->definition.kind == INDEX_LOCAL;

        if (at->index->id == bytes_get_u16(key.data + 5) &&
            key.data[4] == (local ? KEY_SPACE_LOCAL : KEY_SPACE_GLOBAL))
            return at;
    }
    return NULL;
}

/* Whether an item's attributes are all there, so that its key can be made. */
static bool has_keys(const struct key_schema *schema, struct value attributes, struct arena *arena)
{
    struct fault fault;

    fault_init(&fault, arena);
    return key_check_item(schema, attributes, &fault) == OK;
}

static void check_against_item(struct check *check, const struct check_index *at, struct bytes key,
                               const struct item *entry)
{
    const struct table_definition *table = &check->table->definition;
    const uint8_t *hash_key = catalog_hash_key(check->catalog);
    struct bytes item_key =
        key_of_item(&table->schema, table->id, hash_key, entry->attributes, &check->arena);
    struct bytes stored;
    struct item item;

    if (store_get(catalog_store(check->catalog), check->snapshot, STORE_DATA, item_key, true,
                  &check->arena, &stored) != OK ||
        item_open(stored, &item) != OK)
        check_found(check, "an index entry without an item", key);
    else if (!should_have_entry(at, item_key, item.attributes, item.version))
        check_found(check, "an index entry of an item that should have none", key);
    else if (!bytes_equal(
                 key, index_entry_key(table, at->index, hash_key, item.attributes, &check->arena)))
        check_found(check, "an index entry in the wrong place", key);
    else if (!value_equal(entry->attributes,
                          index_project(table, at->index, item.attributes, &check->arena)))
        check_found(check, "an index entry that does not hold what its item has", key);
    else if (entry->version > item.version)
        check_found(check, "an index entry newer than its item", key);
}

void check_indexes_entry(struct check *check, struct bytes key, struct bytes value)
{
    struct check_index *at = index_of(check, key);
    struct item entry;

    if (at == NULL) {
        check_found(check, "an entry of an index that the table does not have", key);
        return;
    }
    if (at->loose)
        return;
    if (item_check(value) != OK || item_open(value, &entry) != OK ||
        !has_keys(&check->table->definition.schema, entry.attributes, &check->arena)) {
        check_found(check, "a damaged index entry", key);
        return;
    }
    at->entries++;
    at->bytes += entry.size_bytes;
    check->report->entries++;
    check_against_item(check, at, key, &entry);
}

void check_indexes_expiry(struct check *check, struct bytes key)
{
    const struct table_definition *table = &check->table->definition;
    struct check_index *at = &check->indexes[table->index_count];
    uint16_t id = bytes_get_u16(key.data + 5);
    struct bytes item_key, stored;
    uint64_t expiry_s, items_s;
    struct item item;

    if (id < table->ttl.gone_before)
        return; /* on its way out */
    if (id == 0 || id != table->ttl.index.id) {
        check_found(check, "an entry of an expiry index that the table does not have", key);
        return;
    }
    at->entries++;
    check->report->entries++;
    if (index_expiry_read(key, &check->arena, &expiry_s, &item_key) != OK)
        check_found(check, "a damaged entry of expiry", key);
    else if (store_get(catalog_store(check->catalog), check->snapshot, STORE_DATA, item_key, true,
                       &check->arena, &stored) != OK ||
             item_open(stored, &item) != OK)
        check_found(check, "an entry of expiry without an item", key);
    else if (!should_have_entry(at, item_key, item.attributes, item.version))
        check_found(check, "an entry of expiry of an item that should have none", key);
    else if (!index_expiry_of(at->index, item.attributes, &items_s) || items_s != expiry_s)
        check_found(check, "an entry of expiry at another time than its item's", key);
}

/* --- counters --------------------------------------------------------------------------------- */

/* Adds up the rows of one slot: items, or entries of a local index. */
static void add_slot(struct check *check, enum key_space space, uint16_t index_id, uint64_t slot,
                     struct store_count *sum)
{
    struct store_range range;
    struct store_cursor *cursor;
    struct bytes key, value;
    struct item item;
    struct buf prefix;

    buf_init_arena(&prefix, &check->arena, SIZE_MAX);
    key_append_prefix(&prefix, check->table_id, space, index_id, slot);
    range.from = buf_finish_arena(&prefix);
    range.to = key_after_prefix(range.from, &check->arena);
    range.backward = false;
    cursor =
        store_cursor_open(catalog_store(check->catalog), check->snapshot, STORE_DATA, range, true);
    while (store_cursor_next(cursor, &key, &value) == OK) {
        if (item_open(value, &item) != OK)
            continue; /* told elsewhere */
        sum->items += space == KEY_SPACE_ITEM;
        sum->bytes += item.size_bytes;
    }
    store_cursor_close(&cursor);
}

void check_indexes_count(struct check *check, struct bytes key, struct bytes value)
{
    uint64_t slot = bytes_get_u64(key.data + KEY_SLOT_OFFSET);
    struct store_count sum = {0};

    if (bytes_get_u16(key.data + 5) != TABLE_COLLECTION_COUNT_ID)
        return; /* of table and indexes: at their end */
    if (value.size != 17 || !index_counts_collections(&check->table->definition)) {
        check_found(check, "a counter that should not be there", key);
        return;
    }
    add_slot(check, KEY_SPACE_ITEM, 0, slot, &sum);
    for (unsigned i = 0; i < check->table->definition.index_count; i++)
        if (check->indexes[i].index->definition.kind == INDEX_LOCAL)
            add_slot(check, KEY_SPACE_LOCAL, check->indexes[i].index->id, slot, &sum);
    if (sum.items != bytes_get_u64(value.data + 1) || sum.bytes != bytes_get_u64(value.data + 9))
        check_found(check, "the counter of an item collection does not equal its rows", key);
    check->collection_items += sum.items;
    check->collection_bytes += sum.bytes;
}

static bool is_ttl_build(const struct check *check, struct bytes key)
{
    const struct table_ttl *ttl = &check->table->definition.ttl;
    uint16_t id;

    if (key.size != KEY_PREFIX_BYTES + 2 || bytes_get_u16(key.data + 5) != 0)
        return false;
    id = bytes_get_u16(key.data + KEY_PREFIX_BYTES);
    return id < ttl->gone_before || (id == ttl->index.id && ttl->index.status == INDEX_CREATING);
}

void check_indexes_record(struct check *check, struct bytes key)
{
    if (is_ttl_build(check, key))
        return;
    for (unsigned i = 0; i < check->table->definition.index_count; i++)
        if (check->indexes[i].index->id == bytes_get_u16(key.data + 5) &&
            (check->indexes[i].building || check->indexes[i].loose))
            return;
    check_found(check, "a record of building an index that is not being built", key);
}

/* As of the snapshot: the building of an index goes on while we walk. */
static bool read_count(struct check *check, struct bytes key, struct store_count *count)
{
    struct bytes record;
    enum err err = store_get(catalog_store(check->catalog), check->snapshot, STORE_DATA, key, true,
                             &check->arena, &record);

    *count = (struct store_count){0};
    if (err == OK && record.size == 17) {
        count->items = bytes_get_u64(record.data + 1);
        count->bytes = bytes_get_u64(record.data + 9);
        return true;
    }
    return err == ERR_ABSENT;
}

void check_indexes_end(struct check *check)
{
    uint64_t bytes = check->bytes;

    for (unsigned i = 0; i < check->table->definition.index_count; i++) {
        struct check_index *at = &check->indexes[i];
        struct bytes key = table_count_key(check->table_id, at->index->id, &check->arena);
        struct store_count count;

        if (at->loose)
            continue;
        if (at->index->definition.kind == INDEX_LOCAL)
            bytes += at->bytes;
        if (!read_count(check, key, &count))
            check_found(check, "the counter of an index cannot be read", key);
        else if (count.items != at->entries || count.bytes != at->bytes)
            check_found(check, "the counter of an index does not equal its entries", key);
        if (at->entries < at->implied)
            name_missing(check, at);
    }
    if (check->table->definition.ttl.index.id != 0) {
        struct check_index *at = &check->indexes[check->table->definition.index_count];

        if (at->entries < at->implied)
            name_missing(check, at);
    }
    if (index_counts_collections(&check->table->definition) &&
        (check->collection_items != check->items || check->collection_bytes != bytes))
        check_found(check, "item collections are not all counted", BYTES(""));
}

/* Where an item's entry is, if it has one. */
static struct bytes entry_key(struct check *check, const struct check_index *at,
                              struct value attributes)
{
    const struct table_definition *table = &check->table->definition;
    const uint8_t *hash_key = catalog_hash_key(check->catalog);
    struct index_diff diff;

    if (at->index->definition.kind != INDEX_EXPIRY)
        return index_entry_key(table, at->index, hash_key, attributes, &check->arena);
    index_diff(table, at->index, hash_key, item_absent().attributes, attributes, &check->arena,
               &diff);
    return diff.new_key;
}

/* The first few items without their entry. */
static void name_missing(struct check *check, const struct check_index *at)
{
    struct store *store = catalog_store(check->catalog);
    struct store_range range = table_items_range(check->table_id, &check->arena);
    struct store_cursor *cursor =
        store_cursor_open(store, check->snapshot, STORE_DATA, range, true);
    unsigned named = 0;
    struct bytes key, value;

    while (named < 10 && store_cursor_next(cursor, &key, &value) == OK) {
        struct arena_mark mark = arena_mark(&check->arena);
        struct bytes entry;
        struct item item;

        if (item_open(value, &item) == OK &&
            should_have_entry(at, key, item.attributes, item.version) &&
            store_get(store, check->snapshot, STORE_DATA, entry_key(check, at, item.attributes),
                      true, &check->arena, &entry) == ERR_ABSENT) {
            check_found(check, "an item without its index entry", key);
            named++;
        }
        arena_release(&check->arena, mark);
    }
    store_cursor_close(&cursor);
}
