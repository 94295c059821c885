/* archive_write.c - segments written and removed. */
#include "backup/archive_write.h"

#include "backup/block_file.h"
#include "base/file.h"
#include "table/journal_cursor.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

static enum err write_rows(const struct archive_write *write, struct arena *arena,
                           struct fault *fault, struct block_writer **writer, uint64_t *to);
static enum err write_items(const struct history_source *source,
                            const struct table_definition *table, uint64_t at,
                            const _Atomic bool *stopping, struct block_writer *writer,
                            struct fault *fault);
static enum err begin_file(const char *dir, uint32_t table_id, const char *kind, uint64_t at,
                           struct arena *arena, struct fault *fault, struct block_writer **writer);
static enum err publish(const char *dir, uint32_t table_id, const char *path, struct arena *arena,
                        struct fault *fault);

enum err archive_make_dir(const char *path, struct fault *fault)
{
    enum err err = file_make_folder(path);

    return err == OK ? OK : fault_set(fault, err, "cannot make %s: %s", path, strerror(errno));
}

enum err archive_write_segment(const struct archive_write *write, struct fault *fault, uint64_t *to)
{
    struct block_writer *writer = NULL;
    struct block_file_totals totals;
    uint64_t end = write->bound;
    struct arena arena;
    enum err err;

    arena_init(&arena);
    err = write_rows(write, &arena, fault, &writer, &end);
    if (err == OK)
        err = block_writer_finish(&writer, fault, &totals);
    else
        block_writer_abandon(&writer);
    if (err == OK) {
        struct archive_segment segment = {.from = write->from, .to = end};

        err = publish(write->dir, write->table_id,
                      archive_path(write->dir, write->table_id, &segment, &arena), &arena, fault);
    }
    if (err == OK)
        *to = end;
    arena_fini(&arena);
    return err;
}

/* ERR_ABSENT: there are none, and no writer. */
static enum err write_rows(const struct archive_write *write, struct arena *arena,
                           struct fault *fault, struct block_writer **writer, uint64_t *to)
{
    struct journal_span span = {
        .table_id = write->table_id,
        .lanes = TABLE_JOURNAL_ALL_LANES,
        .from = {.version = write->from},
        .to = write->bound,
    };
    struct journal_cursor *cursor = journal_cursor_open(write->store, NULL, &span, true);
    uint64_t version = 0;
    size_t bytes = 0;
    struct journal_row row;
    enum err err;

    while ((err = journal_cursor_next(cursor, &row)) == OK) {
        uint8_t key[ARCHIVE_KEY_BYTES];

        if (bytes >= write->bytes_max && row.place.version != version) {
            *to = row.place.version;
            err = ERR_ABSENT;
        } else if (*write->stopping) {
            err = ERR_CANCELLED;
        } else if (store_waits_for_readers(write->store)) {
            err = ERR_BUSY;
        } else if (*writer == NULL) {
            err = begin_file(write->dir, write->table_id, ARCHIVE_KIND, write->from, arena, fault,
                             writer);
        }
        if (err != OK)
            break;
        archive_key(row.place, key);
        err = block_writer_add(*writer, bytes_make(key, sizeof(key)), row.stored, fault);
        if (err != OK)
            break;
        version = row.place.version;
        bytes += row.stored.size;
    }
    journal_cursor_close(&cursor);
    return err == ERR_ABSENT && *writer != NULL ? OK : err;
}

static enum err begin_file(const char *dir, uint32_t table_id, const char *kind, uint64_t at,
                           struct arena *arena, struct fault *fault, struct block_writer **writer)
{
    struct bytes about =
        arena_format(arena, "{\"tableId\":%" PRIu32 ",\"from\":\"%016" PRIx64 "\"}", table_id, at);
    enum err err = archive_make_dir(archive_table_path(dir, table_id, arena), fault);

    if (err != OK)
        return err;
    return block_writer_open(archive_next_path(dir, table_id, arena), kind, about, fault, writer);
}

/* It is durable under another name; from now on it is there. */
static enum err publish(const char *dir, uint32_t table_id, const char *path, struct arena *arena,
                        struct fault *fault)
{
    const char *next = archive_next_path(dir, table_id, arena);
    enum err err;

    if (rename(next, path) != 0)
        return fault_set(fault, ERR_IO, "cannot rename %s to %s: %s", next, path, strerror(errno));
    path = archive_table_path(dir, table_id, arena);
    err = file_sync_folder(path);
    return err == OK ? OK : fault_set(fault, err, "cannot sync %s: %s", path, strerror(errno));
}

/* --- bases ----------------------------------------------------------------------------------- */

enum err archive_write_base(const struct history_source *source,
                            const struct table_definition *table, uint64_t at,
                            const _Atomic bool *stopping, struct fault *fault)
{
    struct block_writer *writer = NULL;
    struct block_file_totals totals;
    struct arena arena;
    enum err err;

    arena_init(&arena);
    err = begin_file(source->archive, table->id, ARCHIVE_BASE_KIND, at, &arena, fault, &writer);
    if (err == OK)
        err = write_items(source, table, at, stopping, writer, fault);
    if (err == OK)
        err = block_writer_finish(&writer, fault, &totals);
    else
        block_writer_abandon(&writer);
    if (err == OK)
        err = publish(source->archive, table->id,
                      archive_base_path(source->archive, table->id, at, &arena), &arena, fault);
    arena_fini(&arena);
    return err;
}

static bool is_stopping(void *ctx)
{
    const _Atomic bool *stopping = ctx;

    return *stopping;
}

static enum err write_items(const struct history_source *source,
                            const struct table_definition *table, uint64_t at,
                            const _Atomic bool *stopping, struct block_writer *writer,
                            struct fault *fault)
{
    struct history *history;
    struct bytes key, stored;
    enum err err =
        history_open(source, table, at - 1, is_stopping, (void *)(uintptr_t)stopping, &history);

    if (err != OK)
        return err;
    while ((err = history_next(history, &key, &stored)) == OK) {
        err = *stopping ? ERR_CANCELLED : block_writer_add(writer, key, stored, fault);
        if (err != OK)
            break;
    }
    history_close(&history);
    return err == ERR_ABSENT ? OK : err;
}

enum err archive_remove_bases(const char *dir, uint32_t table_id, uint64_t at, struct fault *fault)
{
    struct archive_base *bases;
    struct arena arena;
    unsigned count;
    enum err err;

    arena_init(&arena);
    err = archive_bases(dir, table_id, &arena, &bases, &count);
    for (unsigned i = 0; err == OK && i < count && bases[i].at < at; i++) {
        const char *path = archive_base_path(dir, table_id, bases[i].at, &arena);

        if (unlink(path) != 0 && errno != ENOENT)
            err = fault_set(fault, ERR_IO, "cannot remove %s: %s", path, strerror(errno));
    }
    arena_fini(&arena);
    return err;
}

/* --- the end --------------------------------------------------------------------------------- */

enum err archive_remove_segment(const char *dir, uint32_t table_id,
                                const struct archive_segment *segment, struct fault *fault)
{
    struct arena arena;
    const char *path;
    enum err err = OK;

    arena_init(&arena);
    path = archive_path(dir, table_id, segment, &arena);
    if (unlink(path) != 0 && errno != ENOENT)
        err = fault_set(fault, ERR_IO, "cannot remove %s: %s", path, strerror(errno));
    arena_fini(&arena);
    return err;
}

enum err archive_remove_table(const char *dir, uint32_t table_id, struct fault *fault)
{
    struct arena arena;
    enum err err = OK;
    const char *path;

    arena_init(&arena);
    path = archive_table_path(dir, table_id, &arena);
    file_remove_files(path);
    if (rmdir(path) != 0 && errno != ENOENT)
        err = fault_set(fault, ERR_IO, "cannot remove %s: %s", path, strerror(errno));
    arena_fini(&arena);
    return err;
}
