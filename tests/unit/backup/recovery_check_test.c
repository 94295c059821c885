/* recovery_check_test.c - a chain of changes that is whole is found so, and each break of it. */
#include "backup/history_fixture.h"
#include "backup/recovery_check.h"
#include "table/table_journal.h"

struct told {
    unsigned faults;
    char last[512];
};

static void on_fault(void *ctx, const char *text)
{
    struct told *told = ctx;

    told->faults++;
    snprintf(told->last, sizeof(told->last), "%s", text);
}

static void check(struct history_bed *bed, unsigned faults, const char *text)
{
    struct recovery_check_report report;
    struct told told = {0};

    CHECK_ERR(recovery_check(bed->bed.catalog, "/nowhere/at/all", on_fault, &told, &report),
              faults == 0 ? OK : ERR_CORRUPT);
    CHECK_U64(told.faults, faults);
    CHECK_U64(report.faults, faults);
    if (strstr(told.last, text) == NULL)
        unit_failed(__FILE__, __LINE__, "%s\n  expected\n    %s", told.last, text);
}

/* One of the change records of the only item that has any: it goes, or loses an image. */
static void spoil(struct history_bed *bed, unsigned which, bool removes)
{
    struct store_mutation *mutation = store_mutation_create();
    struct journal_record record;
    struct store_cursor *cursor;
    struct bytes key, stored;
    struct arena arena;
    struct buf out;

    arena_init(&arena);
    cursor =
        store_cursor_open(bed->bed.store, NULL, STORE_JOURNAL,
                          table_journal_whole_range(bed->bed.table->definition.id, &arena), true);
    do {
        CHECK_OK(store_cursor_next(cursor, &key, &stored));
        CHECK_OK(journal_record_open(stored, &record));
    } while (record.kind == JOURNAL_SETTINGS || which-- > 0);
    key = arena_copy(&arena, key);
    stored = arena_copy(&arena, stored);
    store_cursor_close(&cursor);
    CHECK_OK(journal_record_open(stored, &record));
    record.flags &= (uint8_t)~JOURNAL_HAS_NEW;
    buf_init_arena(&out, &arena, SIZE_MAX);
    journal_record_append(&out, &record);
    if (removes)
        store_mutation_delete(mutation, STORE_JOURNAL, key);
    else
        store_mutation_put(mutation, STORE_JOURNAL, key, STORE_NO_STAMP, buf_finish_arena(&out),
                           STORE_NO_STAMP);
    CHECK_OK(store_submit_and_wait(bed->bed.store, NULL, &mutation));
    store_mutation_destroy(&mutation);
    arena_fini(&arena);
}

/* Changes an item behind the table's back: 0 removes it. */
static void spoil_item(struct history_bed *bed, unsigned key, unsigned value)
{
    struct store_mutation *mutation = store_mutation_create();
    struct arena arena;
    struct bytes item_key;

    arena_init(&arena);
    item_key =
        key_of_item(&bed->bed.table->definition.schema, bed->bed.table->definition.id,
                    catalog_hash_key(bed->bed.catalog), history_item(key, 0, &arena), &arena);
    if (value == 0)
        store_mutation_delete(mutation, STORE_DATA, item_key);
    else
        store_mutation_put(mutation, STORE_DATA, item_key, STORE_NO_STAMP,
                           item_store(history_item(key, value, &arena), 0, &arena),
                           ITEM_VERSION_OFFSET);
    CHECK_OK(store_submit_and_wait(bed->bed.store, NULL, &mutation));
    store_mutation_destroy(&mutation);
    arena_fini(&arena);
}

static void bed_with_changes(struct history_bed *bed)
{
    history_bed_open(bed, false);
    history_bed_write(bed, 50);
    history_bed_recover(bed, 35);
    history_bed_point(bed);
    history_bed_set(bed, 1, 11);
    history_bed_set(bed, 1, 12);
    history_bed_set(bed, 1, 13);
}

TEST(recovery_check_of_what_is_right)
{
    struct history_bed bed;

    bed_with_changes(&bed);
    history_bed_write(&bed, 5000);
    check(&bed, 0, "");
    history_bed_close(&bed);
}

TEST(recovery_check_finds_a_change_that_is_missing)
{
    struct history_bed bed;

    bed_with_changes(&bed);
    spoil(&bed, 1, true);
    check(&bed, 1, "table Music: a change does not begin from what the one before it left");
    history_bed_close(&bed);

    bed_with_changes(&bed);
    spoil(&bed, 2, true);
    check(&bed, 1, "an item is not what its last change left");
    history_bed_close(&bed);
}

TEST(recovery_check_finds_what_is_wrong)
{
    struct history_bed bed;

    bed_with_changes(&bed);
    spoil(&bed, 0, false);
    check(&bed, 1, "table Music: a change without both of its images");
    history_bed_close(&bed);

    bed_with_changes(&bed);
    spoil_item(&bed, 1, 14);
    check(&bed, 1, "an item is not what its last change left");
    history_bed_set(&bed, 1, 15); /* begins from what is there */
    check(&bed, 1, "a change does not begin from what the one before it left");
    history_bed_close(&bed);

    bed_with_changes(&bed);
    spoil_item(&bed, 1, 0);
    check(&bed, 1, "an item is gone that its last change left");
    history_bed_close(&bed);
}
