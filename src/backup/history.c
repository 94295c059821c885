/* history.c - collecting changes, and merging what they undo with what there is. */
#include "backup/history.h"

#include "backup/archive.h"
#include "backup/overlay.h"
#include "base/log.h"
#include "base/mem.h"
#include "item/item.h"
#include "table/catalog.h"
#include "table/journal_cursor.h"
#include "table/recovery.h"
#include "table/table_keys.h"

#include <stdlib.h>

#define STOPPING_EVERY 100 /* changes */

/* Which changes are collected, and how. */
struct collector {
    const struct history_source *source;
    const struct table_definition *table;
    uint64_t after, to; /* versions: newer than `after`, up to `to` */
    bool only_old;      /* new images are not asked for */
    history_stopping_fn *stopping;
    void *ctx;
    struct store_snapshot *snapshot;
    struct overlay *overlay;
    struct arena arena; /* of one change */
    uint64_t seen;
};

struct history {
    struct store *store;
    struct store_snapshot *snapshot;
    struct overlay *overlay;
    struct store_cursor *cursor; /* of the items as they are */
    struct arena range, step;
    struct overlay_entry before; /* the next change undone */
    bool before_loaded, before_ended;
    struct bytes item_key, item_stored; /* the next item as it is */
    bool item_loaded, items_ended;
};

struct history_changes {
    const struct table_definition *table;
    struct overlay *overlay;
    struct arena step;
};

static enum err collect(struct collector *collector);
static enum err collect_archive(struct collector *collector);
static enum err collect_journal(struct collector *collector);
static enum err check_kept(struct collector *collector);
static enum err add_record(struct collector *collector, struct journal_place place,
                           struct bytes stored);

/* --- collecting ------------------------------------------------------------------------------ */

/* The snapshot is older than the look into the archive: a change that was moved meanwhile is in
 * both, and the same twice. */
static enum err collect(struct collector *c)
{
    enum err err;

    arena_init(&c->arena);
    c->overlay = overlay_create(c->source->scratch, c->source->memory_bytes_max != 0
                                                        ? c->source->memory_bytes_max
                                                        : HISTORY_MEMORY_BYTES);
    err = collect_archive(c);
    if (err == OK)
        err = collect_journal(c);
    if (err == OK)
        err = check_kept(c);
    if (err == OK)
        err = overlay_finish(c->overlay);
    if (err != OK)
        overlay_destroy(&c->overlay);
    arena_fini(&c->arena);
    return err;
}

static enum err add_archived(void *ctx, struct journal_place place, struct bytes stored)
{
    return add_record(ctx, place, stored);
}

static enum err collect_archive(struct collector *c)
{
    struct arena arena;
    struct fault fault;
    enum err err;

    if (c->source->archive == NULL)
        return OK;
    arena_init(&arena);
    fault_init(&fault, &arena);
    err = archive_read(c->source->archive, c->table->id, c->after, c->to, add_archived, c, &fault);
    if (err != OK && err != ERR_CANCELLED)
        LOG(WARN, "cannot read the archive of a table's changes",
            log_bytes("table", c->table->name), log_string("error", err_name(err)),
            log_bytes("why", fault.message));
    arena_fini(&arena);
    return err;
}

static enum err collect_journal(struct collector *c)
{
    struct journal_span span = {
        .table_id = c->table->id,
        .lanes = TABLE_JOURNAL_ALL_LANES,
        .from = {.version = c->after + 1},
        .to = c->to == UINT64_MAX ? UINT64_MAX : c->to + 1,
    };
    struct journal_cursor *cursor =
        journal_cursor_open(catalog_store(c->source->catalog), c->snapshot, &span, true);
    struct journal_row row;
    enum err err;

    while ((err = journal_cursor_next(cursor, &row)) == OK) {
        err = add_record(c, row.place, row.stored);
        if (err != OK)
            break;
    }
    journal_cursor_close(&cursor);
    return err == ERR_ABSENT ? OK : err;
}

/* Recovery may have been turned off while the work waited or read, even on again, or what is kept
 * may have become less. All of that is told before anything is removed (archiver.h): what is
 * allowed now was there. */
static enum err check_kept(struct collector *c)
{
    struct table_definition now;
    struct bytes record;
    enum err err;

    arena_reset(&c->arena);
    err = store_get(catalog_store(c->source->catalog), NULL, STORE_DATA,
                    table_record_key(c->table->id, &c->arena), true, &c->arena, &record);
    if (err == OK)
        err = table_record_read(record, &c->arena, &now);
    if (err == OK && (!recovery_is_on(&now) || now.recovery.from_ms << 16 > c->after + 1))
        err = ERR_ABSENT;
    return err;
}

static enum err add_record(struct collector *c, struct journal_place place, struct bytes stored)
{
    const struct key_schema *schema = &c->table->schema;
    struct overlay_entry entry = {.first = place, .last = place};
    struct journal_record record;
    struct fault fault;
    enum err err;

    if (c->seen++ % STOPPING_EVERY == 0 && c->stopping != NULL && c->stopping(c->ctx))
        return ERR_CANCELLED;
    err = journal_record_open(stored, &record);
    if (err != OK || record.kind == JOURNAL_SETTINGS)
        return err;
    arena_reset(&c->arena);
    fault_init(&fault, &c->arena);
    if (!journal_record_is_whole(&record) || key_check_key(schema, record.keys, &fault) != OK)
        return ERR_CORRUPT;
    entry.key = key_of_item(schema, c->table->id, catalog_hash_key(c->source->catalog), record.keys,
                            &c->arena);
    entry.existed = (record.flags & JOURNAL_HAS_OLD) != 0;
    entry.old = record.old.payload;
    if (!c->only_old) {
        entry.exists = (record.flags & JOURNAL_HAS_NEW) != 0;
        entry.new = record.new.payload;
    }
    return overlay_add(c->overlay, &entry);
}

/* --- the table at a version ------------------------------------------------------------------ */

enum err history_open(const struct history_source *source, const struct table_definition *table,
                      uint64_t version, history_stopping_fn *stopping, void *ctx,
                      struct history **history)
{
    struct history *h = mem_zalloc(sizeof(*h));
    struct collector c = {
        .source = source,
        .table = table,
        .after = version,
        .to = UINT64_MAX,
        .only_old = true,
        .stopping = stopping,
        .ctx = ctx,
    };
    enum err err;

    h->store = catalog_store(source->catalog);
    h->snapshot = store_snapshot_begin(h->store);
    arena_init(&h->range);
    arena_init(&h->step);
    c.snapshot = h->snapshot;
    err = collect(&c);
    if (err != OK) {
        history_close(&h);
        return err;
    }
    h->overlay = c.overlay;
    h->cursor = store_cursor_open(h->store, h->snapshot, STORE_DATA,
                                  table_items_range(table->id, &h->range), true);
    *history = h;
    return OK;
}

void history_close(struct history **history)
{
    struct history *h = *history;

    if (h == NULL)
        return;
    *history = NULL;
    if (h->cursor != NULL)
        store_cursor_close(&h->cursor);
    overlay_destroy(&h->overlay);
    store_snapshot_end(h->store, &h->snapshot);
    arena_fini(&h->range);
    arena_fini(&h->step);
    free(h);
}

/* Both fronts. What was given of one stayed until now. */
static enum err load(struct history *h)
{
    enum err err = OK;

    if (!h->item_loaded && !h->items_ended) {
        err = store_cursor_next(h->cursor, &h->item_key, &h->item_stored);
        h->item_loaded = err == OK;
        h->items_ended = err == ERR_ABSENT;
        if (err != OK && err != ERR_ABSENT)
            return err;
    }
    if (!h->before_loaded && !h->before_ended) {
        err = overlay_next(h->overlay, &h->before);
        h->before_loaded = err == OK;
        h->before_ended = err == ERR_ABSENT;
        if (err != OK && err != ERR_ABSENT)
            return err;
    }
    return OK;
}

enum err history_next(struct history *h, struct bytes *key, struct bytes *stored)
{
    for (;;) {
        enum err err = load(h);
        int order;

        if (err != OK)
            return err;
        if (!h->item_loaded && !h->before_loaded)
            return ERR_ABSENT;
        order = !h->item_loaded     ? 1
                : !h->before_loaded ? -1
                                    : bytes_compare(h->item_key, h->before.key);
        if (order < 0) {
            h->item_loaded = false;
            *key = h->item_key;
            *stored = h->item_stored;
            return OK;
        }
        if (order == 0)
            h->item_loaded = false; /* it was something else then, or nothing */
        h->before_loaded = false;
        if (!h->before.existed)
            continue;
        arena_reset(&h->step);
        *key = h->before.key;
        *stored =
            item_store((struct value){.type = VALUE_M, .payload = h->before.old}, 0, &h->step);
        return OK;
    }
}

/* --- what changed in a window ---------------------------------------------------------------- */

enum err history_changes_open(const struct history_source *source,
                              const struct table_definition *table, uint64_t after, uint64_t to,
                              history_stopping_fn *stopping, void *ctx,
                              struct history_changes **changes)
{
    struct store *store = catalog_store(source->catalog);
    struct history_changes *opened;
    struct collector c = {
        .source = source,
        .table = table,
        .after = after,
        .to = to,
        .stopping = stopping,
        .ctx = ctx,
    };
    enum err err;

    c.snapshot = store_snapshot_begin(store);
    err = collect(&c);
    store_snapshot_end(store, &c.snapshot);
    if (err != OK)
        return err;
    opened = mem_zalloc(sizeof(*opened));
    opened->table = table;
    opened->overlay = c.overlay;
    arena_init(&opened->step);
    *changes = opened;
    return OK;
}

enum err history_changes_next(struct history_changes *changes, struct history_change *change)
{
    struct overlay_entry entry;
    enum err err;

    do
        err = overlay_next(changes->overlay, &entry);
    while (err == OK && !entry.existed && !entry.exists);
    if (err != OK)
        return err;
    arena_reset(&changes->step);
    *change = (struct history_change){
        .key = entry.key,
        .version = entry.last.version,
        .existed = entry.existed,
        .exists = entry.exists,
        .old = {.type = VALUE_M, .payload = entry.old},
        .new = {.type = VALUE_M, .payload = entry.new},
    };
    change->keys = key_attributes_of(&changes->table->schema,
                                     entry.exists ? change->new : change->old, &changes->step);
    return OK;
}

void history_changes_close(struct history_changes **changes)
{
    struct history_changes *c = *changes;

    if (c == NULL)
        return;
    *changes = NULL;
    overlay_destroy(&c->overlay);
    arena_fini(&c->step);
    free(c);
}
