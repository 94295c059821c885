/* table_write.h - the one door through which items change.
 * A write names its items, is shown their newest images, decides purely, and is told when the
 * outcome is durable. PutItem, UpdateItem, batches, transactions, expiry and replication differ in
 * their decide function only. See architecture, "Writes".
 * Threads: table_write may be called on a loop (may_wait false) or a worker; done runs on the
 *          committer.
 */
#pragma once

#include "item/item.h"
#include "store/store.h"
#include "table/index_entry.h"

enum table_action { TABLE_KEEP, TABLE_PUT, TABLE_DELETE };

/* One item of a write. */
struct table_change {
    struct table *table; /* held by the caller until done */
    struct bytes key;    /* storage key (key_of_item) */
    /* the door fills in: */
    bool exists;
    struct item old; /* absent: without attributes */
    /* decide fills in: */
    enum table_action action;
    struct value attributes; /* of the new item */
    double units;            /* what it costs its table, also when the write fails; for settle */
    /* the door again, once it is decided: */
    struct bytes stored;        /* the new item */
    uint32_t new_size_bytes;    /* its size, 0 without one */
    struct index_diff *indexes; /* what it does to each index of the table, in the definition's
                                 * order; NULL: nothing to any */
};

/* A record besides the items, decided upon and changed together with them: a client's token. */
struct table_record {
    struct bytes key;
    /* the door fills in: */
    bool exists;
    struct bytes old;
    /* decide fills in: */
    struct bytes put; /* its new value; empty: it stays as it is */
};

/* Sets each change's action, or returns an error, with which the whole write ends and nothing
 * changes. Pure: may run more than once, with other images. */
typedef enum err table_decide_fn(void *ctx, struct table_change changes[], unsigned count);

/* Has the last word: called once, when all that follows from a decision is known, what it does to
 * indexes too, and nothing is submitted yet. `decided` is what decide returned, or why it cannot
 * be. Returns that or another error, and may turn changes into TABLE_KEEP. */
typedef enum err table_settle_fn(void *ctx, struct table_change changes[], unsigned count,
                                 enum err decided);
/* A change that was decided upon cannot be: ERR_ITEM_COLLECTION_SIZE_LIMIT_EXCEEDED, or
 * ERR_VALIDATION when an item is too large together with its entries in local indexes. Returns the
 * error with which the whole write ends; pure, like deciding. */
typedef enum err table_refused_fn(void *ctx, unsigned index, enum err err);

/* The outcome is durable. err is ERR_NO_SPACE when the write did not happen for want of space. */
typedef void table_done_fn(void *ctx, enum err err);

struct table_write {
    struct store *store;
    struct arena *arena; /* images and the new items' bytes */
    struct table_change *changes;
    unsigned count;               /* no two of the same item */
    struct table_record *records; /* NULL if there are none */
    unsigned record_count;        /* with count, at most STORE_KEYS_PER_HOLD_MAX */
    table_decide_fn *decide;
    table_settle_fn *settle;   /* NULL: every decision stands */
    table_refused_fn *refused; /* NULL: the error as it is */
    table_done_fn *done;
    void *ctx;                     /* of all three */
    const uint8_t *hash_key;       /* of slots (catalog.h); NULL if no table has an index */
    uint64_t collection_bytes_max; /* of an item collection; 0: what the service allows */
    bool may_wait;
    size_t images_bytes_max; /* larger images together are a worker's, if it may not wait; if it
                              * may, they are decided upon without their latches. Where it may,
                              * 0: never without them */
    bool by_service;         /* nobody asked for it: an item expired */
    bool kicks_later;        /* the caller calls store_kick itself, once for several writes */
    bool expires;            /* the door's: a table of these has items that expire */
    enum err decided;        /* what settle said last: the write's outcome once done says OK */
};

/* ERR_PENDING: done will be called, perhaps before this returns; touch nothing of the write after
 * it. Anything else is the outcome, at once: OK (nothing had to change), what decide returned,
 * ERR_WOULD_BLOCK (call again, where it may wait), ERR_BUSY, ERR_NO_SPACE, ERR_IO, ERR_CORRUPT. */
enum err table_write(struct table_write *write) MUST_CHECK;
