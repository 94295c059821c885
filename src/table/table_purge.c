/* table_purge.c - in chunks, so that a mutation stays small. */
#include "table/table_purge.h"

#define CHUNK_ROWS 1000
#define CHUNKS_MAX 20 /* then a range delete: cheaper for many rows, dearer for few */

enum err table_purge_range(struct store *store, enum store_family family, struct store_range range,
                           const _Atomic bool *stopping)
{
    enum err err = OK;
    bool more = true;

    for (unsigned chunk = 0; err == OK && more && !*stopping; chunk++) {
        struct store_mutation *mutation = store_mutation_create();
        struct store_cursor *cursor = store_cursor_open(store, NULL, family, range, true);
        struct bytes key, value;
        unsigned rows = 0;

        if (chunk == CHUNKS_MAX) {
            store_mutation_delete_range(mutation, family, range.from, range.to);
            more = false;
        } else {
            while (rows < CHUNK_ROWS && (err = store_cursor_next(cursor, &key, &value)) == OK) {
                store_mutation_delete(mutation, family, key);
                rows++;
            }
            more = err == OK;
            if (err == ERR_ABSENT)
                err = OK;
        }
        store_cursor_close(&cursor);
        if (err == OK && (rows != 0 || chunk == CHUNKS_MAX))
            err = store_submit_and_wait(store, NULL, &mutation);
        store_mutation_destroy(&mutation);
    }
    return err == OK && more ? ERR_CANCELLED : err;
}
