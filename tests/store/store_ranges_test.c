/* store_ranges_test.c - ranges inside a prefix and across, on each engine, against a model: the
 * present and snapshots, both directions, after deletes, range deletes and restarts, which on
 * disk leave rows in memory, in several tables and in several levels.
 */

#include "store_bed.h"

#include <rocksdb/c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEYS_MAX  80
#define KEY_BYTES 24

struct row {
    uint8_t key[KEY_BYTES];
    size_t size;
    unsigned value; /* 0: not there */
};

struct model {
    struct row rows[KEYS_MAX]; /* in order of their keys */
    unsigned count;
};

static int compare_rows(const void *one, const void *other)
{
    const struct row *a = one, *b = other;

    return bytes_compare(bytes_make(a->key, a->size), bytes_make(b->key, b->size));
}

static void add_key(struct model *model, struct bytes prefix, struct bytes rest)
{
    struct row *row = &model->rows[model->count++];

    memcpy(row->key, prefix.data, prefix.size);
    memcpy(row->key + prefix.size, rest.data, rest.size);
    row->size = prefix.size + rest.size;
}

/* Neighbouring prefixes, with keys at both of their ends, and keys shorter than a prefix. */
static void make_model(struct model *model)
{
    static const char ends[][2] = {{0, 0}, {0, 1},           {0, '\xff'},
                                   {1, 0}, {'\xff', '\xfe'}, {'\xff', '\xff'}};
    static const struct bytes rests[] = {
        BYTES(""),  BYTES("\0"),  BYTES("\0\1"), BYTES("a"),      BYTES("a\0"),     BYTES("a\xff"),
        BYTES("b"), BYTES("c\1"), BYTES("\xff"), BYTES("\xff\0"), BYTES("\xff\xff")};
    static const struct bytes short_keys[] = {BYTES("k"), BYTES("kkkkkkkkkkkkk"),
                                              BYTES("kkkkkkkkkkkkk\0"), BYTES("kkkkkkkkkkkkk\xff"),
                                              BYTES("l")};
    uint8_t prefix[STORE_PREFIX_BYTES];

    *model = (struct model){0};
    memset(prefix, 'k', sizeof(prefix));
    for (unsigned p = 0; p < sizeof(ends) / sizeof(ends[0]); p++) {
        memcpy(prefix + STORE_PREFIX_BYTES - 2, ends[p], 2);
        for (unsigned r = 0; r < sizeof(rests) / sizeof(rests[0]); r++)
            add_key(model, bytes_make(prefix, sizeof(prefix)), rests[r]);
    }
    for (unsigned i = 0; i < sizeof(short_keys) / sizeof(short_keys[0]); i++)
        add_key(model, short_keys[i], BYTES(""));
    CHECK(model->count <= KEYS_MAX);
    qsort(model->rows, model->count, sizeof(model->rows[0]), compare_rows);
}

static struct bytes key_of(const struct row *row)
{
    return bytes_make(row->key, row->size);
}

static unsigned random_below(uint64_t *seed, unsigned limit)
{
    *seed ^= *seed << 13, *seed ^= *seed >> 7, *seed ^= *seed << 17;
    return (unsigned)(*seed >> 20) % limit;
}

static void change(struct bed *bed, struct model *model, uint64_t *seed, unsigned step)
{
    struct store_mutation *m = store_mutation_create();
    unsigned i = random_below(seed, model->count), action = random_below(seed, 20);
    unsigned end = i + 1 + random_below(seed, 6);
    char value[12];

    if (action < 12) {
        model->rows[i].value = step;
        snprintf(value, sizeof(value), "%u", step);
        store_mutation_put(m, STORE_DATA, key_of(&model->rows[i]), STORE_NO_STAMP,
                           bytes_of_string(value), STORE_NO_STAMP);
    } else if (action < 18 || end >= model->count) {
        model->rows[i].value = 0;
        store_mutation_delete(m, STORE_DATA, key_of(&model->rows[i]));
    } else {
        store_mutation_delete_range(m, STORE_DATA, key_of(&model->rows[i]),
                                    key_of(&model->rows[end]));
        for (unsigned k = i; k < end; k++)
            model->rows[k].value = 0;
    }
    CHECK_OK(store_submit_and_wait(bed->store, NULL, &m));
}

static bool is_inside(const struct row *row, struct store_range range)
{
    return row->value != 0 && bytes_compare(key_of(row), range.from) >= 0 &&
           bytes_compare(key_of(row), range.to) < 0;
}

/* Whether a walk of the range finds the model's rows, in order. */
static bool agrees(struct bed *bed, const struct model *model, struct store_snapshot *snapshot,
                   struct store_range range)
{
    struct store_cursor *cursor = store_cursor_open(bed->store, snapshot, STORE_DATA, range, true);
    struct bytes key, value;
    bool good = true;
    char expected[12];

    for (unsigned i = 0; good && i < model->count; i++) {
        const struct row *row = &model->rows[range.backward ? model->count - 1 - i : i];

        if (!is_inside(row, range))
            continue;
        snprintf(expected, sizeof(expected), "%u", row->value);
        good = store_cursor_next(cursor, &key, &value) == OK && bytes_equal(key, key_of(row)) &&
               bytes_equal_string(value, expected);
    }
    good = good && store_cursor_next(cursor, &key, &value) == ERR_ABSENT;
    store_cursor_close(&cursor);
    return good;
}

/* Ends are keys, so half of the ranges lie inside a prefix, and some are the wrong way round. */
static void compare_some(struct bed *bed, const struct model *model,
                         struct store_snapshot *snapshot, uint64_t *seed)
{
    for (unsigned i = 0; i < 8; i++) {
        unsigned from = random_below(seed, model->count), most = i < 4 ? model->count : 12;
        unsigned to = (from + random_below(seed, most)) % model->count;
        struct store_range range = {key_of(&model->rows[from]), key_of(&model->rows[to]),
                                    random_below(seed, 2) == 0};

        CHECK(agrees(bed, model, snapshot, range));
    }
}

static void ranges_agree_with_a_model(struct bed *bed)
{
    struct store_snapshot *snapshot = NULL;
    struct model model, then;
    uint64_t seed = 88172645463325252u;

    make_model(&model);
    for (unsigned step = 1; step <= 3000; step++) {
        change(bed, &model, &seed, step);
        if (step % 5 == 0)
            compare_some(bed, &model, NULL, &seed);
        if (snapshot != NULL && step % 7 == 0)
            compare_some(bed, &then, snapshot, &seed);
        if (snapshot != NULL && step % 100 == 0)
            store_snapshot_end(bed->store, &snapshot);
        if (bed->on_disk && step % 100 == 0) {
            bed_close(bed);
            bed_open(bed, true);
        }
        if (step % 100 == 50) {
            snapshot = store_snapshot_begin(bed->store);
            then = model;
        }
    }
}

ON_EACH_ENGINE(ranges_agree_with_a_model)

/* Puts every second row of the model into a table that knows nothing of prefixes. */
static void write_as_before(struct bed *bed, struct model *model)
{
    static const char *const names[] = {"default", "journal"};
    rocksdb_options_t *options = rocksdb_options_create();
    rocksdb_writeoptions_t *write_options = rocksdb_writeoptions_create();
    rocksdb_flushoptions_t *flush_options = rocksdb_flushoptions_create();
    const rocksdb_options_t *both[] = {options, options};
    rocksdb_block_based_table_options_t *table_options = rocksdb_block_based_options_create();
    rocksdb_column_family_handle_t *families[2];
    char path[300], value[12], *error = NULL;
    rocksdb_t *db;

    rocksdb_block_based_options_set_filter_policy(table_options,
                                                  rocksdb_filterpolicy_create_bloom_full(10));
    rocksdb_options_set_block_based_table_factory(options, table_options);
    snprintf(path, sizeof(path), "%s/rocks", bed->path);
    db = rocksdb_open_column_families(options, path, 2, names, both, families, &error);
    CHECK(error == NULL);
    for (unsigned i = 0; i < model->count; i += 2) {
        model->rows[i].value = 1000 + i;
        snprintf(value, sizeof(value), "%u", model->rows[i].value);
        rocksdb_put_cf(db, write_options, families[0], (const char *)model->rows[i].key,
                       model->rows[i].size, value, strlen(value), &error);
        CHECK(error == NULL);
    }
    rocksdb_flush_cf(db, flush_options, families[0], &error);
    CHECK(error == NULL);
    rocksdb_column_family_handle_destroy(families[0]);
    rocksdb_column_family_handle_destroy(families[1]);
    rocksdb_close(db);
    rocksdb_block_based_options_destroy(table_options);
    rocksdb_flushoptions_destroy(flush_options);
    rocksdb_writeoptions_destroy(write_options);
    rocksdb_options_destroy(options);
}

TEST(store_reads_tables_written_without_prefixes)
{
    struct bed bed = {0};
    struct model model;
    uint64_t seed = 4101842887655102017u;

    make_model(&model);
    bed_open(&bed, true);
    change(&bed, &model, &seed, 1);
    bed_close(&bed);
    write_as_before(&bed, &model);
    bed_open(&bed, true);
    for (unsigned step = 1; step <= 30; step++) {
        compare_some(&bed, &model, NULL, &seed);
        change(&bed, &model, &seed, step);
    }
    bed_close(&bed);
    bed_open(&bed, true);
    for (unsigned i = 0; i < 20; i++)
        compare_some(&bed, &model, NULL, &seed);
    bed_close(&bed);
}
