/* backup_check.c - backups' files, row by row, and their number against the records'. */
#include "backup/backup_check.h"

#include "backup/backup.h"
#include "backup/block_file.h"
#include "item/item.h"
#include "table/table_keys.h"

struct check {
    const char *folder;
    backup_check_fn *fault_found;
    void *ctx;
    struct backup_check_report *report;
};

static void found(struct check *check, const char *text)
{
    check->report->faults++;
    check->fault_found(check->ctx, text);
}

/* Whether a row is one of this table's items. */
static bool is_item(struct bytes key, struct bytes value, struct store_range items)
{
    return bytes_compare(key, items.from) >= 0 && bytes_compare(key, items.to) < 0 &&
           item_check(value) == OK;
}

/* What the rows are. The fault has a text when it is not OK. */
static enum err count_rows(struct block_reader *reader, const char *path, struct store_count *count,
                           struct fault *fault)
{
    struct bytes key, value;
    struct store_range items;
    struct backup backup;
    struct item item;
    enum err err = backup_read(block_reader_about(reader), fault->arena, &backup);

    if (err != OK)
        return fault_set(fault, err, "%s is damaged: its description cannot be read", path);
    items = table_items_range(backup.table.id, fault->arena);
    *count = (struct store_count){0};
    while ((err = block_reader_next(reader, &key, &value, fault)) == OK) {
        if (!is_item(key, value, items) || item_open(value, &item) != OK)
            return fault_set(fault, ERR_CORRUPT, "%s is damaged: its row %llu is no item", path,
                             (unsigned long long)count->items);
        count->items++;
        count->bytes += item.size_bytes;
    }
    return err == ERR_ABSENT ? OK : err;
}

static enum err check_path(struct check *check, const char *path, const struct store_count *wanted)
{
    struct block_reader *reader = NULL;
    struct store_count count;
    struct fault fault;
    struct arena arena;
    enum err err;

    arena_init(&arena);
    fault_init(&fault, &arena);
    err = block_reader_open(path, BACKUP_FILE_KIND, &fault, &reader);
    if (err == OK)
        err = count_rows(reader, path, &count, &fault);
    block_reader_close(&reader);
    if (err == OK && wanted != NULL &&
        (count.items != wanted->items || count.bytes != wanted->bytes))
        err = fault_set(&fault, ERR_CORRUPT, "%s has %llu items, its record says %llu", path,
                        (unsigned long long)count.items, (unsigned long long)wanted->items);
    check->report->files++;
    if (err == OK)
        check->report->items += count.items;
    else
        found(check, (const char *)fault.message.data);
    arena_fini(&arena);
    return err == ERR_IO ? err : OK;
}

static enum err check_record(void *ctx, const struct job_record *record)
{
    struct check *check = ctx;
    struct backup backup;
    struct arena arena;
    struct bytes path;
    enum err err = OK;

    if (!bytes_equal_string(record->name.kind, BACKUP_KIND))
        return OK;
    arena_init(&arena);
    path = backup_path_in(check->folder, record->name.id, &arena);
    if (backup_read(record->text, &arena, &backup) != OK)
        found(check, (const char *)arena_format(&arena, "the record of backup %.*s is damaged",
                                                BYTES_ARGS(record->name.id))
                         .data);
    else if (backup.status == BACKUP_AVAILABLE)
        err = check_path(check, (const char *)path.data, &backup.count);
    arena_fini(&arena);
    return err;
}

enum err backup_check(struct jobs *jobs, const char *folder, backup_check_fn *fault_found,
                      void *ctx, struct backup_check_report *report)
{
    struct check check = {folder, fault_found, ctx, report};
    enum err err;

    *report = (struct backup_check_report){0};
    err = jobs_walk(jobs, check_record, &check);
    return err == OK && report->faults != 0 ? ERR_CORRUPT : err;
}

enum err backup_check_file(const char *path, backup_check_fn *fault_found, void *ctx,
                           struct backup_check_report *report)
{
    struct check check = {NULL, fault_found, ctx, report};
    enum err err;

    *report = (struct backup_check_report){0};
    err = check_path(&check, path, NULL);
    return err == OK && report->faults != 0 ? ERR_CORRUPT : err;
}
