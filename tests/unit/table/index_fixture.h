/* index_fixture.h - a store with one table that has indexes, and writes that wait. */
#pragma once

#include "base/clock.h"
#include "item/item_fixture.h"
#include "store/store.h"
#include "table/catalog.h"
#include "table/index_expiry.h"
#include "table/index_write.h"
#include "table/table_check.h"
#include "table/table_keys.h"
#include "table/table_write.h"

#include <semaphore.h>
#include <time.h>

struct index_bed {
    struct store *store;
    struct catalog *catalog;
    struct table *table;
    struct arena arena;
    struct fault fault;
    char path[256];
    bool on_disk;
};

static const struct table_definition index_bed_table = {
    .account = BYTES("000000000000"),
    .region = BYTES("us-east-1"),
    .name = BYTES("Music"),
    .uuid = "95277133-af3f-4e39-a592-817668590251",
    .created_ms = 1700000000123,
    .schema = {1, 1, {{BYTES("pk"), VALUE_S}, {BYTES("sk"), VALUE_N}}},
    .settings = {.billing = TABLE_PAY_PER_REQUEST},
    .status = TABLE_ACTIVE,
};
static struct bytes index_bed_included[] = {BYTES("a"), BYTES("b")};
static const struct table_index index_bed_indexes[] = {
    {.id = 1,
     .status = INDEX_ACTIVE,
     .definition = {.name = BYTES("Local"),
                    .kind = INDEX_LOCAL,
                    .schema = {1, 1, {{BYTES("pk"), VALUE_S}, {BYTES("l"), VALUE_N}}},
                    .projection = INDEX_PROJECTS_ALL}},
    {.id = 2,
     .status = INDEX_ACTIVE,
     .definition = {.name = BYTES("Keys"),
                    .kind = INDEX_GLOBAL,
                    .schema = {1, 1, {{BYTES("g"), VALUE_S}, {BYTES("l"), VALUE_N}}},
                    .projection = INDEX_PROJECTS_KEYS}},
    {.id = 3,
     .status = INDEX_ACTIVE,
     .definition =
         {.name = BYTES("Included"),
          .kind = INDEX_GLOBAL,
          .schema = {2, 1, {{BYTES("g"), VALUE_S}, {BYTES("h"), VALUE_B}, {BYTES("sk"), VALUE_N}}},
          .projection = INDEX_PROJECTS_INCLUDED,
          .included = index_bed_included,
          .included_count = 2}},
};

static inline void index_bed_open(struct index_bed *bed)
{
    struct store_options options = {.cache_bytes = 8 << 20, .queue_bytes_max = 64 << 20};

    if (bed->on_disk && bed->path[0] == 0)
        snprintf(bed->path, sizeof(bed->path), "%s/data", unit_temp_dir());
    options.path = bed->on_disk ? bed->path : NULL;
    arena_init(&bed->arena);
    fault_init(&bed->fault, &bed->arena);
    CHECK_OK(store_open(&options, &bed->fault, &bed->store));
    CHECK_OK(catalog_open(bed->store, &bed->fault, &bed->catalog));
}

static inline void index_bed_close(struct index_bed *bed)
{
    table_release(&bed->table);
    catalog_close(&bed->catalog);
    store_close(&bed->store);
    arena_fini(&bed->arena);
}

/* The newest definition. */
static inline void index_bed_find(struct index_bed *bed)
{
    table_release(&bed->table);
    bed->table = catalog_acquire(bed->catalog, index_bed_table.account, index_bed_table.region,
                                 index_bed_table.name);
    CHECK(bed->table != NULL);
}

static inline void index_bed_put_definition(struct index_bed *bed,
                                            const struct table_definition *definition)
{
    struct table *table = NULL;

    catalog_change_begin(bed->catalog);
    CHECK_OK(catalog_put(bed->catalog, definition, &table));
    catalog_change_end(bed->catalog);
    table_release(&bed->table);
    bed->table = table;
}

/* A table with the first `count` indexes of the list. */
static inline void index_bed_create(struct index_bed *bed, unsigned count)
{
    struct table_definition definition = index_bed_table;

    definition.indexes = index_bed_indexes;
    definition.index_count = count;
    definition.next_index_id = (uint16_t)(count + 1);
    index_bed_put_definition(bed, &definition);
}

/* Items expire by an attribute from now on, or by none: NULL. */
static inline void index_bed_expire_by(struct index_bed *bed, const char *attribute)
{
    struct table_definition next;

    index_bed_find(bed);
    next = bed->table->definition;
    next.ttl.index = (struct table_index){0};
    next.ttl_attribute = bytes_of_string(attribute != NULL ? attribute : "");
    if (attribute == NULL)
        next.ttl.gone_before = next.ttl.next_id;
    if (attribute != NULL) {
        next.ttl.index.id = next.ttl.next_id != 0 ? next.ttl.next_id : 1;
        next.ttl.index.status = INDEX_CREATING;
        next.ttl.next_id = (uint16_t)(next.ttl.index.id + 1);
    }
    index_bed_put_definition(bed, &next);
}

/* Until the hidden index has all items, and nothing is left of those before it. */
static inline void index_bed_wait_for_expiry(struct index_bed *bed)
{
    uint64_t until_ms = clock_mono_ms() + 20000;

    for (;;) {
        struct timespec pause = {.tv_nsec = 1000000};
        const struct table_ttl *ttl;

        index_bed_find(bed);
        ttl = &bed->table->definition.ttl;
        if (ttl->gone_before == 0 && (ttl->index.id == 0 || ttl->index.status == INDEX_ACTIVE))
            return;
        if (clock_mono_ms() > until_ms) {
            unit_failed(__FILE__, __LINE__, "the index of expiry: nothing happens");
            return;
        }
        nanosleep(&pause, NULL); /* sleep: polling for the index */
    }
}

static inline unsigned index_bed_count_expiring(struct index_bed *bed)
{
    uint32_t id = bed->table->definition.id;
    struct store_cursor *cursor = store_cursor_open(
        bed->store, NULL, STORE_DATA, index_expiry_ids_range(id, 0, UINT16_MAX, &bed->arena), true);
    struct bytes key, value;
    unsigned count = 0;

    while (store_cursor_next(cursor, &key, &value) == OK)
        count++;
    store_cursor_close(&cursor);
    return count;
}

/* --- writes ----------------------------------------------------------------------------------- */

struct index_bed_write {
    struct table_write write;
    struct table_change change;
    enum table_action action;
    struct value attributes;
    sem_t done;
    enum err outcome;
};

static inline enum err index_bed_decide(void *ctx, struct table_change changes[], unsigned count)
{
    struct index_bed_write *w = ctx;

    (void)count;
    changes[0].action = w->action;
    changes[0].attributes = w->attributes;
    return OK;
}

static inline void index_bed_done(void *ctx, enum err err)
{
    struct index_bed_write *w = ctx;

    w->outcome = err == OK ? w->write.decided : err;
    sem_post(&w->done);
}

/* attributes: of the new item, or the key of one that goes. `table` is the definition that the
 * writer holds. */
static inline enum err index_bed_write(struct index_bed *bed, struct table *table,
                                       enum table_action action, struct value attributes,
                                       uint64_t collection_bytes_max)
{
    struct index_bed_write w = {.action = action, .attributes = attributes};
    struct arena arena;
    enum err err;

    arena_init(&arena);
    sem_init(&w.done, 0, 0);
    w.change.table = table;
    w.change.key = key_of_item(&table->definition.schema, table->definition.id,
                               catalog_hash_key(bed->catalog), attributes, &arena);
    w.write = (struct table_write){
        .store = bed->store,
        .arena = &arena,
        .changes = &w.change,
        .count = 1,
        .decide = index_bed_decide,
        .done = index_bed_done,
        .ctx = &w,
        .hash_key = catalog_hash_key(bed->catalog),
        .may_wait = true,
        .collection_bytes_max = collection_bytes_max,
    };
    err = table_write(&w.write);
    if (err == ERR_PENDING) {
        while (sem_wait(&w.done) != 0)
            ;
        err = w.outcome;
    }
    sem_destroy(&w.done);
    arena_fini(&arena);
    return err;
}

static inline enum err index_bed_put(struct index_bed *bed, const char *item)
{
    return index_bed_write(bed, bed->table, TABLE_PUT, value_make_map(item, &bed->arena), 0);
}

/* Of items that are drawn: some with index keys, some without, some with ones of a wrong type. */
static inline struct value index_bed_item(uint64_t *chance, unsigned keys, struct arena *arena)
{
    static const char *const extras[] = {
        "",
        ",\"l\":{\"N\":\"%u\"}",
        ",\"g\":{\"S\":\"g%u\"}",
        ",\"g\":{\"S\":\"g\"},\"l\":{\"N\":\"%u\"}",
        ",\"g\":{\"S\":\"g%u\"},\"h\":{\"B\":\"AA==\"},\"l\":{\"N\":\"7\"},\"c\":{\"S\":\"c\"}",
        ",\"g\":{\"S\":\"g\"},\"h\":{\"B\":\"AA==\"},\"b\":{\"N\":\"%u\"}",
        ",\"g\":{\"N\":\"%u\"},\"h\":{\"S\":\"\"},\"l\":{\"S\":\"wrong\"}",
        ",\"c\":{\"N\":\"%u\"}",
    };
    unsigned key = chance_below(chance, keys);
    struct bytes json, extra;
    char format[128];

    snprintf(format, sizeof(format), "%s", extras[chance_below(chance, 8)]);
    extra = bytes_of_string(format);
    if (strchr(format, '%') != NULL) {
        char *at = strchr(format, '%');
        struct bytes before = bytes_make(format, (size_t)(at - format));

        extra =
            arena_format(arena, "%.*s%u%s", BYTES_ARGS(before), chance_below(chance, 3), at + 2);
    }
    json = arena_format(arena, "{\"pk\":{\"S\":\"p%u\"},\"sk\":{\"N\":\"%u\"}%.*s}", key % 5, key,
                        BYTES_ARGS(extra));
    return value_make_map((const char *)json.data, arena);
}

/* --- checking --------------------------------------------------------------------------------- */

struct index_bed_faults {
    unsigned count;
    char last[256];
    char all[2048];
};

static inline void index_bed_fault(void *ctx, const char *text)
{
    struct index_bed_faults *faults = ctx;
    size_t used = strlen(faults->all);

    faults->count++;
    snprintf(faults->last, sizeof(faults->last), "%s", text);
    snprintf(faults->all + used, sizeof(faults->all) - used, "%s\n", text);
}

static inline struct index_bed_faults index_bed_check(struct index_bed *bed,
                                                      struct table_check_report *report)
{
    struct index_bed_faults faults = {0};
    enum err err = table_check(bed->catalog, index_bed_fault, &faults, report);

    CHECK_ERR(err, faults.count == 0 ? OK : ERR_CORRUPT);
    return faults;
}

static inline void index_bed_check_ok(struct index_bed *bed)
{
    struct table_check_report report;
    struct index_bed_faults faults = index_bed_check(bed, &report);

    if (faults.count != 0)
        unit_failed(__FILE__, __LINE__, "%u faults:\n%s", faults.count, faults.all);
}
