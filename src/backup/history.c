/* history.c - what was there at a version, by the shorter of two ways.
 *   undo   the items as they are, and the old image of each one's first change after the version
 *   redo   a base at or before the version, and the new image of each one's last change since
 * Both merge rows in the order of storage keys with changes in that order. Where one way cannot be
 * read, the other is taken; also in the middle of a base, for both give the same items.
 */
#include "backup/archive.h"
#include "backup/block_file.h"
#include "backup/history_priv.h"
#include "base/log.h"
#include "base/mem.h"
#include "item/item.h"
#include "table/catalog.h"
#include "table/table_keys.h"

#include <stdlib.h>

struct history {
    struct store *store;
    struct store_snapshot *snapshot;
    struct overlay *overlay;
    struct store_cursor *cursor; /* undo: over the items as they are; or NULL */
    struct block_reader *base;   /* redo; or NULL */
    struct arena arena, step;
    struct fault fault;
    struct overlay_entry change; /* the next one */
    bool change_loaded, changes_ended;
    struct bytes row_key, row_stored; /* the next row */
    bool row_loaded, rows_ended;
    struct history_collector collector;
    struct buf behind; /* redo: the key of the last item, there at the version or not */
};

struct history_changes {
    const struct table_definition *table;
    struct overlay *overlay;
    struct arena step;
};

static enum err begin(struct history *history);
static enum err choose_base(const struct history_collector *collector, struct arena *arena,
                            uint64_t *at, bool *is_shorter);
static enum err begin_redo(struct history *history, uint64_t at);
static enum err begin_undo(struct history *history);
static void end_way(struct history *history);
static enum err go_on_undoing(struct history *history);
static enum err load(struct history *history);

/* --- the table at a version ------------------------------------------------------------------ */

enum err history_open(const struct history_source *source, const struct table_definition *table,
                      uint64_t version, history_stopping_fn *stopping, void *ctx,
                      struct history **history)
{
    struct history *h;
    enum err err;

    if (store_waits_for_readers(catalog_store(source->catalog)))
        return ERR_BUSY; /* rather than in the way of those that leave */
    h = mem_zalloc(sizeof(*h));
    h->collector = (struct history_collector){
        .source = source,
        .table = table,
        .needed = version,
        .stopping = stopping,
        .ctx = ctx,
    };
    h->store = catalog_store(source->catalog);
    h->snapshot = store_snapshot_begin(h->store);
    arena_init(&h->arena);
    arena_init(&h->step);
    fault_init(&h->fault, &h->arena);
    buf_init(&h->behind, SIZE_MAX);
    h->collector.snapshot = h->snapshot;
    err = begin(h);
    if (err != OK)
        history_close(&h);
    else
        *history = h;
    return err;
}

void history_close(struct history **history)
{
    struct history *h = *history;

    if (h == NULL)
        return;
    *history = NULL;
    end_way(h);
    buf_fini(&h->behind);
    store_snapshot_end(h->store, &h->snapshot);
    arena_fini(&h->arena);
    arena_fini(&h->step);
    free(h);
}

static void end_way(struct history *h)
{
    if (h->cursor != NULL)
        store_cursor_close(&h->cursor);
    if (h->base != NULL)
        block_reader_close(&h->base);
    overlay_destroy(&h->overlay);
}

static bool is_unreadable(enum err err)
{
    return err == ERR_CORRUPT || err == ERR_NEWER_FORMAT || err == ERR_IO;
}

static void log_other_way(const struct history *h, enum err err)
{
    LOG(ERROR,
        "what a table was cannot be read in the shortest way, and is read in another; check the "
        "archive of its changes",
        log_bytes("table", h->collector.table->name), log_string("error", err_name(err)),
        log_bytes("why", h->fault.message));
}

/* Of two ways that cannot be read: what may pass, if one of them has that. */
static enum err either_failure(enum err one, enum err other)
{
    return one == ERR_IO && (is_unreadable(other) || other == ERR_ABSENT) ? ERR_IO : other;
}

/* A base may be removed between the look and the reading. */
static enum err begin(struct history *h)
{
    bool redo;
    uint64_t at;
    enum err err = choose_base(&h->collector, &h->arena, &at, &redo);

    if (err == ERR_ABSENT)
        return begin_undo(h);
    if (err != OK)
        return err;
    err = redo ? begin_redo(h, at) : begin_undo(h);
    if (!is_unreadable(err) && !(redo && err == ERR_ABSENT))
        return err;
    if (err != ERR_ABSENT)
        log_other_way(h, err);
    end_way(h);
    return either_failure(err, redo ? begin_undo(h) : begin_redo(h, at));
}

/* The base to begin with, and whether that is shorter than from now back. ERR_ABSENT: there is
 * none. What both ways read is mostly files of the archive: their sizes are compared. */
static enum err choose_base(const struct history_collector *c, struct arena *arena, uint64_t *at,
                            bool *is_shorter)
{
    const char *dir = c->source->archive;
    const struct archive_base *base = NULL;
    struct archive_segment *segments;
    unsigned segment_count, base_count;
    struct archive_base *bases;
    struct table_definition now;
    uint64_t version = c->needed, first, redo, undo;
    enum err err;

    if (dir == NULL)
        return ERR_ABSENT;
    err = history_definition_now(c->source, c->table->id, arena, &now);
    if (err == OK)
        err = archive_list(dir, c->table->id, arena, &segments, &segment_count);
    if (err == OK)
        err = archive_bases(dir, c->table->id, arena, &bases, &base_count);
    if (err != OK)
        return err;
    first = now.recovery.from_ms << 16;
    if (segment_count > 0 && segments[0].from > first)
        first = segments[0].from;
    for (unsigned i = 0; i < base_count; i++)
        if (bases[i].at >= first && bases[i].at <= version)
            base = &bases[i];
    if (base == NULL)
        return ERR_ABSENT;
    redo = base->bytes;
    undo = bases[base_count - 1].bytes; /* about what the table takes now */
    for (unsigned i = 0; i < segment_count; i++) {
        if (segments[i].to > base->at && segments[i].from <= version)
            redo += segments[i].bytes;
        if (segments[i].to > version)
            undo += segments[i].bytes;
    }
    *at = base->at;
    *is_shorter = redo < undo;
    return OK;
}

static enum err begin_redo(struct history *h, uint64_t at)
{
    struct history_collector *c = &h->collector;
    enum err err =
        block_reader_open(archive_base_path(c->source->archive, c->table->id, at, &h->arena),
                          ARCHIVE_BASE_KIND, &h->fault, &h->base);

    if (err != OK)
        return err;
    c->after = at - 1;
    c->to = c->needed;
    c->images = HISTORY_NEW;
    err = history_collect(c);
    h->overlay = c->overlay;
    return err;
}

static enum err begin_undo(struct history *h)
{
    struct history_collector *c = &h->collector;
    struct store_range range = table_items_range(c->table->id, &h->arena);
    enum err err;

    c->after = c->needed;
    c->to = UINT64_MAX;
    c->images = HISTORY_OLD;
    err = history_collect(c);
    h->overlay = c->overlay;
    if (h->behind.size != 0) {
        buf_append_byte(&h->behind, 0); /* the next key */
        range.from = buf_bytes(&h->behind);
    }
    if (err == OK)
        h->cursor = store_cursor_open(h->store, h->snapshot, STORE_DATA, range, true);
    return err;
}

/* From behind the item that was last. */
static enum err go_on_undoing(struct history *h)
{
    struct bytes next;
    enum err err;

    end_way(h);
    h->row_loaded = h->rows_ended = h->change_loaded = h->changes_ended = false;
    err = begin_undo(h);
    if (err != OK) /* of which ERR_ABSENT would be an end: what it takes is no longer kept */
        return err == ERR_ABSENT ? ERR_CORRUPT : err;
    next = buf_bytes(&h->behind);
    while ((err = overlay_next(h->overlay, &h->change)) == OK)
        if (bytes_compare(h->change.key, next) >= 0)
            break;
    h->change_loaded = err == OK;
    h->changes_ended = err == ERR_ABSENT;
    return err == ERR_ABSENT ? OK : err;
}

static enum err next_row(struct history *h)
{
    enum err err;

    if (h->base == NULL)
        return store_cursor_next(h->cursor, &h->row_key, &h->row_stored);
    err = block_reader_next(h->base, &h->row_key, &h->row_stored, &h->fault);
    if (!is_unreadable(err))
        return err;
    log_other_way(h, err);
    err = either_failure(err, go_on_undoing(h));
    return err == OK ? store_cursor_next(h->cursor, &h->row_key, &h->row_stored) : err;
}

static void note_behind(struct history *h, struct bytes key)
{
    if (h->base == NULL)
        return;
    buf_reset(&h->behind, SIZE_MAX);
    buf_append_bytes(&h->behind, key);
}

/* Both fronts. What was given of one stayed until now. */
static enum err load(struct history *h)
{
    enum err err = OK;

    if (!h->row_loaded && !h->rows_ended) {
        err = next_row(h);
        h->row_loaded = err == OK;
        h->rows_ended = err == ERR_ABSENT;
        if (err != OK && err != ERR_ABSENT)
            return err;
    }
    if (!h->change_loaded && !h->changes_ended) {
        err = overlay_next(h->overlay, &h->change);
        h->change_loaded = err == OK;
        h->changes_ended = err == ERR_ABSENT;
        if (err != OK && err != ERR_ABSENT)
            return err;
    }
    return OK;
}

enum err history_next(struct history *h, struct bytes *key, struct bytes *stored)
{
    for (;;) {
        enum err err = store_waits_for_readers(h->store) ? ERR_BUSY : load(h);
        bool redo = h->base != NULL;
        int order;

        if (err != OK)
            return err;
        if (!h->row_loaded && !h->change_loaded)
            return ERR_ABSENT;
        order = !h->row_loaded      ? 1
                : !h->change_loaded ? -1
                                    : bytes_compare(h->row_key, h->change.key);
        note_behind(h, order <= 0 ? h->row_key : h->change.key);
        if (order < 0) {
            h->row_loaded = false;
            *key = h->row_key;
            *stored = h->row_stored;
            return OK;
        }
        if (order == 0)
            h->row_loaded = false; /* it was something else then, or nothing */
        h->change_loaded = false;
        if (!(redo ? h->change.exists : h->change.existed))
            continue;
        arena_reset(&h->step);
        *key = h->change.key;
        *stored = item_store(
            (struct value){.type = VALUE_M, .payload = redo ? h->change.new : h->change.old}, 0,
            &h->step);
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
    struct store_snapshot *snapshot;
    struct history_collector c = {
        .source = source,
        .table = table,
        .after = after,
        .to = to,
        .needed = after,
        .images = HISTORY_BOTH,
        .stopping = stopping,
        .ctx = ctx,
    };
    enum err err;

    snapshot = store_snapshot_begin(store);
    c.snapshot = snapshot;
    err = history_collect(&c);
    store_snapshot_end(store, &snapshot);
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
