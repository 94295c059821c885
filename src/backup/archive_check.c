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

static void check_segment(struct check *check, const char *path,
                          const struct archive_segment *segment);
static void check_base(struct check *check, uint32_t table_id, const char *path);
static const char *what_is_wrong(const struct archive_segment *segment, struct bytes key,
                                 struct bytes value);

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
        check_segment(check, path, &segments[i]);
    }
    if (err == OK)
        err = archive_bases(check->dir, table_id, &check->arena, &bases, &base_count);
    for (unsigned i = 0; err == OK && i < base_count; i++) {
        check->report->bases++;
        check_base(check, table_id,
                   archive_base_path(check->dir, table_id, bases[i].at, &check->arena));
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

/* The reader checks the bytes, and that keys ascend; this is about what they mean. */
static void check_segment(struct check *check, const char *path,
                          const struct archive_segment *segment)
{
    struct block_reader *reader;
    struct bytes key, value;
    struct fault fault;
    const char *wrong = NULL;
    enum err err;

    fault_init(&fault, &check->arena);
    err = block_reader_open(path, ARCHIVE_KIND, &fault, &reader);
    if (err == OK) {
        while (wrong == NULL && (err = block_reader_next(reader, &key, &value, &fault)) == OK) {
            check->report->changes++;
            wrong = what_is_wrong(segment, key, value);
        }
        block_reader_close(&reader);
    }
    if (wrong != NULL)
        found(check, path, wrong);
    else if (err != ERR_ABSENT)
        found(check, path, (const char *)arena_copy(&check->arena, fault.message).data);
}

static void check_base(struct check *check, uint32_t table_id, const char *path)
{
    const char *wrong = NULL;
    struct block_reader *reader;
    struct bytes key, value;
    struct fault fault;
    enum err err;

    fault_init(&fault, &check->arena);
    err = block_reader_open(path, ARCHIVE_BASE_KIND, &fault, &reader);
    if (err == OK) {
        while (wrong == NULL && (err = block_reader_next(reader, &key, &value, &fault)) == OK)
            if (key.size < KEY_PREFIX_BYTES || bytes_get_u32(key.data) != table_id ||
                key.data[4] != KEY_SPACE_ITEM)
                wrong = "a row that is none of the table's";
            else if (item_check(value) != OK)
                wrong = "a damaged item";
        block_reader_close(&reader);
    }
    if (wrong != NULL)
        found(check, path, wrong);
    else if (err != ERR_ABSENT)
        found(check, path, (const char *)arena_copy(&check->arena, fault.message).data);
}

static const char *what_is_wrong(const struct archive_segment *segment, struct bytes key,
                                 struct bytes value)
{
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
