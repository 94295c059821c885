/* archive_limit.c - the oldest files of all tables, one after the other. */
#include "backup/archive_limit.h"

#include "backup/archive_write.h"
#include "base/log.h"
#include "table/catalog.h"
#include "table/recovery.h"
#include "table/table_keys.h"

/* A segment; or a base, which ends where it begins. */
struct oldest {
    uint32_t table_id; /* 0: there are no files */
    struct archive_segment file;
};

static enum err find_oldest(struct catalog *catalog, const char *dir, struct arena *arena,
                            uint64_t *total, struct oldest *oldest);
static enum err move_earliest(struct catalog *catalog, uint32_t table_id, uint64_t from_ms,
                              struct arena *arena, struct bytes *name);

enum err archive_limit(struct catalog *catalog, const char *dir, uint64_t bytes_max,
                       struct fault *fault)
{
    struct oldest oldest;
    struct bytes name = {0};
    struct arena arena, names;
    uint64_t total, from_ms = 0, removed = 0;
    enum err err;

    arena_init(&arena);
    arena_init(&names);
    while ((err = find_oldest(catalog, dir, &arena, &total, &oldest)) == OK && total > bytes_max &&
           oldest.table_id != 0) {
        if (oldest.file.from == oldest.file.to) {
            err = archive_remove_bases(dir, oldest.table_id, oldest.file.to + 1, fault);
        } else {
            from_ms = (oldest.file.to + 0xffff) >> 16; /* the first that is whole without it */
            arena_reset(&names);
            err = move_earliest(catalog, oldest.table_id, from_ms, &names, &name);
            if (err == OK)
                err = archive_remove_segment(dir, oldest.table_id, &oldest.file, fault);
            removed++;
        }
        if (err != OK)
            break;
        arena_reset(&arena);
    }
    if (removed != 0)
        LOG(WARN,
            "the archive of change records has reached its maximum: tables can be restored to "
            "fewer points in time than their recovery periods have; allow more bytes, or shorten "
            "the periods",
            log_u64("bytes_max", bytes_max), log_u64("segments_removed", removed),
            log_bytes("last_table", name), log_u64("its_earliest_ms", from_ms));
    arena_fini(&names);
    arena_fini(&arena);
    return err;
}

static void take_if_older(struct oldest *oldest, uint32_t table_id, struct archive_segment file)
{
    if (oldest->table_id == 0 || file.to < oldest->file.to)
        *oldest = (struct oldest){.table_id = table_id, .file = file};
}

/* *total: the bytes of all files that may go. A base is younger than the segment that ends with it.
 * What a table is being restored from stays, and others do not make room for it: if it is deleted,
 * it has no earliest time to be moved. */
static enum err find_oldest(struct catalog *catalog, const char *dir, struct arena *arena,
                            uint64_t *total, struct oldest *oldest)
{
    uint32_t *ids;
    unsigned count;
    enum err err = archive_tables(dir, arena, &ids, &count);

    *total = 0;
    *oldest = (struct oldest){0};
    for (unsigned i = 0; err == OK && i < count; i++) {
        unsigned segment_count, base_count = 0;
        struct archive_segment *segments;
        struct archive_base *bases;

        if (catalog_is_restoring_table(catalog, ids[i]))
            continue;
        err = archive_list(dir, ids[i], arena, &segments, &segment_count);
        if (err == OK)
            err = archive_bases(dir, ids[i], arena, &bases, &base_count);
        if (err != OK)
            break;
        for (unsigned j = 0; j < segment_count; j++)
            *total += segments[j].bytes;
        for (unsigned j = 0; j < base_count; j++)
            *total += bases[j].bytes;
        if (segment_count > 0)
            take_if_older(oldest, ids[i], segments[0]);
        if (base_count > 0)
            take_if_older(oldest, ids[i],
                          (struct archive_segment){.from = bases[0].at, .to = bases[0].at});
    }
    return err;
}

/* Under the change lock, which what is read of the table needs. */
static enum err move(struct catalog *catalog, uint32_t table_id, uint64_t from_ms,
                     struct arena *arena, struct table **table, struct table **published)
{
    struct table_definition next;
    struct bytes record;
    enum err err = store_get(catalog_store(catalog), NULL, STORE_DATA,
                             table_record_key(table_id, arena), true, arena, &record);

    if (err == OK)
        err = table_record_read(record, arena, &next);
    if (err != OK)
        return err;
    *table = catalog_acquire(catalog, next.account, next.region, next.name);
    if (*table == NULL || (*table)->definition.id != table_id ||
        !recovery_is_on(&(*table)->definition) || (*table)->definition.recovery.from_ms >= from_ms)
        return OK;
    next = (*table)->definition;
    next.recovery.from_ms = from_ms;
    return catalog_put(catalog, &next, published);
}

static enum err move_earliest(struct catalog *catalog, uint32_t table_id, uint64_t from_ms,
                              struct arena *arena, struct bytes *name)
{
    struct table *table = NULL, *published = NULL;
    enum err err;

    catalog_change_begin(catalog);
    err = move(catalog, table_id, from_ms, arena, &table, &published);
    catalog_change_end(catalog);
    *name = table != NULL ? arena_copy(arena, table->definition.name) : (struct bytes){0};
    table_release(&published);
    table_release(&table);
    return err == ERR_ABSENT ? OK : err; /* the table is gone */
}
