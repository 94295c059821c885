/* stream_test.c - change records of writes, streams and shards over time, and the end of both. */
#include "base/clock.h"
#include "table/catalog.h"
#include "table/journal_cursor.h"
#include "table/stream.h"
#include "table/table_check.h"
#include "table/table_keys.h"
#include "table/table_write.h"
#include "unit.h"

#include <semaphore.h>
#include <stdio.h>
#include <time.h>

#define HOUR_MS (3600 * UINT64_C(1000))
#define NOON_MS (UINT64_C(1800000000) * 1000)

struct bed {
    struct store *store;
    struct catalog *catalog;
    struct arena arena;
    struct fault fault;
};

static void bed_open(struct bed *bed)
{
    struct store_options options = {.cache_bytes = 8 << 20, .queue_bytes_max = 64 << 20};
    char path[256];

    snprintf(path, sizeof(path), "%s/data", unit_temp_dir());
    options.path = path;
    arena_init(&bed->arena);
    fault_init(&bed->fault, &bed->arena);
    CHECK_OK(store_open(&options, &bed->fault, &bed->store));
    CHECK_OK(catalog_open(bed->store, &bed->fault, &bed->catalog));
}

static void bed_close(struct bed *bed)
{
    catalog_close(&bed->catalog);
    store_close(&bed->store);
    arena_fini(&bed->arena);
    clock_set_test(0);
}

static struct table_definition definition_of(enum table_stream_view view, uint64_t label_ms)
{
    return (struct table_definition){
        .account = BYTES("000000000000"),
        .region = BYTES("us-east-1"),
        .name = BYTES("Music"),
        .uuid = "95277133-af3f-4e39-a592-817668590251",
        .created_ms = 1700000000123,
        .schema = {.hash_count = 1, .attributes = {{BYTES("Artist"), VALUE_S}}},
        .settings = {.billing = TABLE_PAY_PER_REQUEST},
        .stream = {.view = view, .label_ms = label_ms},
        .status = TABLE_ACTIVE,
    };
}

static struct table *put(struct bed *bed, const struct table_definition *definition)
{
    struct table *table = NULL;

    catalog_change_begin(bed->catalog);
    CHECK_OK(catalog_put(bed->catalog, definition, &table));
    catalog_change_end(bed->catalog);
    return table;
}

/* Gives the table another stream, or none. */
static struct table *change(struct bed *bed, struct table **table, enum table_stream_view view,
                            uint64_t label_ms)
{
    struct table_definition next = (*table)->definition;
    struct table *changed;

    next.stream = (struct table_stream){.view = view, .label_ms = label_ms};
    changed = put(bed, &next);
    table_release(table);
    *table = changed;
    return changed;
}

static struct value item_of(struct arena *arena, const char *artist, const char *song)
{
    struct value_builder map;
    struct value value = {.type = VALUE_M};
    struct buf out;

    buf_init_arena(&out, arena, SIZE_MAX);
    value_build_begin_payload(&map, &out, VALUE_M);
    value_build_entry(&map, BYTES("Artist"), (struct value){VALUE_S, bytes_of_string(artist)});
    if (song != NULL)
        value_build_entry(&map, BYTES("Song"), (struct value){VALUE_S, bytes_of_string(song)});
    value_build_end(&map);
    value.payload = buf_finish_arena(&out);
    return value;
}

struct job {
    struct table_write write;
    struct value items[4];
    enum table_action actions[4];
    sem_t done;
};

static enum err decide(void *ctx, struct table_change changes[], unsigned count)
{
    const struct job *job = ctx;

    for (unsigned i = 0; i < count; i++) {
        changes[i].action = job->actions[i];
        changes[i].attributes = job->items[i];
    }
    return OK;
}

static void done(void *ctx, enum err err)
{
    struct job *job = ctx;

    CHECK_OK(err);
    sem_post(&job->done);
}

/* song NULL: deletes. Several writes of one mutation are told apart by their artists. */
static void write_all(struct bed *bed, struct table *table, const char *const artists[],
                      const char *const songs[], unsigned count, bool by_service)
{
    struct table_change changes[4] = {0};
    struct job job = {
        .write = {.store = bed->store,
                  .arena = &bed->arena,
                  .changes = changes,
                  .count = count,
                  .decide = decide,
                  .done = done,
                  .may_wait = true,
                  .by_service = by_service},
    };

    job.write.ctx = &job;
    sem_init(&job.done, 0, 0);
    for (unsigned i = 0; i < count; i++) {
        job.items[i] = item_of(&bed->arena, artists[i], songs[i]);
        job.actions[i] = songs[i] != NULL ? TABLE_PUT : TABLE_DELETE;
        changes[i].table = table;
        changes[i].key = key_of_item(&table->definition.schema, table->definition.id,
                                     catalog_hash_key(bed->catalog), job.items[i], &bed->arena);
    }
    if (table_write(&job.write) == ERR_PENDING)
        sem_wait(&job.done);
    sem_destroy(&job.done);
}

static void write_one(struct bed *bed, struct table *table, const char *artist, const char *song)
{
    write_all(bed, table, &artist, &song, 1, false);
}

/* What the journal has of a table, a line each: kind, flags, Artist>old>new. */
static struct bytes journal_text(struct bed *bed, uint32_t table_id)
{
    struct journal_span span = {
        .table_id = table_id, .lanes = TABLE_JOURNAL_ALL_LANES, .to = UINT64_MAX};
    struct journal_cursor *cursor = journal_cursor_open(bed->store, NULL, &span, true);
    struct journal_place before = {0};
    struct journal_row row;
    struct bytes text;
    struct buf out;

    buf_init(&out, 1 << 16);
    while (journal_cursor_next(cursor, &row) == OK) {
        struct journal_record record;
        struct value value;

        CHECK_OK(journal_record_check(row.stored));
        CHECK_OK(journal_record_open(row.stored, &record));
        CHECK_U64(record.version, row.place.version);
        CHECK(journal_place_is_before(before, row.place));
        before = row.place;
        if (record.kind == JOURNAL_SETTINGS) {
            CHECK_U64(row.lane, TABLE_JOURNAL_LANE_OF_ALL);
            continue;
        }
        buf_append_format(&out, "%d%s ", record.kind, record.flags & JOURNAL_BY_SERVICE ? "s" : "");
        if (value_find(record.keys, BYTES("Artist"), &value))
            buf_append_bytes(&out, value.payload);
        if ((record.flags & JOURNAL_HAS_OLD) && value_find(record.old, BYTES("Song"), &value))
            buf_append_format(&out, " -%.*s", BYTES_ARGS(value.payload));
        if ((record.flags & JOURNAL_HAS_NEW) && value_find(record.new, BYTES("Song"), &value))
            buf_append_format(&out, " +%.*s", BYTES_ARGS(value.payload));
        buf_append_byte(&out, '\n');
    }
    journal_cursor_close(&cursor);
    text = arena_copy(&bed->arena, buf_bytes(&out));
    buf_fini(&out);
    return text;
}

static struct bytes write_a_little(enum table_stream_view view)
{
    static const char *const artists[] = {"a", "b"}, *const songs[] = {"2", "1"};
    static const char *const a[] = {"a"}, *const none[] = {NULL};
    static char text[1024];
    struct table_definition definition =
        definition_of(view, view == TABLE_STREAM_OFF ? 0 : 1700000000123);
    struct table *table;
    struct bytes lines;
    struct bed bed;

    bed_open(&bed);
    table = put(&bed, &definition);
    write_one(&bed, table, "a", "1");
    write_one(&bed, table, "a", "1"); /* as it was */
    write_all(&bed, table, artists, songs, 2, false);
    write_one(&bed, table, "c", NULL); /* is not there */
    write_all(&bed, table, a, none, 1, true);
    lines = journal_text(&bed, table->definition.id);
    snprintf(text, sizeof(text), "%.*s", BYTES_ARGS(lines));
    table_release(&table);
    bed_close(&bed);
    return bytes_of_string(text);
}

TEST(journal_has_what_its_readers_need)
{
    CHECK_TEXT(write_a_little(TABLE_STREAM_OFF), "");
}

TEST(journal_of_keys_only)
{
    CHECK_TEXT(write_a_little(TABLE_STREAM_KEYS_ONLY), "1 a\n2 a\n1 b\n3s a\n");
}

TEST(journal_of_new_images)
{
    CHECK_TEXT(write_a_little(TABLE_STREAM_NEW_IMAGE), "1 a +1\n2 a +2\n1 b +1\n3s a\n");
}

TEST(journal_of_old_images)
{
    CHECK_TEXT(write_a_little(TABLE_STREAM_OLD_IMAGE), "1 a\n2 a -1\n1 b\n3s a -2\n");
}

TEST(journal_of_both_images)
{
    CHECK_TEXT(write_a_little(TABLE_STREAM_NEW_AND_OLD_IMAGES),
               "1 a +1\n2 a -1 +2\n1 b +1\n3s a -2\n");
}

/* As what a change was made: what was set last before it. */
TEST(journal_has_changes_of_settings)
{
    struct table_definition definition = definition_of(TABLE_STREAM_OFF, 0), told;
    struct journal_span span = {.table_id = 1, .lanes = {0, 0}, .to = UINT64_MAX};
    enum table_stream_view views[8];
    struct journal_cursor *cursor;
    struct journal_record record;
    struct journal_row row;
    unsigned count = 0;
    struct table *table;
    struct bed bed;

    bed_open(&bed);
    table = put(&bed, &definition); /* nobody reads */
    change(&bed, &table, TABLE_STREAM_KEYS_ONLY, 5);
    change(&bed, &table, TABLE_STREAM_KEYS_ONLY, 5);
    change(&bed, &table, TABLE_STREAM_OFF, 5);
    change(&bed, &table, TABLE_STREAM_NEW_IMAGE, 6);
    cursor = journal_cursor_open(bed.store, NULL, &span, true);
    while (journal_cursor_next(cursor, &row) == OK) {
        CHECK_OK(journal_record_check(row.stored));
        CHECK_OK(journal_record_open(row.stored, &record));
        CHECK_U64(record.kind, JOURNAL_SETTINGS);
        CHECK_OK(table_record_read(record.settings, &bed.arena, &told));
        CHECK_TEXT(told.name, "Music");
        views[count++] = told.stream.view;
    }
    journal_cursor_close(&cursor);
    CHECK_U64(count, 3);
    CHECK(views[0] == TABLE_STREAM_KEYS_ONLY && views[2] == TABLE_STREAM_NEW_IMAGE);
    table_release(&table);
    bed_close(&bed);
}

static enum table_stream_view view_at(struct bed *bed, uint64_t version)
{
    struct table_definition then;

    CHECK_OK(table_journal_settings_at(bed->store, 1, version, true, &bed->arena, &then));
    CHECK_TEXT(then.name, "Music");
    return then.stream.view;
}

static void remove_journal(struct bed *bed, uint64_t older_than)
{
    struct store_mutation *mutation = store_mutation_create();

    CHECK_OK(table_journal_remove(bed->store, mutation, 1, older_than));
    CHECK_OK(store_submit_and_wait(bed->store, NULL, &mutation));
    store_mutation_destroy(&mutation);
}

/* Also when the changes of items from then are gone. */
TEST(journal_tells_the_settings_of_a_time)
{
    struct table_definition definition = definition_of(TABLE_STREAM_OFF, 0), then;
    uint64_t before, first, second;
    struct table *table;
    struct bed bed;

    bed_open(&bed);
    table = put(&bed, &definition);
    before = store_version(bed.store);
    change(&bed, &table, TABLE_STREAM_KEYS_ONLY, 5);
    first = store_version(bed.store);
    change(&bed, &table, TABLE_STREAM_NEW_IMAGE, 6);
    second = store_version(bed.store);
    for (int i = 0; i < 2; i++) {
        CHECK_ERR(table_journal_settings_at(bed.store, 1, before, true, &bed.arena, &then),
                  ERR_ABSENT);
        CHECK_U64(view_at(&bed, first), TABLE_STREAM_KEYS_ONLY);
        CHECK_U64(view_at(&bed, second - 1), TABLE_STREAM_KEYS_ONLY);
        CHECK_U64(view_at(&bed, second), TABLE_STREAM_NEW_IMAGE);
        CHECK_U64(view_at(&bed, UINT64_MAX - 1), TABLE_STREAM_NEW_IMAGE);
        remove_journal(&bed, second + 1);
    }
    remove_journal(&bed, UINT64_MAX);
    CHECK_ERR(table_journal_settings_at(bed.store, 1, second, true, &bed.arena, &then), ERR_ABSENT);
    table_release(&table);
    bed_close(&bed);
}

/* Sets on with recovery, from a millisecond on, or off. */
static void recover(struct bed *bed, struct table **table, uint64_t from_ms)
{
    struct table_definition next = (*table)->definition;

    next.recovery.period_days = from_ms != 0 ? 35 : 0;
    next.recovery.from_ms = from_ms;
    table_release(table);
    *table = put(bed, &next);
}

static unsigned protected_at(struct bed *bed, uint64_t version)
{
    struct table_definition then;

    CHECK_OK(table_journal_settings_at(bed->store, 1, version, true, &bed->arena, &then));
    return then.settings.deletion_protection;
}

/* It begins in a millisecond that may be over when its record is written. What is recorded from
 * when recovery was on before says nothing of what was changed while it was off. */
TEST(journal_tells_the_settings_where_recovery_begins_again)
{
    struct table_definition definition = definition_of(TABLE_STREAM_OFF, 0), next;
    uint64_t first_ms = NOON_MS + 5, again_ms = NOON_MS + 5000;
    struct table *table;
    struct bed bed;

    clock_set_test(NOON_MS);
    bed_open(&bed);
    table = put(&bed, &definition);
    clock_set_test(first_ms + 1);
    recover(&bed, &table, first_ms);
    recover(&bed, &table, 0);
    next = table->definition;
    next.settings.deletion_protection = true;
    table_release(&table);
    table = put(&bed, &next);
    clock_set_test(again_ms + 1);
    recover(&bed, &table, again_ms);
    CHECK_U64(protected_at(&bed, first_ms << 16 | 0xffff), false);
    CHECK_U64(protected_at(&bed, (again_ms << 16) - 1), false); /* nobody may ask */
    CHECK_U64(protected_at(&bed, again_ms << 16 | 0xffff), true);
    CHECK_U64(protected_at(&bed, UINT64_MAX - 1), true);
    table_release(&table);
    bed_close(&bed);
}

/* What a released version wrote: never change these bytes, add another test beside this one. */
TEST(journal_key_golden)
{
    static const uint8_t golden[] = {
        0, 0, 0,    7,    4,    0,    0,    0,    0, 0, 0, 0, 0, 0, 0, /* prefix */
        1, 2, 0x18, 0xbc, 0xfe, 0x56, 0x80, 0x7b, 0, 9, 3, 4,
    };
    struct journal_place place = {.version = 0x18bcfe56807b0009, .ordinal = 0x0304}, read;
    struct arena arena;
    struct bytes key;
    uint16_t lane;

    arena_init(&arena);
    key = table_journal_key(7, 0x0102, place, &arena);
    CHECK(bytes_equal(key, bytes_make(golden, sizeof(golden))));
    CHECK_OK(table_journal_key_read(key, &lane, &read));
    CHECK_U64(lane, 0x0102);
    CHECK_U64(read.version, place.version);
    CHECK_U64(read.ordinal, place.ordinal);
    CHECK_ERR(table_journal_key_read(bytes_make(golden, sizeof(golden) - 1), &lane, &read),
              ERR_CORRUPT);
    arena_fini(&arena);
}

/* --- streams --------------------------------------------------------------------------------- */

static struct bytes key_of(struct bed *bed, uint64_t label_ms)
{
    return stream_key(BYTES("000000000000"), BYTES("us-east-1"), BYTES("Music"), label_ms,
                      &bed->arena);
}

static struct stream find(struct bed *bed, uint64_t label_ms)
{
    struct stream stream = {0};

    CHECK_OK(stream_find(bed->store, key_of(bed, label_ms), true, &bed->arena, &stream));
    return stream;
}

static unsigned rows_with(struct bed *bed, const char *beginning)
{
    struct bytes prefix = table_meta_key(bytes_of_string(beginning), &bed->arena);
    struct store_range range = {.from = prefix, .to = key_after_prefix(prefix, &bed->arena)};
    struct store_cursor *cursor = store_cursor_open(bed->store, NULL, STORE_DATA, range, true);
    struct bytes key, value;
    unsigned rows = 0;

    while (store_cursor_next(cursor, &key, &value) == OK)
        rows++;
    store_cursor_close(&cursor);
    return rows;
}

/* What a released version wrote: never change these bytes, add another test beside this one. */
TEST(stream_records_golden)
{
    static const uint8_t first[] = {2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 16},
                         last[] = {2, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 16};
    struct table_definition definition = definition_of(TABLE_STREAM_KEYS_ONLY, 0x0102030405060708);
    struct store_range range;
    struct store_cursor *cursor;
    struct bytes key, value;
    struct table *table;
    struct bed bed;

    bed_open(&bed);
    table = put(&bed, &definition);
    change(&bed, &table, TABLE_STREAM_OFF, 0x0102030405060708);
    range.from = table_meta_key(BYTES("shard/\0\0\0\1\1\2\3\4\5\6\7\10"), &bed.arena);
    range.to = key_after_prefix(range.from, &bed.arena);
    range.backward = false;
    cursor = store_cursor_open(bed.store, NULL, STORE_DATA, range, true);
    CHECK_OK(store_cursor_next(cursor, &key, &value));
    CHECK_U64(key.size, range.from.size + 2 + 8);
    CHECK_U64(bytes_get_u16(key.data + range.from.size), 0); /* what ends is in all lanes */
    CHECK(bytes_equal(value, bytes_make(last, sizeof(last))));
    CHECK_OK(store_cursor_next(cursor, &key, &value));
    CHECK_U64(bytes_get_u16(key.data + range.from.size), 1);
    CHECK(bytes_equal(value, bytes_make(first, sizeof(first))));
    CHECK_ERR(store_cursor_next(cursor, &key, &value), ERR_ABSENT);
    store_cursor_close(&cursor);
    CHECK_OK(store_get(bed.store, NULL, STORE_DATA,
                       table_meta_key(BYTES("stream/000000000000/us-east-1/Music/"
                                            "\1\2\3\4\5\6\7\10"),
                                      &bed.arena),
                       true, &bed.arena, &value));
    table_release(&table);
    bed_close(&bed);
}

/* A boundary as it was written when there was one lane. */
static void put_old_boundary(struct bed *bed, uint64_t label_ms, uint8_t kind, uint64_t version,
                             uint64_t parent)
{
    uint8_t name[6 + 4 + 8 + 2 + 8] = "shard/\0\0\0\1", value[10] = {1, kind};
    struct store_mutation *mutation = store_mutation_create();

    bytes_put_u64(name + 10, label_ms);
    bytes_put_u64(name + 20, version);
    bytes_put_u64(value + 2, parent);
    store_mutation_put(mutation, STORE_DATA,
                       table_meta_key(bytes_make(name, sizeof(name)), &bed->arena), STORE_NO_STAMP,
                       bytes_make(value, sizeof(value)), STORE_NO_STAMP);
    CHECK_OK(store_submit_and_wait(bed->store, NULL, &mutation));
    store_mutation_destroy(&mutation);
}

/* Those of one lane have all lanes: what is written from now on too. */
TEST(stream_shards_of_one_lane_are_read)
{
    struct table_definition definition = definition_of(TABLE_STREAM_KEYS_ONLY, NOON_MS);
    struct stream stream = {.table = definition};
    struct bed bed;

    bed_open(&bed);
    stream.table.id = 1;
    put_old_boundary(&bed, NOON_MS, 1, 1000, 0);
    put_old_boundary(&bed, NOON_MS, 1, 2000, 1000);
    CHECK_OK(stream_read_shards(bed.store, &stream, true, &bed.arena));
    CHECK_U64(stream.shard_count, 2);
    CHECK_U64(stream.shards[0].begin, 1000);
    CHECK_U64(stream.shards[0].end, 2000);
    CHECK_U64(stream.shards[1].parent, 1000);
    CHECK_U64(stream.shards[1].end, 0);
    CHECK_U64(stream.shards[1].lanes.first, 0);
    CHECK_U64(stream.shards[1].lanes.last, TABLE_JOURNAL_LANES);
    CHECK_OK(stream_go_on(bed.store, &stream, &stream.shards[1], 2));
    CHECK_OK(stream_read_shards(bed.store, &stream, true, &bed.arena));
    CHECK_U64(stream.shard_count, 4);
    CHECK_U64(stream.shards[1].end, stream.shards[2].begin);
    CHECK_U64(stream.shards[2].lanes.first, 1);
    put_old_boundary(&bed, NOON_MS, 2, UINT64_MAX - 1, 0);
    CHECK_OK(stream_read_shards(bed.store, &stream, true, &bed.arena));
    CHECK_U64(stream.ended, UINT64_MAX - 1);
    CHECK_U64(stream.shards[3].end, UINT64_MAX - 1);
    bed_close(&bed);
}

/* Each half has its own children, and each lane one open shard. */
TEST(stream_shards_divide)
{
    struct table_definition definition = definition_of(TABLE_STREAM_KEYS_ONLY, NOON_MS);
    unsigned open = 0, lanes = 0;
    struct shard_list list;
    struct stream stream;
    struct table *table;
    struct bed bed;

    bed_open(&bed);
    table = put(&bed, &definition);
    for (unsigned step = 0; step < 2 * TABLE_JOURNAL_LANES; step++) {
        stream = find(&bed, NOON_MS);
        for (unsigned i = 0; i < stream.shard_count; i++)
            if (stream.shards[i].end == 0 && shard_divides(&stream.shards[i])) {
                CHECK_OK(stream_go_on(bed.store, &stream, &stream.shards[i], 2));
                break;
            }
        stream = find(&bed, NOON_MS);
        list = (struct shard_list){stream.shards, stream.shard_count, stream.ended};
        CHECK(shard_check_lineage(&list) == NULL);
    }
    for (unsigned i = 0; i < stream.shard_count; i++) {
        const struct stream_shard *shard = &stream.shards[i];

        if (shard->end == 0) {
            open++;
            lanes += shard->lanes.last - shard->lanes.first + 1U;
        }
        CHECK(i == 0 || shard->parent != 0);
    }
    CHECK_U64(open, SHARDS_OPEN_MAX);
    CHECK_U64(lanes, TABLE_JOURNAL_LANES);
    CHECK_U64(stream.shard_count, 2 * SHARDS_OPEN_MAX - 1);

    list.shards[3].end = 0; /* an open parent */
    CHECK(shard_check_lineage(&list) != NULL);
    list.count--; /* a child is missing */
    CHECK(shard_check_lineage(&list) != NULL);
    table_release(&table);
    bed_close(&bed);
}

/* One goes on from one parent: lanes of another's are not its own. */
TEST(stream_shards_have_lanes_of_their_parents)
{
    struct stream_shard shards[] = {
        {.begin = 1, .end = 3, .lanes = {1, TABLE_JOURNAL_LANES / 2}},
        {.begin = 1, .end = 3, .lanes = {TABLE_JOURNAL_LANES / 2 + 1, TABLE_JOURNAL_LANES}},
        {.begin = 3, .parent = 1, .parent_lane = 1, .lanes = {1, TABLE_JOURNAL_LANES / 2}},
        {.begin = 3,
         .parent = 1,
         .parent_lane = TABLE_JOURNAL_LANES / 2 + 1,
         .lanes = {TABLE_JOURNAL_LANES / 2 + 1, TABLE_JOURNAL_LANES}},
    };
    struct shard_list list = {.shards = shards, .count = 4};

    CHECK(shard_check_lineage(&list) == NULL);
    shards[2] = shards[3];
    shards[2].lanes.first = 1;
    list.count = 3;
    CHECK(shard_check_lineage(&list) != NULL);
}

TEST(stream_shards_follow_each_other)
{
    struct table_definition definition = definition_of(TABLE_STREAM_OFF, 0);
    struct stream stream;
    struct table *table;
    struct bed bed;

    bed_open(&bed);
    clock_set_test(NOON_MS);
    table = put(&bed, &definition);
    CHECK_U64(rows_with(&bed, "stream/"), 0);
    change(&bed, &table, TABLE_STREAM_NEW_IMAGE, NOON_MS);
    stream = find(&bed, NOON_MS);
    CHECK_U64(stream.shard_count, 1);
    CHECK_U64(stream.shards[0].end, 0);
    CHECK_U64(stream_time_ms(stream.shards[0].begin), NOON_MS);
    CHECK_U64(stream.ended, 0);
    CHECK_OK(stream_go_on(bed.store, &stream, &stream.shards[0], 1));
    clock_set_test(NOON_MS + HOUR_MS);
    change(&bed, &table, TABLE_STREAM_OFF, NOON_MS);
    stream = find(&bed, NOON_MS);
    CHECK_U64(stream.shard_count, 2);
    CHECK_U64(stream.shards[0].end, stream.shards[1].begin);
    CHECK_U64(stream.shards[1].parent, stream.shards[0].begin);
    CHECK_U64(stream.shards[1].end, stream.ended);
    CHECK_U64(stream_time_ms(stream.ended), NOON_MS + HOUR_MS);
    /* Another setting begins and ends nothing. */
    change(&bed, &table, TABLE_STREAM_KEYS_ONLY, NOON_MS + HOUR_MS);
    change(&bed, &table, TABLE_STREAM_KEYS_ONLY, NOON_MS + HOUR_MS);
    CHECK_U64(rows_with(&bed, "stream/"), 2);
    CHECK_U64(find(&bed, NOON_MS + HOUR_MS).shard_count, 1);
    CHECK_ERR(stream_find(bed.store, key_of(&bed, 5), true, &bed.arena, &stream), ERR_ABSENT);
    table_release(&table);
    bed_close(&bed);
}

/* All streams, as the background service does it. */
static void trim(struct bed *bed)
{
    uint64_t horizon = stream_horizon(clock_wall_ms());
    struct stream_query query = {.limit = 10};
    struct stream *streams;
    bool more, removed;
    unsigned count;

    CHECK_OK(stream_list(bed->store, &query, true, &bed->arena, &streams, &count, &more));
    for (unsigned i = 0; i < count; i++) {
        CHECK_OK(stream_read_shards(bed->store, &streams[i], true, &bed->arena));
        CHECK_OK(stream_trim(bed->store, &streams[i], horizon, horizon, &removed));
    }
}

/* Where changes were too many: they go, and their shards stay for the day. */
TEST(stream_is_cut)
{
    struct table_definition definition = definition_of(TABLE_STREAM_NEW_IMAGE, NOON_MS);
    struct stream stream;
    struct table *table;
    struct bed bed;
    bool removed;

    bed_open(&bed);
    clock_set_test(NOON_MS);
    table = put(&bed, &definition);
    write_one(&bed, table, "a", "1");
    stream = find(&bed, NOON_MS);
    CHECK_OK(stream_go_on(bed.store, &stream, &stream.shards[0], 2));
    clock_set_test(NOON_MS + HOUR_MS);
    write_one(&bed, table, "a", "2");
    stream = find(&bed, NOON_MS);
    CHECK_OK(stream_trim(bed.store, &stream, stream_horizon(clock_wall_ms()),
                         (NOON_MS + HOUR_MS) << 16, &removed));
    CHECK(!removed);
    CHECK_TEXT(journal_text(&bed, 1), "2 a +2\n");
    CHECK_U64(find(&bed, NOON_MS).shard_count, 3);
    CHECK_OK(stream_trim(bed.store, &stream, stream_horizon(clock_wall_ms()), 0, &removed));
    CHECK_TEXT(journal_text(&bed, 1), "2 a +2\n");
    table_release(&table);
    bed_close(&bed);
}

TEST(stream_is_trimmed_and_ends_a_day_later)
{
    struct table_definition definition = definition_of(TABLE_STREAM_NEW_IMAGE, NOON_MS);
    struct stream stream;
    struct table *table;
    struct bed bed;

    bed_open(&bed);
    clock_set_test(NOON_MS);
    table = put(&bed, &definition);
    write_one(&bed, table, "a", "1");
    clock_set_test(NOON_MS + 2 * HOUR_MS);
    stream = find(&bed, NOON_MS);
    CHECK_OK(stream_go_on(bed.store, &stream, &stream.shards[0], 1));
    write_one(&bed, table, "a", "2");
    clock_set_test(NOON_MS + 3 * HOUR_MS);
    change(&bed, &table, TABLE_STREAM_OFF, NOON_MS);
    write_one(&bed, table, "a", "3");
    change(&bed, &table, TABLE_STREAM_NEW_IMAGE, NOON_MS + 3 * HOUR_MS);
    write_one(&bed, table, "a", "4");
    trim(&bed);
    CHECK_TEXT(journal_text(&bed, 1), "1 a +1\n2 a +2\n2 a +4\n");
    CHECK_U64(find(&bed, NOON_MS).shard_count, 2);

    clock_set_test(NOON_MS + 26 * HOUR_MS);
    trim(&bed);
    CHECK_TEXT(journal_text(&bed, 1), "2 a +2\n2 a +4\n");
    CHECK_U64(find(&bed, NOON_MS).shard_count, 2); /* its end is not older than a day */
    clock_set_test(NOON_MS + 26 * HOUR_MS + STREAM_TRIM_STEP_MS);
    trim(&bed);
    stream = find(&bed, NOON_MS);
    CHECK_U64(stream.shard_count, 1);
    CHECK_TEXT(journal_text(&bed, 1), "2 a +4\n");

    clock_set_test(NOON_MS + 27 * HOUR_MS + STREAM_TRIM_STEP_MS);
    trim(&bed);
    CHECK_ERR(stream_find(bed.store, key_of(&bed, NOON_MS), true, &bed.arena, &stream), ERR_ABSENT);
    CHECK_U64(find(&bed, NOON_MS + 3 * HOUR_MS).shard_count, 1); /* goes on */
    CHECK_U64(rows_with(&bed, "shard/"), 1);
    CHECK_TEXT(journal_text(&bed, 1), "");
    write_one(&bed, table, "a", "5");
    CHECK_TEXT(journal_text(&bed, 1), "2 a +5\n");
    table_release(&table);
    bed_close(&bed);
}

static void pause_a_little(void)
{
    struct timespec pause = {.tv_nsec = 2000000};

    nanosleep(&pause, NULL); /* sleep: part of the wait below */
}

/* The reaper removes a dropped table's record last. */
static void wait_until_purged(struct bed *bed)
{
    for (unsigned i = 0; i < 5000 && rows_with(bed, "table/") != 0; i++)
        pause_a_little();
    CHECK_U64(rows_with(bed, "table/"), 0);
}

TEST(stream_of_a_dropped_table_stays_for_a_day)
{
    struct table_definition definition = definition_of(TABLE_STREAM_NEW_IMAGE, NOON_MS);
    struct stream stream;
    struct table *table;
    struct bed bed;

    bed_open(&bed);
    clock_set_test(NOON_MS);
    table = put(&bed, &definition);
    write_one(&bed, table, "a", "1");
    catalog_change_begin(bed.catalog);
    CHECK_OK(catalog_drop(bed.catalog, table, 0));
    catalog_change_end(bed.catalog);
    table_release(&table);
    wait_until_purged(&bed);
    CHECK_TEXT(journal_text(&bed, 1), "1 a +1\n");
    stream = find(&bed, NOON_MS);
    CHECK_U64(stream.shard_count, 1);
    CHECK(stream.ended != 0 && stream.shards[0].end == stream.ended);

    clock_set_test(NOON_MS + 24 * HOUR_MS + STREAM_TRIM_STEP_MS);
    trim(&bed);
    CHECK_TEXT(journal_text(&bed, 1), "");
    CHECK_U64(rows_with(&bed, "s"), 0);
    bed_close(&bed);
}

TEST(stream_less_tables_leave_nothing)
{
    struct table_definition definition = definition_of(TABLE_STREAM_OFF, 0);
    struct table *table;
    struct bed bed;

    bed_open(&bed);
    table = put(&bed, &definition);
    write_one(&bed, table, "a", "1");
    CHECK_TEXT(journal_text(&bed, 1), "");
    CHECK_U64(rows_with(&bed, "s"), 0);
    table_release(&table);
    bed_close(&bed);
}

TEST(stream_list_goes_page_by_page)
{
    static const char *const names[] = {"A", "A-", "A.b", "B"};
    struct stream_query query = {.account = BYTES("000000000000"), .region = BYTES("us-east-1")};
    struct stream *streams;
    unsigned count, seen = 0;
    struct table *table;
    struct bed bed;
    bool more = true;

    bed_open(&bed);
    for (unsigned i = 0; i < 4; i++) {
        struct table_definition definition = definition_of(TABLE_STREAM_KEYS_ONLY, 7);

        definition.name = bytes_of_string(names[i]);
        table = put(&bed, &definition);
        table_release(&table);
    }
    query.limit = 1;
    while (more) {
        CHECK_OK(stream_list(bed.store, &query, true, &bed.arena, &streams, &count, &more));
        CHECK_U64(count, 1);
        query.after = streams[0].key;
        seen += count;
    }
    CHECK_U64(seen, 4);
    query.table = BYTES("A");
    query.after = (struct bytes){0};
    query.limit = 10;
    CHECK_OK(stream_list(bed.store, &query, true, &bed.arena, &streams, &count, &more));
    CHECK_U64(count, 1);
    CHECK_TEXT(streams[0].table.name, "A");
    query.account = BYTES("000000000001");
    CHECK_OK(stream_list(bed.store, &query, true, &bed.arena, &streams, &count, &more));
    CHECK_U64(count, 0);
    bed_close(&bed);
}

/* --- stele check ----------------------------------------------------------------------------- */

static void count_fault(void *ctx, const char *text)
{
    (void)text;
    ++*(unsigned *)ctx;
}

/* One more row, and what stele check then says. */
static unsigned faults_with(struct bed *bed, enum store_family family, struct bytes key,
                            struct bytes value)
{
    struct store_mutation *mutation = store_mutation_create();
    struct table_check_report report;
    unsigned faults = 0;
    enum err err;

    store_mutation_put(mutation, family, key, STORE_NO_STAMP, value, STORE_NO_STAMP);
    CHECK_OK(store_submit_and_wait(bed->store, NULL, &mutation));
    err = table_check(bed->catalog, count_fault, &faults, &report);
    CHECK_U64(faults, report.faults);
    CHECK((err == OK) == (faults == 0));
    mutation = store_mutation_create();
    store_mutation_delete(mutation, family, key);
    CHECK_OK(store_submit_and_wait(bed->store, NULL, &mutation));
    return faults;
}

static struct bytes change_of(struct bed *bed, const char *artist, const char *song,
                              uint64_t version)
{
    struct journal_record record = {
        .kind = JOURNAL_MODIFY,
        .flags = JOURNAL_HAS_NEW,
        .version = version,
        .keys = item_of(&bed->arena, artist, NULL),
        .new = item_of(&bed->arena, artist, song),
    };
    struct buf out;

    buf_init_arena(&out, &bed->arena, SIZE_MAX);
    journal_record_append(&out, &record);
    return buf_finish_arena(&out);
}

static unsigned faults_with_change(struct bed *bed, uint32_t table_id, const char *artist,
                                   uint64_t key_version, uint64_t version)
{
    struct journal_place place = {.version = key_version, .ordinal = 9};

    return faults_with(bed, STORE_JOURNAL, table_journal_key(table_id, 0, place, &bed->arena),
                       change_of(bed, artist, "2", version));
}

/* In how many of the lanes a change is one too many. */
static unsigned lanes_at_fault(struct bed *bed, uint64_t version)
{
    struct journal_place place = {.version = version, .ordinal = 9};
    unsigned lanes = 0;

    for (uint16_t lane = 0; lane <= TABLE_JOURNAL_LANES + 1; lane++)
        lanes += faults_with(bed, STORE_JOURNAL, table_journal_key(1, lane, place, &bed->arena),
                             change_of(bed, "a", "1", version));
    return lanes;
}

TEST(stream_check_finds_what_is_wrong)
{
    struct table_definition definition = definition_of(TABLE_STREAM_NEW_IMAGE, 7);
    uint64_t first, last;
    struct table *table;
    struct bed bed;

    bed_open(&bed);
    table = put(&bed, &definition);
    first = store_version(bed.store);
    write_one(&bed, table, "a", "1");
    last = store_version(bed.store);
    CHECK_U64(faults_with_change(&bed, 1, "a", first, first), 0);
    CHECK_U64(faults_with_change(&bed, 1, "gone", last, last), 0);
    CHECK_U64(faults_with_change(&bed, 1, "a", last, last), 1);         /* differs */
    CHECK_U64(faults_with_change(&bed, 1, "a", last + 1, last + 1), 1); /* newer */
    CHECK_U64(faults_with_change(&bed, 1, "gone", first, last), 1);     /* wrong place */
    CHECK_U64(faults_with_change(&bed, 2, "a", last, last), 1);         /* no such table */
    CHECK_U64(lanes_at_fault(&bed, first), TABLE_JOURNAL_LANES);        /* all but 0 and its own */
    CHECK_U64(faults_with(&bed, STORE_JOURNAL,
                          table_journal_key(1, 0, (struct journal_place){.version = 1}, &bed.arena),
                          BYTES("no record")),
              1);
    CHECK_U64(faults_with(&bed, STORE_DATA, table_meta_key(BYTES("shard/"), &bed.arena), BYTES("")),
              1);
    CHECK_U64(
        faults_with(
            &bed, STORE_DATA,
            table_meta_key(BYTES("shard/\0\0\0\1\0\0\0\0\0\0\0\7\0\4\2\1\1\1\1\1\1\1"), &bed.arena),
            BYTES("\2\1\0\0\0\0\0\0\0\0\0\0\0\5")),
        1); /* lanes that were not given up */
    CHECK_U64(
        faults_with(&bed, STORE_DATA, table_meta_key(BYTES("stream/a"), &bed.arena), BYTES("\1{}")),
        1);
    table_release(&table);
    bed_close(&bed);
}
