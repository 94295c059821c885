/* archive_check.c - a walk over all segments. */
#include "backup/archive_check.h"

#include "backup/archive.h"
#include "backup/block_file.h"
#include "item/item.h"
#include "item/journal.h"
#include "item/key.h"

struct check {
    const char *dir;
    archive_check_fn *fault_found;
    void *ctx;
    struct archive_check_report *report;
    struct arena arena; /* of one table */
};

/* NULL: nothing. ctx: the segment, or the table's id. */
typedef const char *wrong_fn(const void *ctx, struct bytes key, struct bytes value);

static uint64_t check_file(struct check *check, const char *path, const char *kind,
                           wrong_fn *wrong_with, const void *ctx);
static const char *wrong_with_change(const void *ctx, struct bytes key, struct bytes value);
static const char *wrong_with_item(const void *ctx, struct bytes key, struct bytes value);

static void found(struct check *check, const char *path, const char *text)
{
    struct bytes line = arena_format(&check->arena, "archive: %s: %s", path, text);

    check->report->faults++;
    check->fault_found(check->ctx, (const char *)line.data);
}

static enum err check_table(struct check *check, uint32_t table_id)
{
    struct archive_segment *segments;
    struct archive_base *bases;
    unsigned count, base_count;
    enum err err = archive_list(check->dir, table_id, &check->arena, &segments, &count);

    for (unsigned i = 0; err == OK && i < count; i++) {
        const char *path = archive_path(check->dir, table_id, &segments[i], &check->arena);

        check->report->segments++;
        if (i > 0 && segments[i].from < segments[i - 1].to)
            found(check, path, "overlaps the segment before it");
        if (archive_has_gap(segments, i))
            found(check, path, "the segment before it is missing");
        check->report->changes +=
            check_file(check, path, ARCHIVE_KIND, wrong_with_change, &segments[i]);
    }
    if (err == OK)
        err = archive_bases(check->dir, table_id, &check->arena, &bases, &base_count);
    for (unsigned i = 0; err == OK && i < base_count; i++) {
        const char *path = archive_base_path(check->dir, table_id, bases[i].at, &check->arena);

        check->report->bases++;
        check_file(check, path, ARCHIVE_BASE_KIND, wrong_with_item, &table_id);
    }
    arena_reset(&check->arena);
    return err;
}

enum err archive_check(const char *dir, archive_check_fn *fault_found, void *ctx,
                       struct archive_check_report *report)
{
    struct check check = {.dir = dir, .fault_found = fault_found, .ctx = ctx, .report = report};
    struct arena arena;
    uint32_t *ids;
    unsigned count;
    enum err err;

    *report = (struct archive_check_report){0};
    arena_init(&arena);
    arena_init(&check.arena);
    err = archive_tables(dir, &arena, &ids, &count);
    for (unsigned i = 0; err == OK && i < count; i++)
        err = check_table(&check, ids[i]);
    arena_fini(&check.arena);
    arena_fini(&arena);
    return err == OK && report->faults != 0 ? ERR_CORRUPT : err;
}

/* How many rows it has, up to the first that is wrong. The reader checks the bytes, and that keys
 * ascend; this is about what they mean. */
static uint64_t check_file(struct check *check, const char *path, const char *kind,
                           wrong_fn *wrong_with, const void *ctx)
{
    struct block_reader *reader;
    struct bytes key, value;
    struct fault fault;
    const char *wrong = NULL;
    uint64_t count = 0;
    enum err err;

    fault_init(&fault, &check->arena);
    err = block_reader_open(path, kind, &fault, &reader);
    if (err == OK) {
        while (wrong == NULL && (err = block_reader_next(reader, &key, &value, &fault)) == OK) {
            count++;
            wrong = wrong_with(ctx, key, value);
        }
        block_reader_close(&reader);
    }
    if (wrong != NULL)
        found(check, path, wrong);
    else if (err != ERR_ABSENT)
        found(check, path, (const char *)arena_copy(&check->arena, fault.message).data);
    return count;
}

static const char *wrong_with_item(const void *ctx, struct bytes key, struct bytes value)
{
    const uint32_t *table_id = ctx;

    if (key.size < KEY_PREFIX_BYTES || bytes_get_u32(key.data) != *table_id ||
        key.data[4] != KEY_SPACE_ITEM)
        return "a row that is none of the table's";
    return item_check(value) == OK ? NULL : "a damaged item";
}

static const char *wrong_with_change(const void *ctx, struct bytes key, struct bytes value)
{
    const struct archive_segment *segment = ctx;
    struct journal_record record;
    struct journal_place place;

    if (archive_key_read(key, &place) != OK || journal_record_check(value) != OK ||
        journal_record_open(value, &record) != OK)
        return "a damaged change record";
    if (record.version != place.version || place.version < segment->from ||
        place.version >= segment->to)
        return "a change record in the wrong place";
    if (record.kind != JOURNAL_SETTINGS && !journal_record_is_whole(&record))
        return "a change record without its images";
    return NULL;
}
