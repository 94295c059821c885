/* journal_cut.c - one record, and its version in memory. */
#include "table/journal_cut.h"

#include "table/stream.h"
#include "table/table_keys.h"

#define NAME   BYTES("journal-cut")
#define FORMAT 1
#define LENGTH (1 + 8)

enum err journal_cut_read(struct store *store, struct journal_cut *cut)
{
    struct arena arena;
    struct bytes record;
    enum err err;

    arena_init(&arena);
    err = store_get(store, NULL, STORE_DATA, table_meta_key(NAME, &arena), true, &arena, &record);
    if (err == OK && record.size > 0 && record.data[0] > FORMAT)
        err = ERR_NEWER_FORMAT;
    else if (err == OK && (record.size != LENGTH || record.data[0] == 0))
        err = ERR_CORRUPT;
    else if (err == OK)
        atomic_store(&cut->version, bytes_get_u64(record.data + 1));
    arena_fini(&arena);
    return err == ERR_ABSENT ? OK : err;
}

enum err journal_cut_move(struct store *store, struct journal_cut *cut, uint64_t version)
{
    uint8_t record[LENGTH] = {FORMAT};
    struct store_mutation *mutation;
    struct arena arena;
    enum err err;

    if (version <= atomic_load(&cut->version))
        return OK;
    bytes_put_u64(record + 1, version);
    mutation = store_mutation_create();
    arena_init(&arena);
    store_mutation_put(mutation, STORE_DATA, table_meta_key(NAME, &arena), STORE_NO_STAMP,
                       bytes_make(record, sizeof(record)), STORE_NO_STAMP);
    store_mutation_makes_room(mutation);
    err = store_submit_and_wait(store, NULL, &mutation);
    if (err == OK)
        atomic_store(&cut->version, version);
    store_mutation_destroy(&mutation);
    arena_fini(&arena);
    return err;
}

uint64_t journal_cut_horizon(const struct journal_cut *cut, uint64_t now_ms)
{
    uint64_t horizon = stream_horizon(now_ms);
    uint64_t version = atomic_load_explicit(&cut->version, memory_order_acquire);

    return version > horizon ? version : horizon;
}
