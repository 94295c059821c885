/* recovery_check.c - a walk over a table's changes in the order of commits, one over its items. */
#include "backup/recovery_check.h"

#include "backup/archive.h"
#include "base/mem.h"
#include "item/item.h"
#include "table/catalog.h"
#include "table/journal_cursor.h"
#include "table/recovery.h"
#include "table/table_keys.h"

#include <inttypes.h>
#include <stdlib.h>

#define CAPACITY_MIN 1024 /* a power of two */
#define NO_ITEM      0

/* What the last change of an item left; hashes. */
struct state {
    uint64_t key;   /* 0: the place is free */
    uint64_t image; /* NO_ITEM: nothing */
    bool seen;      /* among the items */
};

struct check {
    struct catalog *catalog;
    const char *dir;
    recovery_check_fn *fault_found;
    void *ctx;
    struct recovery_check_report *report;
    const struct table_definition *table;
    struct arena arena; /* of one step */
    struct state *states;
    size_t count, capacity;
};

static enum err check_table(struct check *check);
static enum err walk_archive(struct check *check, uint64_t *next);
static enum err walk_journal(struct check *check, uint64_t from);
static enum err walk_items(struct check *check);
static enum err add_change(void *ctx, struct journal_place place, struct bytes stored);

enum err recovery_check(struct catalog *catalog, const char *archive_dir,
                        recovery_check_fn *fault_found, void *ctx,
                        struct recovery_check_report *report)
{
    struct check check = {
        .catalog = catalog,
        .dir = archive_dir,
        .fault_found = fault_found,
        .ctx = ctx,
        .report = report,
    };
    struct arena arena;
    struct store_cursor *cursor;
    struct bytes key, value;
    enum err err = OK;

    *report = (struct recovery_check_report){0};
    arena_init(&arena);
    arena_init(&check.arena);
    cursor = store_cursor_open(catalog_store(catalog), NULL, STORE_DATA,
                               table_records_range(&arena), true);
    while (err == OK && (err = store_cursor_next(cursor, &key, &value)) == OK) {
        struct arena_mark mark = arena_mark(&arena);
        struct table_definition table;

        if (table_record_read(value, &arena, &table) == OK && recovery_is_on(&table)) {
            check.table = &table;
            err = check_table(&check);
        }
        arena_release(&arena, mark);
    }
    store_cursor_close(&cursor);
    arena_fini(&check.arena);
    arena_fini(&arena);
    if (err != OK && err != ERR_ABSENT)
        return err;
    return report->faults != 0 ? ERR_CORRUPT : OK;
}

static void found(struct check *check, const char *text, uint64_t version)
{
    struct bytes line =
        arena_format(&check->arena, "recovery: table %.*s: %s, at version %016" PRIx64,
                     BYTES_ARGS(check->table->name), text, version);

    check->report->faults++;
    check->fault_found(check->ctx, (const char *)line.data);
}

static enum err check_table(struct check *check)
{
    uint64_t next = check->table->recovery.from_ms << 16;
    enum err err;

    check->report->tables++;
    check->count = 0;
    check->capacity = CAPACITY_MIN;
    check->states = mem_zalloc(check->capacity * sizeof(check->states[0]));
    err = walk_archive(check, &next);
    if (err == OK)
        err = walk_journal(check, next);
    if (err == OK)
        err = walk_items(check);
    free(check->states);
    arena_reset(&check->arena);
    return err == ERR_CORRUPT || err == ERR_NEWER_FORMAT ? OK : err; /* told by others */
}

/* --- states ---------------------------------------------------------------------------------- */

static uint64_t hash_of(const struct check *check, struct bytes bytes)
{
    return siphash(catalog_hash_key(check->catalog), bytes) | 1; /* never 0 */
}

static struct state *find(const struct check *check, uint64_t key)
{
    size_t at = (size_t)(key >> 1) & (check->capacity - 1);

    while (check->states[at].key != 0 && check->states[at].key != key)
        at = (at + 1) & (check->capacity - 1);
    return &check->states[at];
}

static void grow(struct check *check)
{
    struct state *old = check->states;
    size_t old_capacity = check->capacity;

    check->capacity *= 2;
    check->states = mem_zalloc(check->capacity * sizeof(check->states[0]));
    for (size_t i = 0; i < old_capacity; i++)
        if (old[i].key != 0)
            *find(check, old[i].key) = old[i];
    free(old);
}

/* --- changes --------------------------------------------------------------------------------- */

/* *next: where the journal goes on. */
static enum err walk_archive(struct check *check, uint64_t *next)
{
    struct archive_segment *segments;
    struct arena arena;
    struct fault fault;
    unsigned count;
    enum err err;

    arena_init(&arena);
    fault_init(&fault, &arena);
    err = archive_list(check->dir, check->table->id, &arena, &segments, &count);
    if (err == OK && count > 0) {
        uint64_t first = segments[0].from > *next ? segments[0].from : *next;

        err = archive_read(check->dir, check->table->id, first - 1, UINT64_MAX, add_change, check,
                           &fault);
        if (segments[count - 1].to > *next)
            *next = segments[count - 1].to;
    }
    arena_fini(&arena);
    return err;
}

static enum err walk_journal(struct check *check, uint64_t from)
{
    struct journal_span span = {
        .table_id = check->table->id,
        .lanes = TABLE_JOURNAL_ALL_LANES,
        .from = {.version = from},
        .to = UINT64_MAX,
    };
    struct journal_cursor *cursor =
        journal_cursor_open(catalog_store(check->catalog), NULL, &span, true);
    struct journal_row row;
    enum err err;

    while ((err = journal_cursor_next(cursor, &row)) == OK) {
        err = add_change(check, row.place, row.stored);
        if (err != OK)
            break;
    }
    journal_cursor_close(&cursor);
    return err == ERR_ABSENT ? OK : err;
}

static enum err add_change(void *ctx, struct journal_place place, struct bytes stored)
{
    struct check *check = ctx;
    const struct table_definition *d = check->table;
    struct journal_record record;
    struct state *state;
    uint64_t key, before;
    struct fault fault;
    enum err err = journal_record_open(stored, &record);

    if (err != OK || record.kind == JOURNAL_SETTINGS)
        return err;
    check->report->changes++;
    arena_reset(&check->arena);
    fault_init(&fault, &check->arena);
    if (key_check_key(&d->schema, record.keys, &fault) != OK)
        return ERR_CORRUPT;
    if (!journal_record_is_whole(&record)) {
        found(check, "a change without both of its images", place.version);
        return OK;
    }
    key = hash_of(check, key_of_item(&d->schema, d->id, catalog_hash_key(check->catalog),
                                     record.keys, &check->arena));
    before = record.flags & JOURNAL_HAS_OLD ? hash_of(check, record.old.payload) : NO_ITEM;
    state = find(check, key);
    if (state->key != 0 && state->image != before)
        found(check, "a change does not begin from what the one before it left", place.version);
    if (state->key == 0 && check->count == RECOVERY_CHECK_ITEMS_MAX)
        return OK;
    if (state->key == 0 && ++check->count * 2 > check->capacity) {
        grow(check);
        state = find(check, key);
    }
    *state = (struct state){
        .key = key,
        .image = record.flags & JOURNAL_HAS_NEW ? hash_of(check, record.new.payload) : NO_ITEM,
    };
    return OK;
}

/* --- items ----------------------------------------------------------------------------------- */

static enum err walk_items(struct check *check)
{
    struct arena arena;
    struct store_cursor *cursor;
    struct bytes key, value;
    struct item item;
    enum err err;

    arena_init(&arena);
    cursor = store_cursor_open(catalog_store(check->catalog), NULL, STORE_DATA,
                               table_items_range(check->table->id, &arena), true);
    while ((err = store_cursor_next(cursor, &key, &value)) == OK) {
        struct state *state = find(check, hash_of(check, key));

        if (state->key == 0 || item_open(value, &item) != OK)
            continue;
        state->seen = true;
        if (state->image != hash_of(check, item.attributes.payload))
            found(check, "an item is not what its last change left", item.version);
        arena_reset(&check->arena);
    }
    store_cursor_close(&cursor);
    arena_fini(&arena);
    if (err != ERR_ABSENT)
        return err;
    for (size_t i = 0; i < check->capacity; i++)
        if (check->states[i].key != 0 && check->states[i].image != NO_ITEM &&
            !check->states[i].seen)
            found(check, "an item is gone that its last change left", 0);
    return OK;
}
