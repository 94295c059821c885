/* store_rocks.c - the RocksDB engine.
 * Two column families (data, journal) share one log, so a group is atomic across both. Only the
 * committer writes, one batch a group, synced; so RocksDB's concurrent, pipelined and unordered
 * writes stay off. RocksDB publishes a batch after its sync, which is what makes plain reads see
 * only what a crash cannot take back.
 * The formats of tables, filters and checksums are pinned, so that a newer packaged RocksDB goes on
 * writing what we chose; store_dir records the version: an older directory opens, and a newer
 * one is refused.
 * Full disk, from the mildest to the worst:
 *   - a group is refused while some room is left, before RocksDB hears of it. What is left is for
 *     writing out what is in memory.
 *   - RocksDB itself finds no space, in the background: it goes read-only and is told to resume.
 *   - an append to the log finds no space (a quota, which statvfs does not tell). The log ends in a
 *     torn record then, and RocksDB cannot go on behind it: with nothing in memory to write out, it
 *     would append to the torn log. Once there is room the database is opened anew, under its
 *     readers, which also drops the torn end; until then it is only read.
 */
#include "base/assert.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/store_rocks_ext.h"
#include "store/store_rocks_log.h"
#include "store/store_rocks_new.h"
#include "store/store_rocks_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEMTABLE_BYTES   ((size_t)8 << 20)
#define LOG_BYTES_MAX    ((uint64_t)128 << 20) /* bounds recovery */
#define OPENING_THREADS  4 /* of tables; RocksDB starts all of its 16 also where there are fewer */
#define BLOOM_BITS       10
#define MEMTABLE_BLOOM   0.02 /* of a memtable's bytes: 10 bits a slot at 64 bytes a row */
#define TABLE_FORMAT     5    /* of SST files: read and written by 6.6 and everything since */
#define BLOCK_BYTES      (8 << 10)
#define RECOVER_TO_POINT 2 /* kPointInTimeRecovery: what was synced, in order, up to a torn end */

#define ROOM_BYTES_MIN_DELETES ((uint64_t)1 << 20)
#define READERS_WAIT_MS        1000

/* Logs, manifests, tables being written, and tables that many readers have at a time. */
#define FILES_BESIDE_TABLES 64
#define TABLES_OPEN_MIN     20

const char *const rocks_family_names[STORE_FAMILY_COUNT] = {"default", "journal"};

static void make_options(struct rocks *rocks, const struct store_options *options);
static enum err open_db(struct rocks *rocks, struct fault *fault);
static void close_db(struct rocks *rocks);
static void rocks_close(struct store_engine *engine);

/* --- writing --------------------------------------------------------------------------------- */

static bool has_room(struct rocks *rocks, const struct store_mutation *group, struct buf *why)
{
    uint64_t room = store_dir_room_bytes(rocks->dir), needed = 0;
    bool adds_data = false;

    for (; group != NULL; group = group->next) {
        needed += group->bytes.size;
        adds_data |= group->adds_data;
    }
    needed += adds_data ? STORE_DIR_ROOM_BYTES_MIN : ROOM_BYTES_MIN_DELETES;
    if (room >= needed)
        return true;
    buf_append_format(why, "%llu bytes are left, %llu are needed", (unsigned long long)room,
                      (unsigned long long)needed);
    return false;
}

static void fill_batch(struct rocks *rocks, const struct store_mutation *group)
{
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
                                                   key.size, (const char *)value.data, value.size);
                break;
            }
        }
    }
}

static enum err rocks_write(struct store_engine *engine, const struct store_mutation *group,
                            struct buf *why)
{
    struct rocks *rocks = rocks_of(engine);
    char *error = NULL;
    enum err err = ERR_IO;

    rocks_count_nothing();
    if (!has_room(rocks, group, why))
        return ERR_NO_SPACE;
    fill_batch(rocks, group);
    rocksdb_write(rocks->db, rocks->write_synced, rocks->batch, &error);
    if (error == NULL) {
        store_dir_keep(rocks->dir);
        return OK;
    }
    buf_append_string(why, error);
    /* A sync that finds no space may have lost what it was to write, like any that fails. */
    if (rocks_is_no_space(error) && strstr(error, "While fsync") == NULL &&
        strstr(error, "While fdatasync") == NULL) {
        err = ERR_NO_SPACE;
        rocks->log_torn |= strstr(error, ".log: ") != NULL; /* the file's name, before the reason */
    }
    free(error);
    return err;
}

bool rocks_is_no_space(const char *error)
{
    return strstr(error, "No space left on device") != NULL;
}

/* Writes out what is in memory and goes on writing. */
static enum err resume(struct rocks *rocks, struct buf *why)
{
    char text[512];

    switch (
        store_rocks_ext_resume(rocks->db, store_dir_engine_path(rocks->dir), text, sizeof(text))) {
    case STORE_ROCKS_RESUMED:
        return OK;
    case STORE_ROCKS_NOT_AGAIN:
        rocks->log_torn = true;
        break;
    case STORE_ROCKS_NOT_YET:
        break;
    }
    buf_append_string(why, text);
    return ERR_NO_SPACE;
}

/* Readers wait, or find that it is not there if it cannot be opened. */
static enum err reopen(struct rocks *rocks, struct buf *why)
{
    struct arena arena;
    struct fault fault;
    enum err err;

    atomic_store(&rocks->engine.waits_for_readers, true);
    if (!store_gate_close(rocks->gate, READERS_WAIT_MS)) {
        buf_append_string(why, "readers are still busy");
        return ERR_NO_SPACE;
    }
    arena_init(&arena);
    fault_init(&fault, &arena);
    close_db(rocks);
    err = open_db(rocks, &fault);
    if (err == OK)
        rocks->log_torn = false;
    else
        buf_append_bytes(why, fault.message);
    atomic_store(&rocks->engine.waits_for_readers, false);
    store_gate_open(rocks->gate);
    arena_fini(&arena);
    return err;
}

static enum err rocks_make_room(struct store_engine *engine, struct buf *why)
{
    struct rocks *rocks = rocks_of(engine);

    store_dir_release_reserve(rocks->dir);
    if (!rocks->log_torn)
        return resume(rocks, why);
    buf_append_string(why, "the log ends in a torn record");
    return ERR_NO_SPACE;
}

static enum err rocks_restore_room(struct store_engine *engine, struct buf *why)
{
    struct rocks *rocks = rocks_of(engine);
    enum err err = store_dir_keep_reserve(rocks->dir);

    if (err == OK && !rocks->log_torn)
        err = resume(rocks, why);
    if (rocks->log_torn && store_dir_has_reserve(rocks->dir))
        return reopen(rocks, why);
    atomic_store(&engine->waits_for_readers, false); /* as long as there is no room for it */
    return err;
}

static enum err rocks_scratch_file(struct store_engine *engine, uint64_t bytes, char **path)
{
    return store_dir_scratch_file(rocks_of(engine)->dir, bytes, path);
}

/* --- opening --------------------------------------------------------------------------------- */

static const struct store_engine_class rocks_class = {
    .name = "rocksdb",
    .close = rocks_close,
    .snapshot_begin = rocks_snapshot_begin,
    .snapshot_end = rocks_snapshot_end,
    .get = rocks_get,
    .cursor_open = rocks_cursor_open,
    .range_bytes = rocks_range_bytes,
    .write = rocks_write,
    .make_room = rocks_make_room,
    .restore_room = rocks_restore_room,
    .ingest_begin = rocks_ingest_begin,
    .scratch_file = rocks_scratch_file,
    .checkpoint = rocks_checkpoint,
    .open_checkpoint = rocks_open_checkpoint,
};

enum err store_rocks_open(const struct store_options *options, struct fault *fault,
                          struct store_engine **engine)
{
    struct rocks *rocks = mem_zalloc(sizeof(*rocks));
    unsigned major, minor;
    enum err err;

    rocks->engine.class = &rocks_class;
    rocks->gate = store_gate_create();
    store_rocks_ext_version(&major, &minor);
    err = store_dir_open(options->path, rocks_class.name, major, minor, fault, &rocks->dir);
    if (err == OK) {
        rocks->engine.had_records = store_dir_had_tables(rocks->dir);
        make_options(rocks, options);
        err = open_db(rocks, fault);
    }
    if (err == ERR_NO_SPACE && rocks->dir != NULL) {
        store_dir_release_reserve(rocks->dir); /* what it is for */
        err = open_db(rocks, fault);
    }
    if (err == OK) {
        store_rocks_new_end(rocks->files);
        err = store_dir_finish(rocks->dir, fault);
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

    close_db(rocks);
    if (rocks->batch != NULL)
        rocksdb_writebatch_destroy(rocks->batch);
    if (rocks->write_synced != NULL)
        rocksdb_writeoptions_destroy(rocks->write_synced);
    if (rocks->read_memory != NULL)
        rocksdb_readoptions_destroy(rocks->read_memory);
    if (rocks->read_all != NULL)
        rocksdb_readoptions_destroy(rocks->read_all);
    if (rocks->journal_options != NULL)
        rocksdb_options_destroy(rocks->journal_options);
    if (rocks->options != NULL)
        rocksdb_options_destroy(rocks->options);
    if (rocks->table_options != NULL)
        rocksdb_block_based_options_destroy(rocks->table_options);
    if (rocks->cache != NULL)
        rocksdb_cache_destroy(rocks->cache);
    if (rocks->log != NULL)
        store_rocks_log_destroy(&rocks->log);
    if (rocks->files != NULL)
        store_rocks_new_destroy(&rocks->files);
    store_gate_destroy(&rocks->gate);
    store_dir_close(&rocks->dir);
    free(rocks);
}

/* Open tables have their indexes and filters in memory, so as many as may be. A file that cannot be
 * opened in a write ends the process. */
static int tables_open_max(const struct store_options *options)
{
    if (options->files_max == 0)
        return -1;
    if (options->files_max < FILES_BESIDE_TABLES + TABLES_OPEN_MIN)
        return TABLES_OPEN_MIN;
    return (int)(options->files_max - FILES_BESIDE_TABLES);
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
    rocksdb_block_based_options_set_filter_policy(
        t, rocksdb_filterpolicy_create_bloom_full(BLOOM_BITS));
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
    rocks->files = store_rocks_new_create(o, store_dir_engine_path(rocks->dir),
                                          store_dir_is_unfinished(rocks->dir));
    rocks->log = store_rocks_log_create(o, store_dir_engine_path(rocks->dir));
    store_rocks_ext_compact_in_background(o);
    rocksdb_options_set_bytes_per_sync(o, 1 << 20);
    rocksdb_options_set_compression(o, rocksdb_lz4_compression);
    rocksdb_options_set_bottommost_compression(o, rocksdb_zstd_compression);
    rocksdb_options_set_max_open_files(o, tables_open_max(options));
    rocksdb_options_set_max_file_opening_threads(
        o, store_dir_had_tables(rocks->dir) ? OPENING_THREADS : 1);
    rocksdb_options_set_stats_dump_period_sec(o, 0);
    store_rocks_ext_resume_when_told(o);
    store_rocks_ext_log_to(o, rocks_log_of_engine, log_enabled(LOG_DEBUG));
    rocks->journal_options = rocksdb_options_create_copy(o); /* read in long ranges only */
    /* What is gone in a day is not worth zstd's time: with it, a write with a change record cost
     * half as much again. */
    rocksdb_options_set_bottommost_compression(rocks->journal_options, rocksdb_lz4_compression);
    store_rocks_ext_filter_prefixes(o, STORE_PREFIX_BYTES);
    rocksdb_options_set_memtable_prefix_bloom_size_ratio(o, MEMTABLE_BLOOM);

    rocks->write_synced = rocksdb_writeoptions_create();
    rocksdb_writeoptions_set_sync(rocks->write_synced, 1);
    rocks->read_all = rocks_read_options(true);
    rocks->read_memory = rocks_read_options(false);
    rocks->batch = rocksdb_writebatch_create();
}

/* What matters to an operator, we say ourselves, with what to do; this is to look closer. */
void rocks_log_of_engine(bool is_error, const char *text)
{
    if (is_error)
        LOG(WARN, "engine", log_string("text", text));
    else
        LOG(DEBUG, "engine", log_string("text", text));
}

static enum err open_db(struct rocks *rocks, struct fault *fault)
{
    const rocksdb_options_t *options[STORE_FAMILY_COUNT] = {
        [STORE_DATA] = rocks->options,
        [STORE_JOURNAL] = rocks->journal_options,
    };
    const char *path = store_dir_engine_path(rocks->dir);
    char *error = NULL;
    enum err err;

    rocks->db = rocksdb_open_column_families(rocks->options, path, STORE_FAMILY_COUNT,
                                             rocks_family_names, options, rocks->families, &error);
    if (error == NULL)
        return OK;
    rocks->db = NULL;
    memset(rocks->families, 0, sizeof(rocks->families));
    err = strncmp(error, "Corruption", strlen("Corruption")) == 0 ? ERR_CORRUPT
          : rocks_is_no_space(error)                              ? ERR_NO_SPACE
                                                                  : ERR_IO;
    fault_set(fault, err, "cannot open the data directory's engine files in %s: %s. %s", path,
              error,
              err == ERR_CORRUPT
                  ? "They are damaged: restore the directory from a backup"
                  : "Check the disk, its free space and the files' owner, then start again");
    free(error);
    return err;
}

static void close_db(struct rocks *rocks)
{
    for (int i = 0; i < STORE_FAMILY_COUNT; i++)
        if (rocks->families[i] != NULL)
            rocksdb_column_family_handle_destroy(rocks->families[i]);
    memset(rocks->families, 0, sizeof(rocks->families));
    if (rocks->db != NULL)
        rocksdb_close(rocks->db);
    rocks->db = NULL;
}
