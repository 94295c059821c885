/* archive_check_test.c - what is wrong with a segment is found, and named with its file. */
#include "backup/archive.h"
#include "backup/archive_check.h"
#include "backup/block_file.h"
#include "base/folder_fault.h"
#include "item/item.h"
#include "item/item_fixture.h"
#include "item/journal.h"
#include "item/key.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define TABLE_ID 7

struct bed {
    struct arena arena;
    struct fault fault;
    const char *dir;
    char text[4096];
    unsigned faults;
};

static void bed_open(struct bed *bed)
{
    *bed = (struct bed){.dir = unit_temp_dir()};
    arena_init(&bed->arena);
    fault_init(&bed->fault, &bed->arena);
    CHECK(mkdir(archive_table_path(bed->dir, TABLE_ID, &bed->arena), 0700) == 0);
}

static struct bytes record_at(struct bed *bed, uint64_t version, bool whole)
{
    struct journal_record record = {
        .kind = JOURNAL_INSERT,
        .version = version,
        .flags = whole ? JOURNAL_HAS_NEW : 0,
        .keys = value_make_map("{\"pk\":{\"S\":\"a\"}}", &bed->arena),
        .new = value_make_map("{\"pk\":{\"S\":\"a\"}}", &bed->arena),
    };
    struct buf out;

    buf_init_arena(&out, &bed->arena, SIZE_MAX);
    journal_record_append(&out, &record);
    return buf_finish_arena(&out);
}

/* A segment of one record, whose key may lie about it. */
static const char *write_segment(struct bed *bed, uint64_t from, uint64_t to, uint64_t version,
                                 struct bytes stored)
{
    struct archive_segment segment = {.from = from, .to = to};
    const char *path = archive_path(bed->dir, TABLE_ID, &segment, &bed->arena);
    struct block_file_totals totals;
    struct block_writer *writer;
    uint8_t key[ARCHIVE_KEY_BYTES];

    archive_key((struct journal_place){.version = version}, key);
    CHECK_OK(block_writer_open(path, ARCHIVE_KIND, BYTES("{}"), &bed->fault, &writer));
    CHECK_OK(block_writer_add(writer, bytes_make(key, sizeof(key)), stored, &bed->fault));
    CHECK_OK(block_writer_finish(&writer, &bed->fault, &totals));
    return path;
}

static void on_fault(void *ctx, const char *text)
{
    struct bed *bed = ctx;

    bed->faults++;
    snprintf(bed->text, sizeof(bed->text), "%s", text);
}

static void check(struct bed *bed, unsigned faults, const char *text)
{
    struct archive_check_report report;

    bed->faults = 0;
    CHECK_ERR(archive_check(bed->dir, on_fault, bed, &report), faults == 0 ? OK : ERR_CORRUPT);
    CHECK_U64(bed->faults, faults);
    CHECK_U64(report.faults, faults);
    if (faults != 0 && strstr(bed->text, text) == NULL)
        unit_failed(__FILE__, __LINE__, "%s\n  expected\n    %s", bed->text, text);
}

TEST(archive_check_of_what_is_right)
{
    struct bed bed;

    bed_open(&bed);
    check(&bed, 0, "");
    write_segment(&bed, 100, 200, 100, record_at(&bed, 100, true));
    write_segment(&bed, 200, 300, 299, record_at(&bed, 299, true));
    check(&bed, 0, "");
    bed.dir = "/nowhere/at/all";
    check(&bed, 0, "");
    arena_fini(&bed.arena);
}

/* A list of some of the segments would look like a shorter history. */
TEST(archive_lists_all_or_nothing)
{
    struct archive_segment *segments;
    unsigned count;
    uint32_t *ids;
    struct bed bed;

    bed_open(&bed);
    write_segment(&bed, 100, 200, 100, record_at(&bed, 100, true));
    write_segment(&bed, 200, 300, 299, record_at(&bed, 299, true));
    for (unsigned i = 1; i <= 5; i++) { /* two files, two folders, and the end */
        folder_fault_at(i);
        CHECK_ERR(archive_list(bed.dir, TABLE_ID, &bed.arena, &segments, &count), ERR_IO);
    }
    CHECK_OK(archive_list(bed.dir, TABLE_ID, &bed.arena, &segments, &count));
    CHECK_U64(count, 2);
    folder_fault_at(2);
    CHECK_ERR(archive_tables(bed.dir, &bed.arena, &ids, &count), ERR_IO);
    CHECK_OK(archive_tables(bed.dir, &bed.arena, &ids, &count));
    CHECK_U64(count, 1);
    arena_fini(&bed.arena);
}

TEST(archive_check_finds_what_is_wrong)
{
    struct bed bed;
    const char *path;
    FILE *file;

    bed_open(&bed);
    path = write_segment(&bed, 100, 200, 99, record_at(&bed, 99, true));
    check(&bed, 1, "-00000000000000c8.stelejournal: a change record in the wrong place");
    CHECK(unlink(path) == 0);
    path = write_segment(&bed, 100, 200, 200, record_at(&bed, 200, true));
    check(&bed, 1, "a change record in the wrong place");
    CHECK(unlink(path) == 0);
    path = write_segment(&bed, 100, 200, 150, record_at(&bed, 151, true));
    check(&bed, 1, "a change record in the wrong place");
    CHECK(unlink(path) == 0);
    path = write_segment(&bed, 100, 200, 150, record_at(&bed, 150, false));
    check(&bed, 1, "a change record without its images");
    CHECK(unlink(path) == 0);
    path = write_segment(&bed, 100, 200, 150, BYTES("nonsense"));
    check(&bed, 1, "a damaged change record");
    CHECK(unlink(path) == 0);
    path = write_segment(&bed, 100, 200, 150, record_at(&bed, 150, true));
    write_segment(&bed, 199, 300, 250, record_at(&bed, 250, true));
    check(&bed, 1, "overlaps the segment before it");
    file = fopen(path, "w");
    CHECK(file != NULL && fputs("cut", file) >= 0 && fclose(file) == 0);
    check(&bed, 2, "overlaps");
    arena_fini(&bed.arena);
}

static enum err count_change(void *ctx, struct journal_place place, struct bytes stored)
{
    unsigned *changes = ctx;

    *changes += stored.size != 0 && place.version != 0;
    return OK;
}

static enum err read_after(struct bed *bed, uint64_t after, unsigned *changes)
{
    *changes = 0;
    return archive_read(bed->dir, TABLE_ID, after, UINT64_MAX, count_change, changes, &bed->fault);
}

/* Without it the others would be read as if nothing had happened in between. */
TEST(archive_segment_that_is_lost_is_missed)
{
    struct bed bed;
    const char *path;
    unsigned changes;

    bed_open(&bed);
    write_segment(&bed, 100, 200, 150, record_at(&bed, 150, true));
    path = write_segment(&bed, 200, 300, 250, record_at(&bed, 250, true));
    write_segment(&bed, 300, 400, 350, record_at(&bed, 350, true));
    CHECK_OK(read_after(&bed, 120, &changes));
    CHECK_U64(changes, 3);
    CHECK_ERR(read_after(&bed, 50, &changes), ERR_ABSENT);
    CHECK(unlink(path) == 0);
    CHECK_ERR(read_after(&bed, 120, &changes), ERR_CORRUPT);
    CHECK(strstr((const char *)bed.fault.message.data, "the segment before it is missing") != NULL);
    check(&bed, 1, "-0000000000000190.stelejournal: the segment before it is missing");
    arena_fini(&bed.arena);
}

static const char *write_base(struct bed *bed, uint32_t table_id, struct bytes stored)
{
    const char *path = archive_base_path(bed->dir, TABLE_ID, 200, &bed->arena);
    struct block_file_totals totals;
    struct block_writer *writer;
    struct buf key;

    buf_init_arena(&key, &bed->arena, SIZE_MAX);
    key_append_prefix(&key, table_id, KEY_SPACE_ITEM, 0, 9);
    CHECK_OK(block_writer_open(path, ARCHIVE_BASE_KIND, BYTES("{}"), &bed->fault, &writer));
    CHECK_OK(block_writer_add(writer, buf_finish_arena(&key), stored, &bed->fault));
    CHECK_OK(block_writer_finish(&writer, &bed->fault, &totals));
    return path;
}

TEST(archive_check_of_bases)
{
    struct bed bed;
    struct bytes item;
    FILE *file;
    const char *path;

    bed_open(&bed);
    item = item_store(value_make_map("{\"pk\":{\"S\":\"a\"}}", &bed.arena), 0, &bed.arena);
    write_base(&bed, TABLE_ID, item);
    check(&bed, 0, "");
    write_base(&bed, TABLE_ID + 1, item);
    check(&bed, 1, "00000000000000c8.stelebase: a row that is none of the table's");
    path = write_base(&bed, TABLE_ID, BYTES("nonsense"));
    check(&bed, 1, "a damaged item");
    file = fopen(path, "w");
    CHECK(file != NULL && fputs("cut", file) >= 0 && fclose(file) == 0);
    check(&bed, 1, "00000000000000c8.stelebase");
    arena_fini(&bed.arena);
}
