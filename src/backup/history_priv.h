/* history_priv.h - between the files of history.
 *   history.c          the merge of items and changes, and which way is the shorter one
 *   history_collect.c  changes, sorted by the items they change
 */
#pragma once

#include "backup/history.h"
#include "backup/overlay.h"
#include "store/store.h"

/* What is wanted of each item that changed: what it was before, became, or both. */
enum history_images { HISTORY_OLD, HISTORY_NEW, HISTORY_BOTH };

struct history_collector {
    const struct history_source *source;
    const struct table_definition *table;
    uint64_t after, to; /* versions: changes newer than `after`, up to `to` */
    uint64_t needed;    /* the version from which on changes must still be kept */
    enum history_images images;
    history_stopping_fn *stopping;
    void *ctx;
    const struct store_snapshot *snapshot; /* older than the look into the archive */
    struct overlay *overlay;               /* the result */
    /* its own: */
    struct arena arena; /* of one change */
    uint64_t seen;
};

/* The errors of history_open. */
enum err history_collect(struct history_collector *collector) MUST_CHECK;

/* As it is stored. ERR_ABSENT: it is gone with its history, or recovery is off. */
enum err history_definition_now(const struct history_source *source, uint32_t table_id,
                                struct arena *arena,
                                struct table_definition *definition) MUST_CHECK;
