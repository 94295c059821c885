/* store_checkpoint.c - states of the store that are kept, and read while it changes.
 * RocksDB links its files into a folder, from which it is opened again, to be read only. The engine
 * in memory keeps a snapshot by the folder's name.
 */
#include "base/assert.h"
#include "base/file.h"
#include "base/mem.h"
#include "store/store_core_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct store_kept {
    struct store_kept *next;
    struct store_snapshot *snapshot;
    char path[];
};

struct store_view {
    struct store_engine *engine;
    bool owned;                      /* closed with the view */
    struct store_snapshot *snapshot; /* of an engine that is not */
};

static struct store_kept **find_kept(struct store *store, const char *path);

enum err store_checkpoint(struct store *store, const char *path, struct fault *fault)
{
    struct store_kept *kept;

    if (store->engine->class->checkpoint != NULL)
        return store->engine->class->checkpoint(store->engine, path, fault);
    kept = mem_zalloc(sizeof(*kept) + strlen(path) + 1);
    memcpy(kept->path, path, strlen(path) + 1);
    kept->snapshot = store_snapshot_begin(store);
    pthread_mutex_lock(&store->kept_lock);
    ASSERT(*find_kept(store, path) == NULL);
    kept->next = store->kept;
    store->kept = kept;
    pthread_mutex_unlock(&store->kept_lock);
    return OK;
}

void store_checkpoint_remove(struct store *store, const char *path)
{
    struct store_kept **at, *kept;
    size_t size = strlen(path) + 5;
    char *half;

    if (store->engine->class->checkpoint != NULL) {
        half = mem_alloc(size);
        snprintf(half, size, "%s.tmp", path);
        file_remove_folder(path);
        file_remove_folder(half);
        free(half);
        return;
    }
    pthread_mutex_lock(&store->kept_lock);
    at = find_kept(store, path);
    kept = *at;
    if (kept != NULL)
        *at = kept->next;
    pthread_mutex_unlock(&store->kept_lock);
    if (kept != NULL)
        store_snapshot_end(store, &kept->snapshot);
    free(kept);
}

void store_checkpoints_fini(struct store *store)
{
    while (store->kept != NULL)
        store_checkpoint_remove(store, store->kept->path);
    pthread_mutex_destroy(&store->kept_lock);
}

enum err store_view_open(struct store *store, const char *path, struct fault *fault,
                         struct store_view **view)
{
    struct store_view opened = {.engine = store->engine};
    struct store_kept *kept;
    enum err err;

    if (store->engine->class->open_checkpoint != NULL) {
        opened.owned = true;
        err = store->engine->class->open_checkpoint(store->engine, path, fault, &opened.engine);
        if (err != OK)
            return err;
    } else {
        pthread_mutex_lock(&store->kept_lock);
        kept = *find_kept(store, path);
        opened.snapshot = kept != NULL ? kept->snapshot : NULL;
        pthread_mutex_unlock(&store->kept_lock);
        if (kept == NULL)
            return fault_set(fault, ERR_ABSENT, "there is no checkpoint %s", path);
    }
    *view = mem_alloc(sizeof(**view));
    **view = opened;
    return OK;
}

void store_view_close(struct store_view **view)
{
    struct store_view *v = *view;

    if (v == NULL)
        return;
    *view = NULL;
    if (v->owned)
        v->engine->class->close(v->engine);
    free(v);
}

struct store_cursor *store_view_cursor(struct store_view *view, enum store_family family,
                                       struct store_range range)
{
    return view->engine->class->cursor_open(view->engine, view->snapshot, family, range, true);
}

/* Under the lock. Points to NULL: there is none. */
static struct store_kept **find_kept(struct store *store, const char *path)
{
    struct store_kept **at = &store->kept;

    while (*at != NULL && strcmp((*at)->path, path) != 0)
        at = &(*at)->next;
    return at;
}
