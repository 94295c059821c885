/* archive_write.c - segments written and removed. */
#include "backup/archive_write.h"

#include "backup/block_file.h"
#include "table/journal_cursor.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static enum err write_rows(const struct archive_write *write, struct arena *arena,
                           struct fault *fault, struct block_writer **writer, uint64_t *to);
static enum err open_writer(const struct archive_write *write, struct arena *arena,
                            struct fault *fault, struct block_writer **writer);
static enum err publish(const struct archive_write *write, uint64_t to, struct arena *arena,
                        struct fault *fault);
static enum err sync_dir(const char *path, struct fault *fault);

enum err archive_make_dir(const char *path, struct fault *fault)
{
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return fault_set(fault, errno == ENOSPC ? ERR_NO_SPACE : ERR_IO, "cannot make %s: %s", path,
                         strerror(errno));
    return OK;
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
    if (err == OK)
        err = publish(write, end, &arena, fault);
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
        } else if (*writer == NULL) {
            err = open_writer(write, arena, fault, writer);
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

static enum err open_writer(const struct archive_write *write, struct arena *arena,
                            struct fault *fault, struct block_writer **writer)
{
    struct bytes about =
        arena_format(arena, "{\"tableId\":%" PRIu32 ",\"from\":\"%016" PRIx64 "\"}",
                     write->table_id, write->from);
    enum err err = archive_make_dir(archive_table_path(write->dir, write->table_id, arena), fault);

    if (err == OK)
        err = sync_dir(write->dir, fault);
    if (err != OK)
        return err;
    return block_writer_open(archive_next_path(write->dir, write->table_id, arena), ARCHIVE_KIND,
                             about, fault, writer);
}

/* It is durable under another name; from now on it is there. */
static enum err publish(const struct archive_write *write, uint64_t to, struct arena *arena,
                        struct fault *fault)
{
    struct archive_segment segment = {.from = write->from, .to = to};
    const char *next = archive_next_path(write->dir, write->table_id, arena);
    const char *path = archive_path(write->dir, write->table_id, &segment, arena);

    if (rename(next, path) != 0)
        return fault_set(fault, ERR_IO, "cannot rename %s to %s: %s", next, path, strerror(errno));
    return sync_dir(archive_table_path(write->dir, write->table_id, arena), fault);
}

static enum err sync_dir(const char *path, struct fault *fault)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum err err = OK;

    if (fd < 0 || fsync(fd) != 0)
        err = fault_set(fault, ERR_IO, "cannot sync %s: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return err;
}

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
    const struct dirent *entry;
    struct arena arena;
    enum err err = OK;
    const char *path;
    DIR *open;

    arena_init(&arena);
    path = archive_table_path(dir, table_id, &arena);
    open = opendir(path);
    while (open != NULL && (entry = readdir(open)) != NULL)
        if (entry->d_name[0] != '.')
            unlinkat(dirfd(open), entry->d_name, 0);
    if (open != NULL)
        closedir(open);
    if (rmdir(path) != 0 && errno != ENOENT)
        err = fault_set(fault, ERR_IO, "cannot remove %s: %s", path, strerror(errno));
    arena_fini(&arena);
    return err;
}
