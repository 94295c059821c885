/* table_check.c - one walk over all rows in key order, which is table by table.
 * Rows of a table that is being dropped are expected to go: the catalog removes them. It may do so
 * while we walk, hence one snapshot for the rows and for the records that say whose they are.
 */
#include "item/item.h"
#include "item/key.h"
#include "table/catalog.h"
#include "table/stream.h"
#include "table/table_check_priv.h"
#include "table/table_keys.h"
#include "table/table_token.h"

static void begin_table(struct check *check, uint32_t table_id);
static void end_table(struct check *check);
static void check_row(struct check *check, struct bytes key, struct bytes value);
static void check_server_record(struct check *check, struct bytes key, struct bytes value);
static void check_item(struct check *check, struct bytes key, struct bytes value);

void check_found(struct check *check, const char *text, struct bytes key)
{
    struct bytes line;
    struct buf hex;

    buf_init(&hex, 4096);
    for (size_t i = 0; i < key.size; i++)
        buf_append_format(&hex, "%02x", key.data[i]);
    line = arena_format(
        &check->arena, "table %u%s%.*s: %s%s%.*s", check->table_id, check->table != NULL ? " " : "",
        check->table != NULL ? (int)check->table->definition.name.size : 0,
        check->table != NULL ? (const char *)check->table->definition.name.data : "", text,
        key.size != 0 ? ", key " : "", BYTES_ARGS(buf_bytes(&hex)));
    check->report->faults++;
    check->fault_found(check->ctx, (const char *)line.data);
    buf_fini(&hex);
}

enum err table_check(struct catalog *catalog, table_check_fn *fault_found, void *ctx,
                     struct table_check_report *report)
{
    struct check check = {
        .catalog = catalog, .fault_found = fault_found, .ctx = ctx, .report = report};
    struct store *store = catalog_store(catalog);
    struct store_range all = {0};
    struct store_cursor *cursor;
    struct bytes key, value;
    enum err err;

    *report = (struct table_check_report){0};
    arena_init(&check.arena);
    check.snapshot = store_snapshot_begin(store);
    cursor = store_cursor_open(store, check.snapshot, STORE_DATA, all, true);
    while ((err = store_cursor_next(cursor, &key, &value)) == OK) {
        if (key.size >= KEY_PREFIX_BYTES && bytes_get_u32(key.data) != check.table_id) {
            end_table(&check);
            begin_table(&check, bytes_get_u32(key.data));
        }
        check_row(&check, key, value);
    }
    end_table(&check);
    store_cursor_close(&cursor);
    if (err == ERR_ABSENT) {
        err = check_journal(&check);
        err = err == OK ? ERR_ABSENT : err;
    }
    store_snapshot_end(store, &check.snapshot);
    arena_fini(&check.arena);
    if (err != ERR_ABSENT)
        return err;
    return report->faults == 0 ? OK : ERR_CORRUPT;
}

static void begin_table(struct check *check, uint32_t table_id)
{
    struct table_definition definition;
    struct bytes record;

    check->table_id = table_id;
    check->items = check->bytes = 0;
    if (table_id == 0)
        return; /* the server's own records */
    if (store_get(catalog_store(check->catalog), check->snapshot, STORE_DATA,
                  table_record_key(table_id, &check->arena), true, &check->arena, &record) != OK ||
        table_record_read(record, &check->arena, &definition) != OK) {
        check_found(check, "rows of a table that the catalog does not have", BYTES(""));
        return;
    }
    check->table = table_create(&definition, NULL);
    check_indexes_begin(check);
}

/* What it has at the moment says nothing. */
static bool is_loose(const struct table *table)
{
    return table->definition.status == TABLE_DELETING || table_is_filling(&table->definition);
}

static void end_table(struct check *check)
{
    struct store_count count;

    if (check->table == NULL)
        return;
    if (!is_loose(check->table)) {
        if (store_count(catalog_store(check->catalog),
                        table_count_key(check->table_id, 0, &check->arena), &count) != OK)
            check_found(check, "the counter cannot be read", BYTES(""));
        else if (count.items != check->items || count.bytes != check->bytes)
            check_found(check, "the counter does not equal the items", BYTES(""));
        check_indexes_end(check);
    }
    check->report->items += check->items;
    check->report->bytes += check->bytes;
    table_release(&check->table);
    arena_reset(&check->arena);
}

static void check_row(struct check *check, struct bytes key, struct bytes value)
{
    struct arena_mark mark = arena_mark(&check->arena);

    if (key.size < KEY_PREFIX_BYTES)
        check_found(check, "a key that is too short", key);
    else if (check->table_id == 0)
        check_server_record(check, key, value);
    else if (check->table == NULL || is_loose(check->table))
        ; /* already told, or going, or on their way in */
    else if (key.data[4] == KEY_SPACE_ITEM)
        check_item(check, key, value);
    else if (key.data[4] == KEY_SPACE_LOCAL || key.data[4] == KEY_SPACE_GLOBAL)
        check_indexes_entry(check, key, value);
    else if (key.data[4] == KEY_SPACE_TTL)
        check_indexes_expiry(check, key);
    else if (key.data[4] == KEY_SPACE_COUNT)
        check_indexes_count(check, key, value);
    else if (key.data[4] == KEY_SPACE_META)
        check_indexes_record(check, key);
    else
        check_found(check, "a row of a kind that this version does not write", key);
    arena_release(&check->arena, mark);
}

/* The catalog's, by which tables are counted, and tokens'; the others were read when the store was
 * opened. */
static void check_server_record(struct check *check, struct bytes key, struct bytes value)
{
    struct store_range records = table_records_range(&check->arena);
    struct table_definition definition;
    struct table_token token;

    if (table_token_is_key(key) && table_token_read(value, &token) != OK)
        check_found(check, "a damaged token record", key);
    if (stream_check_record(key, value, &check->arena) != OK)
        check_found(check, "a damaged record of a stream", key);
    if (bytes_compare(key, records.from) < 0 || bytes_compare(key, records.to) >= 0)
        return;
    if (table_record_read(value, &check->arena, &definition) != OK)
        check_found(check, "a damaged record of a table", key);
    else if (definition.status != TABLE_DELETING)
        check->report->tables++;
}

static void check_item(struct check *check, struct bytes key, struct bytes value)
{
    const struct key_schema *schema = &check->table->definition.schema;
    struct fault fault;
    struct item item;

    fault_init(&fault, &check->arena);
    if (item_check(value) != OK || item_open(value, &item) != OK) {
        check_found(check, "a damaged item", key);
        return;
    }
    check->items++;
    check->bytes += item.size_bytes;
    if (item.size_bytes != value_item_size_bytes(item.attributes))
        check_found(check, "an item with a wrong size in its header", key);
    if (key_check_item(schema, item.attributes, &fault) != OK)
        check_found(check, "an item whose key attributes do not fit the schema", key);
    else if (!bytes_equal(key,
                          key_of_item(schema, check->table_id, catalog_hash_key(check->catalog),
                                      item.attributes, &check->arena)))
        check_found(check, "an item in the wrong place", key);
    else
        check_indexes_item(check, key, item.attributes, item.version);
}
