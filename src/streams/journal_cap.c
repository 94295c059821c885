/* journal_cap.c - sizes of ranges, and a search for the time from which on they are small enough.
 * Nothing is counted when records are written or removed: the engine knows what its files have.
 */
#include "streams/journal_cap.h"

#include "base/clock.h"
#include "table/catalog.h"
#include "table/journal_cut.h"
#include "table/recovery.h"
#include "table/stream.h"

#define PAGE         100
#define PRECISION_MS 100

/* Ids of the tables whose records are counted. */
struct counted {
    struct arena arena;
    uint32_t *ids;
    unsigned count, capacity;
};

static enum err find_tables(struct catalog *catalog, struct counted *counted);
static enum err size_from(struct store *store, struct counted *counted, uint64_t version,
                          uint64_t *bytes);

enum err journal_cap_find(struct catalog *catalog, uint64_t bytes_max, uint64_t *bytes,
                          uint64_t *cut)
{
    struct store *store = catalog_store(catalog);
    uint64_t now_ms = clock_wall_ms();
    uint64_t horizon = journal_cut_horizon(catalog_journal_cut(catalog), now_ms);
    uint64_t too_early_ms = stream_time_ms(horizon), late_ms = now_ms;
    struct counted counted = {0};
    enum err err;

    *cut = 0;
    arena_init(&counted.arena);
    err = find_tables(catalog, &counted);
    if (err == OK)
        err = size_from(store, &counted, horizon, bytes);
    if (err == OK && *bytes > bytes_max) {
        while (err == OK && late_ms > too_early_ms + PRECISION_MS) {
            uint64_t middle_ms = too_early_ms + (late_ms - too_early_ms) / 2, left;

            err = size_from(store, &counted, middle_ms << 16, &left);
            if (err == OK && left > bytes_max / 10 * 9)
                too_early_ms = middle_ms;
            else
                late_ms = middle_ms;
        }
        *cut = late_ms << 16;
    }
    arena_fini(&counted.arena);
    return err;
}

static void add_table(struct counted *counted, uint32_t id)
{
    if (counted->count > 0 && counted->ids[counted->count - 1] == id)
        return; /* another stream of the same table */
    if (counted->count == counted->capacity) {
        size_t before = counted->capacity * sizeof(counted->ids[0]);

        counted->capacity = counted->capacity == 0 ? PAGE : counted->capacity * 2;
        counted->ids = arena_resize(&counted->arena, counted->ids, before,
                                    counted->capacity * sizeof(counted->ids[0]));
    }
    counted->ids[counted->count++] = id;
}

static enum err find_tables(struct catalog *catalog, struct counted *counted)
{
    struct stream_query query = {.limit = PAGE};
    enum err err = OK;
    bool more = true;

    while (err == OK && more) {
        struct stream *streams;
        unsigned count;

        err = stream_list(catalog_store(catalog), &query, true, &counted->arena, &streams, &count,
                          &more);
        for (unsigned i = 0; err == OK && i < count; i++) {
            if (!recovery_keeps_changes_of(catalog, &streams[i].table))
                add_table(counted, streams[i].table.id);
            query.after = streams[i].key;
        }
    }
    return err;
}

static enum err size_from(struct store *store, struct counted *counted, uint64_t version,
                          uint64_t *bytes)
{
    struct journal_place from = {.version = version};
    uint64_t sum = 0, part;
    enum err err = OK;

    for (unsigned i = 0; err == OK && i < counted->count; i++) {
        struct arena_mark mark = arena_mark(&counted->arena);

        for (unsigned lane = 0; err == OK && lane < TABLE_JOURNAL_LANE_COUNT; lane++) {
            err = store_range_bytes(store, STORE_JOURNAL,
                                    table_journal_range(counted->ids[i], (uint16_t)lane, from,
                                                        UINT64_MAX, &counted->arena),
                                    &part);
            if (err == OK)
                sum += part;
        }
        arena_release(&counted->arena, mark);
    }
    if (err == OK)
        *bytes = sum;
    return err;
}
