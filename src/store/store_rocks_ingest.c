/* store_rocks_ingest.c - rows that RocksDB takes in as files.
 * They are written beside the log in the format of its tables, in the compression of the last
 * level, where they stay: nothing is there in their range, so no compaction follows. All files of
 * one ingest become part of the database with one synced record of its manifest.
 */
#include "base/log.h"
#include "base/mem.h"
#include "store/store_rocks_priv.h"

#include <stdlib.h>
#include <unistd.h>

#define FILE_BYTES ((uint64_t)64 << 20) /* as large as the last level's */
/* Added between two looks at a file's size, and at what room is left. */
#define LOOK_BYTES ((uint64_t)4 << 20)

struct rocks_ingest {
    struct store_ingest ingest;
    struct rocks *rocks;
    rocksdb_envoptions_t *file_options;
    rocksdb_sstfilewriter_t *writer; /* NULL: no file is being written */
    char **paths;
    size_t path_count, path_capacity;
    uint64_t unlooked_bytes;
};

static enum err failed(const char *what, char *error)
{
    enum err err = rocks_is_no_space(error) ? ERR_NO_SPACE : ERR_IO;

    if (err == ERR_IO)
        LOG(ERROR, "cannot take in rows", log_string("what", what), log_string("why", error));
    free(error);
    return err;
}

static enum err begin_file(struct rocks_ingest *i)
{
    char *error = NULL, *path;
    enum err err = store_dir_scratch_file(i->rocks->dir, LOOK_BYTES, &path);

    if (err != OK)
        return err;
    if (i->path_count == i->path_capacity) {
        i->path_capacity = i->path_capacity == 0 ? 16 : i->path_capacity * 2;
        i->paths = mem_resize(i->paths, i->path_capacity * sizeof(i->paths[0]));
    }
    i->paths[i->path_count++] = path;
    i->writer = rocksdb_sstfilewriter_create(i->file_options, i->rocks->options);
    rocksdb_sstfilewriter_open(i->writer, path, &error);
    i->unlooked_bytes = 0;
    return error == NULL ? OK : failed("open", error);
}

/* Syncs it. */
static enum err end_file(struct rocks_ingest *i)
{
    char *error = NULL;

    rocksdb_sstfilewriter_finish(i->writer, &error);
    rocksdb_sstfilewriter_destroy(i->writer);
    i->writer = NULL;
    return error == NULL ? OK : failed("finish", error);
}

static enum err look(struct rocks_ingest *i)
{
    uint64_t bytes;

    i->unlooked_bytes = 0;
    rocksdb_sstfilewriter_file_size(i->writer, &bytes);
    if (bytes >= FILE_BYTES)
        return end_file(i);
    return store_dir_room_bytes(i->rocks->dir) >= LOOK_BYTES + 2 * STORE_DIR_ROOM_BYTES_MIN
               ? OK
               : ERR_NO_SPACE;
}

static enum err rocks_ingest_add(struct store_ingest *ingest, struct bytes key, struct bytes value)
{
    struct rocks_ingest *i = (struct rocks_ingest *)ingest;
    char *error = NULL;

    if (i->writer == NULL) {
        enum err err = begin_file(i);

        if (err != OK)
            return err;
    }
    rocksdb_sstfilewriter_put(i->writer, (const char *)key.data, key.size, (const char *)value.data,
                              value.size, &error);
    if (error != NULL)
        return failed("put", error);
    i->unlooked_bytes += key.size + value.size;
    return i->unlooked_bytes < LOOK_BYTES ? OK : look(i);
}

static enum err rocks_ingest_finish(struct store_ingest *ingest)
{
    struct rocks_ingest *i = (struct rocks_ingest *)ingest;
    rocksdb_ingestexternalfileoptions_t *options;
    char *error = NULL;
    int ticket;
    enum err err = OK;

    if (i->writer != NULL)
        err = end_file(i);
    if (err != OK || i->path_count == 0)
        return err;
    if (store_dir_room_bytes(i->rocks->dir) < 2 * STORE_DIR_ROOM_BYTES_MIN)
        return ERR_NO_SPACE;
    options = rocksdb_ingestexternalfileoptions_create();
    rocksdb_ingestexternalfileoptions_set_move_files(options, 1);
    err = rocks_enter(i->rocks, NULL, true, &ticket);
    if (err == OK)
        rocksdb_ingest_external_file_cf(i->rocks->db, i->rocks->families[STORE_DATA],
                                        (const char *const *)i->paths, i->path_count, options,
                                        &error);
    rocks_leave(i->rocks->gate, ticket);
    rocksdb_ingestexternalfileoptions_destroy(options);
    return error == NULL ? err : failed("ingest", error);
}

static void rocks_ingest_end(struct store_ingest *ingest)
{
    struct rocks_ingest *i = (struct rocks_ingest *)ingest;

    if (i->writer != NULL)
        rocksdb_sstfilewriter_destroy(i->writer);
    for (size_t n = 0; n < i->path_count; n++) {
        unlink(i->paths[n]); /* those that were taken in have moved */
        free(i->paths[n]);
    }
    free(i->paths);
    rocksdb_envoptions_destroy(i->file_options);
    free(i);
}

struct store_ingest *rocks_ingest_begin(struct store_engine *engine)
{
    struct rocks_ingest *i = mem_zalloc(sizeof(*i));

    i->ingest = (struct store_ingest){rocks_ingest_add, rocks_ingest_finish, rocks_ingest_end};
    i->rocks = rocks_of(engine);
    i->file_options = rocksdb_envoptions_create();
    return &i->ingest;
}
