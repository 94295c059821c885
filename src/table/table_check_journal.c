/* table_check_journal.c - the journal: each record can be read, is of a table or of one whose
 * stream is still there, and agrees with the item whose change it tells.
 * An item is at least as new as its changes. The one that made it what it is shows it: so the order
 * of an item's records is the order in which it changed.
 */
#include "item/item.h"
#include "item/key.h"
#include "table/catalog.h"
#include "table/stream.h"
#include "table/table_check_priv.h"
#include "table/table_keys.h"

static enum err check_lineages(struct check *check);
static void begin_table(struct check *check, uint32_t table_id);
static void check_change(struct check *check, struct bytes key, struct bytes value);
static void check_agrees(struct check *check, struct bytes key, uint16_t lane,
                         const struct journal_record *record);

enum err check_journal(struct check *check)
{
    struct store *store = catalog_store(check->catalog);
    struct store_range all = {0};
    struct store_cursor *cursor =
        store_cursor_open(store, check->snapshot, STORE_JOURNAL, all, true);
    struct bytes key, value;
    enum err err;

    check->table_id = 0;
    while ((err = store_cursor_next(cursor, &key, &value)) == OK) {
        struct arena_mark mark;

        if (key.size >= KEY_PREFIX_BYTES && bytes_get_u32(key.data) != check->table_id) {
            table_release(&check->table);
            begin_table(check, bytes_get_u32(key.data));
        }
        mark = arena_mark(&check->arena);
        check_change(check, key, value);
        arena_release(&check->arena, mark);
    }
    store_cursor_close(&cursor);
    table_release(&check->table);
    return err == ERR_ABSENT ? check_lineages(check) : err;
}

/* What cannot be read was found with the other records. */
static enum err check_lineages(struct check *check)
{
    struct store *store = catalog_store(check->catalog);
    struct stream_query query = {.limit = 1};
    struct stream *stream;
    unsigned count = 1;
    enum err err = OK;
    bool more = true;

    arena_reset(&check->arena);
    while (err == OK && more && count > 0) {
        struct shard_list list;
        const char *fault;

        err = stream_list(store, &query, true, &check->arena, &stream, &count, &more);
        if (err != OK || count == 0)
            break;
        if (shard_read_all(store, &stream->table, true, &check->arena, &list) == OK) {
            fault = shard_check_lineage(&list);
            if (fault != NULL)
                check_found(check, fault, stream->key);
        }
        query.after = stream->key;
    }
    return err == ERR_CORRUPT || err == ERR_NEWER_FORMAT ? OK : err;
}

static void begin_table(struct check *check, uint32_t table_id)
{
    struct store *store = catalog_store(check->catalog);
    struct table_definition definition;
    struct bytes record;
    bool keeps = false;

    arena_reset(&check->arena);
    check->table_id = table_id;
    if (store_get(store, check->snapshot, STORE_DATA, table_record_key(table_id, &check->arena),
                  true, &check->arena, &record) == OK) {
        if (table_record_read(record, &check->arena, &definition) == OK)
            check->table = table_create(&definition, NULL);
    } else if (stream_keeps_journal(store, table_id, &keeps) != OK || !keeps) {
        check_found(check, "changes of a table that the catalog does not have", BYTES(""));
    }
}

static void check_change(struct check *check, struct bytes key, struct bytes value)
{
    struct journal_record record;
    struct journal_place place;
    uint16_t lane;

    check->report->changes++;
    if (table_journal_key_read(key, &lane, &place) != OK || journal_record_check(value) != OK ||
        journal_record_open(value, &record) != OK)
        check_found(check, "a damaged change record", key);
    else if (lane > TABLE_JOURNAL_LANES || record.version != place.version)
        check_found(check, "a change record in the wrong place", key);
    else if (check->table != NULL && check->table->definition.status != TABLE_DELETING &&
             record.kind != JOURNAL_SETTINGS)
        check_agrees(check, key, lane, &record);
}

static void check_agrees(struct check *check, struct bytes key, uint16_t lane,
                         const struct journal_record *record)
{
    const struct key_schema *schema = &check->table->definition.schema;
    struct bytes item_key, stored;
    struct fault fault;
    struct item item;

    fault_init(&fault, &check->arena);
    if (key_check_key(schema, record->keys, &fault) != OK) {
        check_found(check, "a change whose key attributes do not fit the schema", key);
        return;
    }
    item_key = key_of_item(schema, check->table_id, catalog_hash_key(check->catalog), record->keys,
                           &check->arena);
    if (lane != TABLE_JOURNAL_LANE_OF_ALL && lane != table_journal_lane(item_key))
        check_found(check, "a change record in a lane that is not its item's", key);
    if (store_get(catalog_store(check->catalog), check->snapshot, STORE_DATA, item_key, true,
                  &check->arena, &stored) != OK ||
        item_open(stored, &item) != OK)
        return; /* it was removed later; or it is damaged, which was found already */
    if (item.version < record->version)
        check_found(check, "a change that its item does not have", key);
    else if (item.version == record->version &&
             (record->kind == JOURNAL_REMOVE ||
              ((record->flags & JOURNAL_HAS_NEW) && !value_equal(item.attributes, record->new))))
        check_found(check, "a change that differs from its item", key);
}
