/* store_rocks_new.h - the files of a database that is being made: synced when it is there.
 * RocksDB makes a database in a dozen steps and syncs each, so that a power cut leaves one of them.
 * A new data directory needs none: what is found in it before it is complete is thrown away
 * (store_dir.h). So these syncs are left out, and who asked for it syncs what there is in the end.
 * It writes its options to a file each time it opens, twice, synced, and reads it back: for tools
 * that open a database they know nothing of. Ours are in the program; there is no such file.
 * Threads: any.
 */
#pragma once

#include <rocksdb/c.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

struct store_rocks_new;

/* Gives the options an environment like theirs, of such files; folder: the database's. is_new: its
 * syncs are left out until store_rocks_new_end. The database is closed before the environment
 * goes. */
struct store_rocks_new *store_rocks_new_create(rocksdb_options_t *options, const char *folder,
                                               bool is_new);
void store_rocks_new_end(struct store_rocks_new *files);
void store_rocks_new_destroy(struct store_rocks_new **files);

#ifdef __cplusplus
}
#endif
