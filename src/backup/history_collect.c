/* history_collect.c - the changes between two versions, from the archive and from the journal. */
#include "backup/archive.h"
#include "backup/history_priv.h"
#include "base/log.h"
#include "table/catalog.h"
#include "table/journal_cursor.h"
#include "table/recovery.h"
#include "table/table_keys.h"

#define STOPPING_EVERY 100 /* changes */

static enum err collect_archive(struct history_collector *collector);
static enum err collect_journal(struct history_collector *collector);
static enum err check_kept(struct history_collector *collector);
static enum err add_record(struct history_collector *collector, struct journal_place place,
                           struct bytes stored);

/* The snapshot is older than the look into the archive: a change that was moved meanwhile is in
 * both, and the same twice. */
enum err history_collect(struct history_collector *c)
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

static enum err collect_archive(struct history_collector *c)
{
    struct arena arena;
    struct fault fault;
    enum err err;

    if (c->source->archive == NULL)
        return OK;
    arena_init(&arena);
    fault_init(&fault, &arena);
    err = archive_read(c->source->archive, c->table->id, c->after, c->to, add_archived, c, &fault);
    if (err_is_failure(err))
        LOG(WARN, "cannot read the archive of a table's changes",
            log_bytes("table", c->table->name), log_string("error", err_name(err)),
            log_bytes("why", fault.message));
    arena_fini(&arena);
    return err;
}

static enum err collect_journal(struct history_collector *c)
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
static enum err check_kept(struct history_collector *c)
{
    struct table_definition now;
    enum err err;

    arena_reset(&c->arena);
    err = history_definition_now(c->source, c->table->id, &c->arena, &now);
    if (err == OK && now.recovery.from_ms << 16 > c->needed + 1)
        err = ERR_ABSENT;
    return err;
}

enum err history_definition_now(const struct history_source *source, uint32_t table_id,
                                struct arena *arena, struct table_definition *definition)
{
    struct bytes record;
    enum err err = store_get(catalog_store(source->catalog), NULL, STORE_DATA,
                             table_record_key(table_id, arena), true, arena, &record);

    if (err == OK)
        err = table_record_read(record, arena, definition);
    if (err != OK)
        return err;
    if (definition->recovery.period_days == 0 ||
        (definition->status == TABLE_DELETING &&
         !recovery_keeps_changes_of(source->catalog, definition)))
        return ERR_ABSENT;
    return OK;
}

static enum err add_record(struct history_collector *c, struct journal_place place,
                           struct bytes stored)
{
    const struct key_schema *schema = &c->table->schema;
    struct overlay_entry entry = {.first = place, .last = place};
    struct journal_record record;
    struct fault fault;
    enum err err;

    if (c->seen++ % STOPPING_EVERY == 0) {
        if (c->stopping != NULL && c->stopping(c->ctx))
            return ERR_CANCELLED;
        if (store_waits_for_readers(catalog_store(c->source->catalog)))
            return ERR_BUSY;
    }
    err = journal_record_open(stored, &record);
    if (err != OK || record.kind == JOURNAL_SETTINGS)
        return err;
    arena_reset(&c->arena);
    fault_init(&fault, &c->arena);
    if (!journal_record_is_whole(&record) || key_check_key(schema, record.keys, &fault) != OK)
        return ERR_CORRUPT;
    entry.key = key_of_item(schema, c->table->id, catalog_hash_key(c->source->catalog), record.keys,
                            &c->arena);
    if (c->images != HISTORY_NEW) {
        entry.existed = (record.flags & JOURNAL_HAS_OLD) != 0;
        entry.old = record.old.payload;
    }
    if (c->images != HISTORY_OLD) {
        entry.exists = (record.flags & JOURNAL_HAS_NEW) != 0;
        entry.new = record.new.payload;
    }
    return overlay_add(c->overlay, &entry);
}
