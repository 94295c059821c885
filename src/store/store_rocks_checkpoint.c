/* store_rocks_checkpoint.c - RocksDB's files linked into another folder, and that folder read.
 * What is in memory is not written out for it, which may have to wait until compactions have caught
 * up: it is in the log, whose newest file is copied, and is read from there. So clients' writes go
 * on, and the state that is kept is one that the committer made, the last of them or not.
 */
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/store_rocks_ext.h"
#include "store/store_rocks_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* The copied file of the log, besides what must stay free. */
#define ROOM_BYTES         (STORE_DIR_ROOM_BYTES_MIN + ((uint64_t)32 << 20))
#define WRITE_OUT_NEVER    UINT64_MAX
#define READER_CACHE_BYTES ((size_t)4 << 20)
#define READER_FILES_MAX   64

static enum err failed(const char *doing, const char *path, char *error, struct fault *fault)
{
    enum err err = rocks_is_no_space(error)                                  ? ERR_NO_SPACE
                   : strncmp(error, "Corruption", strlen("Corruption")) == 0 ? ERR_CORRUPT
                                                                             : ERR_IO;

    fault_set(fault, err, "cannot %s the checkpoint %s: %s", doing, path, error);
    free(error);
    return err;
}

/* Its name is in the folder above. */
static enum err sync_parent(const char *path, struct fault *fault)
{
    enum err err = file_sync_folder_of(path);

    return err == OK
               ? OK
               : fault_set(fault, err, "cannot sync the checkpoint %s: %s", path, strerror(errno));
}

enum err rocks_checkpoint(struct store_engine *engine, const char *path, struct fault *fault)
{
    struct rocks *rocks = rocks_of(engine);
    rocksdb_checkpoint_t *checkpoint;
    char *error = NULL;
    int ticket;
    enum err err = rocks_enter(rocks, NULL, true, &ticket);

    if (err == OK && store_dir_room_bytes(rocks->dir) < ROOM_BYTES)
        err = fault_set(fault, ERR_NO_SPACE, "cannot make the checkpoint %s: %s", path,
                        strerror(ENOSPC));
    if (err == OK) {
        checkpoint = rocksdb_checkpoint_object_create(rocks->db, &error);
        if (error == NULL)
            rocksdb_checkpoint_create(checkpoint, path, WRITE_OUT_NEVER, &error);
        if (checkpoint != NULL)
            rocksdb_checkpoint_object_destroy(checkpoint);
        if (error != NULL)
            err = failed("make", path, error, fault);
    }
    rocks_leave(rocks->gate, ticket);
    return err == OK ? sync_parent(path, fault) : err;
}

/* Of its own: not the block cache, not the log files of the database that is served. */
static void make_options(struct rocks *rocks)
{
    rocksdb_block_based_table_options_t *t = rocksdb_block_based_options_create();

    rocks->options = rocksdb_options_create();
    rocks->table_options = t;
    rocks->cache = rocksdb_cache_create_lru(READER_CACHE_BYTES);
    rocksdb_block_based_options_set_block_cache(t, rocks->cache);
    rocksdb_options_set_block_based_table_factory(rocks->options, t);
    rocksdb_options_set_max_open_files(rocks->options, READER_FILES_MAX);
    rocksdb_options_set_skip_stats_update_on_db_open(rocks->options, 1);
    store_rocks_ext_log_to(rocks->options, rocks_log_of_engine, log_enabled(LOG_DEBUG));
    rocks->read_all = rocks_read_options(true);
    rocks->read_memory = rocks_read_options(false);
    rocks->reads_once = true;
}

enum err rocks_open_checkpoint(struct store_engine *engine, const char *path, struct fault *fault,
                               struct store_engine **reader)
{
    struct rocks *rocks;
    const rocksdb_options_t *options[STORE_FAMILY_COUNT];
    char *error = NULL;

    if (access(path, F_OK) != 0)
        return fault_set(fault, ERR_ABSENT, "there is no checkpoint %s", path);
    rocks = mem_zalloc(sizeof(*rocks));
    rocks->engine.class = engine->class;
    rocks->gate = store_gate_create();
    make_options(rocks);
    for (int i = 0; i < STORE_FAMILY_COUNT; i++)
        options[i] = rocks->options;
    rocks->db = rocksdb_open_for_read_only_column_families(rocks->options, path, STORE_FAMILY_COUNT,
                                                           rocks_family_names, options,
                                                           rocks->families, 0, &error);
    if (error != NULL) {
        rocks->db = NULL;
        memset(rocks->families, 0, sizeof(rocks->families));
        engine->class->close(&rocks->engine);
        return failed("read", path, error, fault);
    }
    *reader = &rocks->engine;
    return OK;
}
