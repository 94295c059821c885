/* store_rocks.c - the RocksDB engine.
 * Two column families (data, journal) share one log, so a group is atomic across both. Only the
 * committer writes, one batch a group, synced; so RocksDB's concurrent, pipelined and unordered
 * writes stay off. RocksDB publishes a batch after its sync, which is what makes plain reads see
 * only what a crash cannot take back.
 * The formats of tables, filters and checksums are pinned, so that a newer packaged RocksDB goes on
 * writing what we chose; store_dir records the version, an older directory opens, a newer is refused.
 */
#include <rocksdb/c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/store_dir.h"
#include "store/store_priv.h"
#include "store/store_rocks_ext.h"

#define MEMTABLE_BYTES   ((size_t)8 << 20)
#define LOG_BYTES_MAX    ((uint64_t)128 << 20) /* bounds recovery */
#define BLOOM_BITS       10
#define TABLE_FORMAT     5 /* of SST files: read and written by 6.6 and everything since */
#define BLOCK_BYTES      (8 << 10)
#define READ_TIER_ALL    0
#define READ_TIER_MEMORY 1
#define RECOVER_TO_POINT 2 /* kPointInTimeRecovery: what was synced, in order, up to a torn end */

struct rocks {
    struct store_engine engine;
    struct store_dir *dir;
    rocksdb_t *db;
    rocksdb_options_t *options;
    rocksdb_block_based_table_options_t *table_options;
    rocksdb_cache_t *cache;
    rocksdb_column_family_handle_t *families[STORE_FAMILY_COUNT];
    rocksdb_writeoptions_t *write_synced;
    rocksdb_readoptions_t *read_memory, *read_all;
    rocksdb_writebatch_t *batch;
};

struct rocks_cursor {
    struct store_cursor cursor;
    rocksdb_readoptions_t *options;
    rocksdb_iterator_t *iterator;
    struct store_range range;
    bool begun;
};

static const char *const family_names[STORE_FAMILY_COUNT] = {"default", "journal"};

static void make_options(struct rocks *rocks, const struct store_options *options);
static void log_of_engine(bool is_error, const char *text);
static enum err open_db(struct rocks *rocks, struct fault *fault);
static rocksdb_readoptions_t *make_read_options(bool may_wait);
static enum err error_of(char *text);
static void rocks_close(struct store_engine *engine);

/* The only way from the interface to the engine's own structure. */
static struct rocks *rocks_of(struct store_engine *engine)
{
    return (struct rocks *)engine;
}

/* --- reading --------------------------------------------------------------------------------- */

static struct store_snapshot *rocks_snapshot_begin(struct store_engine *engine)
{
    return (struct store_snapshot *)rocksdb_create_snapshot(rocks_of(engine)->db);
}

static void rocks_snapshot_end(struct store_engine *engine, struct store_snapshot *snapshot)
{
    rocksdb_release_snapshot(rocks_of(engine)->db, (rocksdb_snapshot_t *)snapshot);
}

static enum err rocks_get(struct store_engine *engine, const struct store_snapshot *snapshot,
                          enum store_family family, struct bytes key, bool may_wait,
                          struct arena *arena, struct bytes *value)
{
    struct rocks *rocks = rocks_of(engine);
    rocksdb_readoptions_t *options = may_wait ? rocks->read_all : rocks->read_memory;
    rocksdb_readoptions_t *own = NULL;
    rocksdb_pinnableslice_t *slice;
    char *error = NULL;
    enum err err = OK;

    if (snapshot != NULL) {
        options = own = make_read_options(may_wait);
        rocksdb_readoptions_set_snapshot(own, (const rocksdb_snapshot_t *)snapshot);
    }
    slice = rocksdb_get_pinned_cf(rocks->db, options, rocks->families[family],
                                  (const char *)key.data, key.size, &error);
    if (error != NULL) {
        err = error_of(error);
    } else if (slice == NULL) {
        err = ERR_ABSENT;
    } else {
        size_t size;
        const char *data = rocksdb_pinnableslice_value(slice, &size);

        *value = arena_copy(arena, bytes_make(data, size));
    }
    if (slice != NULL)
        rocksdb_pinnableslice_destroy(slice);
    if (own != NULL)
        rocksdb_readoptions_destroy(own);
    return err;
}

static enum err rocks_cursor_next(struct store_cursor *cursor, struct bytes *key,
                                  struct bytes *value)
{
    struct rocks_cursor *c = (struct rocks_cursor *)cursor;
    rocksdb_iterator_t *it = c->iterator;
    char *error = NULL;
    size_t size;
    const char *data;

    if (!c->begun && !c->range.backward)
        rocksdb_iter_seek(it, (const char *)c->range.from.data, c->range.from.size);
    else if (!c->begun)
        rocksdb_iter_seek_to_last(it); /* of what the upper bound leaves */
    else if (!c->range.backward)
        rocksdb_iter_next(it);
    else
        rocksdb_iter_prev(it);
    c->begun = true;
    if (!rocksdb_iter_valid(it)) {
        rocksdb_iter_get_error(it, &error);
        return error != NULL ? error_of(error) : ERR_ABSENT;
    }
    data = rocksdb_iter_key(it, &size);
    *key = bytes_make(data, size);
    data = rocksdb_iter_value(it, &size);
    *value = bytes_make(data, size);
    return OK;
}

static void rocks_cursor_close(struct store_cursor *cursor)
{
    struct rocks_cursor *c = (struct rocks_cursor *)cursor;

    rocksdb_iter_destroy(c->iterator);
    rocksdb_readoptions_destroy(c->options);
    free(c);
}

static struct store_cursor *rocks_cursor_open(struct store_engine *engine,
                                              const struct store_snapshot *snapshot,
                                              enum store_family family, struct store_range range,
                                              bool may_wait)
{
    struct rocks *rocks = rocks_of(engine);
    struct rocks_cursor *c = mem_zalloc(sizeof(*c));

    c->cursor.next = rocks_cursor_next;
    c->cursor.close = rocks_cursor_close;
    c->range = range;
    c->options = make_read_options(may_wait);
    if (snapshot != NULL)
        rocksdb_readoptions_set_snapshot(c->options, (const rocksdb_snapshot_t *)snapshot);
    if (range.from.size != 0)
        rocksdb_readoptions_set_iterate_lower_bound(c->options, (const char *)range.from.data,
                                                    range.from.size);
    if (range.to.size != 0)
        rocksdb_readoptions_set_iterate_upper_bound(c->options, (const char *)range.to.data,
                                                    range.to.size);
    c->iterator = rocksdb_create_iterator_cf(rocks->db, c->options, rocks->families[family]);
    return &c->cursor;
}

/* --- writing --------------------------------------------------------------------------------- */

static enum err rocks_write(struct store_engine *engine, const struct store_mutation *group,
                            struct buf *why)
{
    struct rocks *rocks = rocks_of(engine);
    char *error = NULL;
    bool full;

    rocksdb_writebatch_clear(rocks->batch);
    for (; group != NULL; group = group->next) {
        for (unsigned i = 0; i < group->op_count; i++) {
            const struct store_op *op = &group->ops[i];
            struct bytes key = store_op_key(group, op), value = store_op_value(group, op);
            rocksdb_column_family_handle_t *family = rocks->families[op->family];

            switch ((enum store_op_kind)op->kind) {
            case STORE_OP_PUT:
                rocksdb_writebatch_put_cf(rocks->batch, family, (const char *)key.data, key.size,
                                          (const char *)value.data, value.size);
                break;
            case STORE_OP_DELETE:
                rocksdb_writebatch_delete_cf(rocks->batch, family, (const char *)key.data,
                                             key.size);
                break;
            case STORE_OP_DELETE_RANGE:
                rocksdb_writebatch_delete_range_cf(rocks->batch, family, (const char *)key.data,
                                                   key.size, (const char *)value.data,
                                                   value.size);
                break;
            }
        }
    }
    rocksdb_write(rocks->db, rocks->write_synced, rocks->batch, &error);
    if (error == NULL)
        return OK;
    buf_append_string(why, error);
    full = strstr(error, "No space left on device") != NULL;
    free(error);
    return full ? ERR_NO_SPACE : ERR_IO;
}

static enum err resume(struct rocks *rocks, struct buf *why)
{
    char text[512];

    if (store_rocks_ext_resume(rocks->db, store_dir_engine_path(rocks->dir), text, sizeof(text)))
        return OK;
    buf_append_string(why, text);
    return ERR_NO_SPACE;
}

static enum err rocks_make_room(struct store_engine *engine, struct buf *why)
{
    struct rocks *rocks = rocks_of(engine);

    store_dir_release_reserve(rocks->dir);
    return resume(rocks, why);
}

static enum err rocks_restore_room(struct store_engine *engine, struct buf *why)
{
    struct rocks *rocks = rocks_of(engine);
    enum err err = store_dir_keep_reserve(rocks->dir);

    return err != OK ? err : resume(rocks, why);
}

/* --- opening --------------------------------------------------------------------------------- */

static const struct store_engine_class rocks_class = {
    .name = "rocksdb",
    .close = rocks_close,
    .snapshot_begin = rocks_snapshot_begin,
    .snapshot_end = rocks_snapshot_end,
    .get = rocks_get,
    .cursor_open = rocks_cursor_open,
    .write = rocks_write,
    .make_room = rocks_make_room,
    .restore_room = rocks_restore_room,
};

enum err store_rocks_open(const struct store_options *options, struct fault *fault,
                          struct store_engine **engine)
{
    struct rocks *rocks = mem_zalloc(sizeof(*rocks));
    unsigned major, minor;
    enum err err;

    rocks->engine.class = &rocks_class;
    store_rocks_ext_version(&major, &minor);
    err = store_dir_open(options->path, rocks_class.name, major, minor, fault, &rocks->dir);
    if (err == OK) {
        rocks->engine.had_records = store_dir_had_tables(rocks->dir);
        make_options(rocks, options);
        err = open_db(rocks, fault);
    }
    if (err != OK) {
        rocks_close(&rocks->engine);
        return err;
    }
    *engine = &rocks->engine;
    return OK;
}

static void rocks_close(struct store_engine *engine)
{
    struct rocks *rocks = rocks_of(engine);

    for (int i = 0; i < STORE_FAMILY_COUNT; i++)
        if (rocks->families[i] != NULL)
            rocksdb_column_family_handle_destroy(rocks->families[i]);
    if (rocks->db != NULL)
        rocksdb_close(rocks->db);
    if (rocks->batch != NULL)
        rocksdb_writebatch_destroy(rocks->batch);
    if (rocks->write_synced != NULL)
        rocksdb_writeoptions_destroy(rocks->write_synced);
    if (rocks->read_memory != NULL)
        rocksdb_readoptions_destroy(rocks->read_memory);
    if (rocks->read_all != NULL)
        rocksdb_readoptions_destroy(rocks->read_all);
    if (rocks->options != NULL)
        rocksdb_options_destroy(rocks->options);
    if (rocks->table_options != NULL)
        rocksdb_block_based_options_destroy(rocks->table_options);
    if (rocks->cache != NULL)
        rocksdb_cache_destroy(rocks->cache);
    store_dir_close(&rocks->dir);
    free(rocks);
}

static void make_options(struct rocks *rocks, const struct store_options *options)
{
    rocksdb_options_t *o = rocksdb_options_create();
    rocksdb_block_based_table_options_t *t = rocksdb_block_based_options_create();

    rocks->options = o;
    rocks->table_options = t;
    rocks->cache = rocksdb_cache_create_lru(options->cache_bytes);

    rocksdb_block_based_options_set_block_cache(t, rocks->cache);
    rocksdb_block_based_options_set_block_size(t, BLOCK_BYTES);
    rocksdb_block_based_options_set_format_version(t, TABLE_FORMAT);
    rocksdb_block_based_options_set_filter_policy(t, rocksdb_filterpolicy_create_bloom_full(
                                                         BLOOM_BITS));
    rocksdb_block_based_options_set_data_block_index_type(
        t, rocksdb_block_based_table_data_block_index_type_binary_search_and_hash);
    rocksdb_options_set_block_based_table_factory(o, t);

    rocksdb_options_set_create_if_missing(o, 1);
    rocksdb_options_set_create_missing_column_families(o, 1);
    rocksdb_options_set_paranoid_checks(o, 1);
    rocksdb_options_set_wal_recovery_mode(o, RECOVER_TO_POINT);
    rocksdb_options_set_max_total_wal_size(o, LOG_BYTES_MAX);
    rocksdb_options_set_allow_concurrent_memtable_write(o, 0);
    rocksdb_options_set_write_buffer_size(o, MEMTABLE_BYTES);
    rocksdb_options_set_max_write_buffer_number(o, 3);
    rocksdb_options_set_level_compaction_dynamic_level_bytes(o, 1);
    rocksdb_options_set_max_background_jobs(o, 2);
    rocksdb_options_set_bytes_per_sync(o, 1 << 20);
    rocksdb_options_set_compression(o, rocksdb_lz4_compression);
    rocksdb_options_set_bottommost_compression(o, rocksdb_zstd_compression);
    rocksdb_options_set_max_open_files(o, -1); /* indexes and filters stay in memory */
    rocksdb_options_set_stats_dump_period_sec(o, 0);
    store_rocks_ext_log_to(o, log_of_engine, log_enabled(LOG_DEBUG));

    rocks->write_synced = rocksdb_writeoptions_create();
    rocksdb_writeoptions_set_sync(rocks->write_synced, 1);
    rocks->read_all = make_read_options(true);
    rocks->read_memory = make_read_options(false);
    rocks->batch = rocksdb_writebatch_create();
}

/* What matters to an operator, we say ourselves, with what to do; this is to look closer. */
static void log_of_engine(bool is_error, const char *text)
{
    if (is_error)
        LOG(WARN, "engine", log_string("text", text));
    else
        LOG(DEBUG, "engine", log_string("text", text));
}

static enum err open_db(struct rocks *rocks, struct fault *fault)
{
    const rocksdb_options_t *options[STORE_FAMILY_COUNT] = {rocks->options, rocks->options};
    const char *path = store_dir_engine_path(rocks->dir);
    char *error = NULL;
    enum err err;

    rocks->db = rocksdb_open_column_families(rocks->options, path, STORE_FAMILY_COUNT,
                                             family_names, options, rocks->families, &error);
    if (error == NULL)
        return OK;
    rocks->db = NULL;
    memset(rocks->families, 0, sizeof(rocks->families));
    err = strncmp(error, "Corruption", strlen("Corruption")) == 0 ? ERR_CORRUPT : ERR_IO;
    fault_set(fault, err,
              "cannot open the data directory's engine files in %s: %s. %s", path, error,
              err == ERR_CORRUPT
                  ? "They are damaged: restore the directory from a backup"
                  : "Check the disk, its free space and the files' owner, then start again");
    free(error);
    return err;
}

static rocksdb_readoptions_t *make_read_options(bool may_wait)
{
    rocksdb_readoptions_t *options = rocksdb_readoptions_create();

    rocksdb_readoptions_set_read_tier(options, may_wait ? READ_TIER_ALL : READ_TIER_MEMORY);
    return options;
}

/* Frees the text. "Result incomplete": the memory tier did not have it. */
static enum err error_of(char *text)
{
    enum err err = ERR_IO;

    if (strncmp(text, "Result incomplete", strlen("Result incomplete")) == 0)
        err = ERR_WOULD_BLOCK;
    else if (strncmp(text, "Corruption", strlen("Corruption")) == 0)
        err = ERR_CORRUPT;
    free(text);
    return err;
}
