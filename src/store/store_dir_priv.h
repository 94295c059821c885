/* store_dir_priv.h - the data directory, between its files: store_dir.c opens it and keeps what is
 * beside the engine's folder, store_dir_new.c makes a new one.
 */
#pragma once

#include "store/store_dir.h"

#include <stddef.h>

struct store_dir {
    char *path;
    char *engine_path;
    char *reserve_path;
    char *bulk_path;
    _Atomic uint64_t scratch_count; /* names in bulk/ that were given out */
    int lock_fd;
    int format_fd;      /* of FORMAT.new, while it is there */
    const char *engine; /* its name and version */
    unsigned major, minor;
    bool had_tables;
    bool is_unfinished; /* has no FORMAT yet */
    bool is_new;        /* made by us, and not kept yet */
    size_t made_bytes;  /* of path: the outermost folder that was made; 0: all were there */
};

/* Without FORMAT: ready for the engine to make its files, or to judge those of a directory that
 * lost it. */
enum err store_dir_begin_new(struct store_dir *dir, struct fault *fault) MUST_CHECK;
/* What was made for a directory that never got a record, so that the next start finds what this one
 * found. Its lock last: until then nobody else is here. */
void store_dir_remove_files(struct store_dir *dir);
/* Those that we made, as far as they are empty: a kept directory is not. */
void store_dir_remove_folders(struct store_dir *dir);

/* All of it or nothing, durable. In two parts, so that other files can be synced with it: begun, it
 * is not FORMAT yet. */
enum err store_dir_write_format(struct store_dir *dir, struct fault *fault) MUST_CHECK;
enum err store_dir_begin_format(struct store_dir *dir, struct fault *fault) MUST_CHECK;
enum err store_dir_end_format(struct store_dir *dir, struct fault *fault) MUST_CHECK;

/* free() it. */
char *store_dir_join(const char *folder, const char *name);
