/* index_write_test.c - indexes follow their items: random writes, noticed damage, limits */
#include "index_fixture.h"

TEST(index_entries_follow_random_writes)
{
    struct index_bed bed = {0};
    struct table_check_report report;
    uint64_t chance = 42;

    index_bed_open(&bed);
    index_bed_create(&bed, 3);
    for (unsigned i = 0; i < 600; i++) {
        struct arena_mark mark = arena_mark(&bed.arena);
        struct value item = index_bed_item(&chance, 40, &bed.arena);
        bool puts = chance_below(&chance, 4) != 0;

        CHECK_OK(index_bed_write(&bed, bed.table, puts ? TABLE_PUT : TABLE_DELETE, item, 0));
        arena_release(&bed.arena, mark);
        if (i % 100 == 99)
            index_bed_check_ok(&bed);
    }
    CHECK_U64(index_bed_check(&bed, &report).count, 0);
    CHECK(report.entries > 10);
    index_bed_close(&bed);
}

TEST(index_entry_carries_the_version_of_its_change)
{
    struct index_bed bed = {0};
    struct bytes key, stored;
    struct item item, entry;
    struct value attributes;

    index_bed_open(&bed);
    index_bed_create(&bed, 3);
    CHECK_OK(index_bed_put(&bed, "{\"pk\":{\"S\":\"p\"},\"sk\":{\"N\":\"1\"},\"g\":{\"S\":\"x\"},"
                                 "\"l\":{\"N\":\"1\"}}"));
    attributes = value_make_map("{\"pk\":{\"S\":\"p\"},\"sk\":{\"N\":\"1\"},\"g\":{\"S\":\"x\"},"
                                "\"l\":{\"N\":\"1\"},\"rest\":{\"S\":\"\"}}",
                                &bed.arena);
    key = key_of_item(&bed.table->definition.schema, bed.table->definition.id,
                      catalog_hash_key(bed.catalog), attributes, &bed.arena);
    CHECK_OK(store_get(bed.store, NULL, STORE_DATA, key, true, &bed.arena, &stored));
    CHECK_OK(item_open(stored, &item));
    CHECK_OK(store_get(bed.store, NULL, STORE_DATA,
                       index_entry_key(&bed.table->definition, &bed.table->definition.indexes[1],
                                       catalog_hash_key(bed.catalog), attributes, &bed.arena),
                       true, &bed.arena, &stored));
    CHECK_OK(item_open(stored, &entry));
    CHECK(entry.version != 0);
    CHECK_U64(entry.version, item.version);

    /* Nothing projected changes: the entry stays. */
    CHECK_OK(index_bed_write(&bed, bed.table, TABLE_PUT, attributes, 0));
    CHECK_OK(store_get(bed.store, NULL, STORE_DATA,
                       index_entry_key(&bed.table->definition, &bed.table->definition.indexes[1],
                                       catalog_hash_key(bed.catalog), attributes, &bed.arena),
                       true, &bed.arena, &stored));
    CHECK_OK(item_open(stored, &entry));
    CHECK_U64(entry.version, item.version);
    index_bed_close(&bed);
}

/* --- stele check ---------------------------------------------------------------------------- */

static struct bytes entry_key(struct index_bed *bed, unsigned index, const char *attributes)
{
    return index_entry_key(&bed->table->definition, &bed->table->definition.indexes[index],
                           catalog_hash_key(bed->catalog), value_make_map(attributes, &bed->arena),
                           &bed->arena);
}

TEST(index_damage_is_noticed)
{
    static const char one[] = "{\"pk\":{\"S\":\"p\"},\"sk\":{\"N\":\"1\"},\"g\":{\"S\":\"x\"},"
                              "\"l\":{\"N\":\"1\"}}";
    static const char other[] = "{\"pk\":{\"S\":\"p\"},\"sk\":{\"N\":\"1\"},\"g\":{\"S\":\"y\"},"
                                "\"l\":{\"N\":\"1\"}}";
    static const char changed[] = "{\"pk\":{\"S\":\"p\"},\"sk\":{\"N\":\"1\"},\"g\":{\"S\":\"x\"},"
                                  "\"l\":{\"N\":\"1\"},\"c\":{\"N\":\"1\"}}";
    static const char absent[] = "{\"pk\":{\"S\":\"q\"},\"sk\":{\"N\":\"1\"},\"g\":{\"S\":\"x\"},"
                                 "\"l\":{\"N\":\"1\"}}";
    static const struct {
        const char *removed, *put_at, *put; /* of index 1 */
        uint16_t counted;                   /* the index whose counter is wrong; 0: none */
        const char *told;
    } rows[] = {
        {one, NULL, NULL, 0, "an item without its index entry"},
        {NULL, one, changed, 0, "an index entry that does not hold what its item has"},
        {NULL, other, other, 0, "an index entry in the wrong place"},
        {NULL, absent, absent, 0, "an index entry without an item"},
        {NULL, one, "broken", 0, "a damaged index entry"},
        {NULL, NULL, NULL, 2, "the counter of an index does not equal its entries"},
        {NULL, NULL, NULL, TABLE_COLLECTION_COUNT_ID,
         "the counter of an item collection does not equal its rows"},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct index_bed bed = {0};
        struct table_check_report report;
        struct index_bed_faults faults;
        struct store_mutation *mutation;
        uint32_t id;

        index_bed_open(&bed);
        index_bed_create(&bed, 3);
        id = bed.table->definition.id;
        CHECK_OK(index_bed_put(&bed, one));
        index_bed_check_ok(&bed);
        mutation = store_mutation_create(); /* never empty: that would be a barrier */
        store_mutation_delete(mutation, STORE_DATA, table_meta_key(BYTES("none"), &bed.arena));
        if (rows[i].removed != NULL)
            store_mutation_delete(mutation, STORE_DATA, entry_key(&bed, 1, rows[i].removed));
        if (rows[i].put != NULL)
            store_mutation_put(
                mutation, STORE_DATA, entry_key(&bed, 1, rows[i].put_at), STORE_NO_STAMP,
                rows[i].put[0] == '{'
                    ? item_store(value_make_map(rows[i].put, &bed.arena), 0, &bed.arena)
                    : bytes_of_string(rows[i].put),
                STORE_NO_STAMP);
        if (rows[i].counted == TABLE_COLLECTION_COUNT_ID)
            store_mutation_count(
                mutation,
                table_collection_count_key(key_of_item(&bed.table->definition.schema, id,
                                                       catalog_hash_key(bed.catalog),
                                                       value_make_map(one, &bed.arena), &bed.arena),
                                           &bed.arena),
                0, 1);
        else if (rows[i].counted != 0)
            store_mutation_count(mutation, table_count_key(id, rows[i].counted, &bed.arena), 0, 1);
        CHECK_OK(store_submit_and_wait(bed.store, NULL, &mutation));
        faults = index_bed_check(&bed, &report);
        CHECK(faults.count > 0);
        if (strstr(faults.all, rows[i].told) == NULL)
            unit_failed(__FILE__, __LINE__, "row %zu: not told of \"%s\":\n%s", i, rows[i].told,
                        faults.all);
        index_bed_close(&bed);
    }
}

/* --- item collections ----------------------------------------------------------------------- */

TEST(item_collection_is_counted_and_bounded)
{
    static const char item[] = "{\"pk\":{\"S\":\"p\"},\"sk\":{\"N\":\"1\"},\"l\":{\"N\":\"1\"}}";
    static const char wider[] = "{\"pk\":{\"S\":\"p\"},\"sk\":{\"N\":\"1\"},\"l\":{\"N\":\"1\"},"
                                "\"x\":{\"S\":\"0123456789\"}}";
    static const char second[] = "{\"pk\":{\"S\":\"p\"},\"sk\":{\"N\":\"2\"}}";
    struct index_bed bed = {0};
    struct store_count count;
    struct value value;
    struct bytes key;

    index_bed_open(&bed);
    index_bed_create(&bed, 3);
    value = value_make_map(item, &bed.arena);
    key = key_of_item(&bed.table->definition.schema, bed.table->definition.id,
                      catalog_hash_key(bed.catalog), value, &bed.arena);
    CHECK_OK(index_bed_write(&bed, bed.table, TABLE_PUT, value, 22));
    CHECK_OK(index_collection_count(bed.store, key, true, &count));
    CHECK_U64(count.items, 1);
    CHECK_U64(count.bytes,
              20); /* the item, and its entry in the local index, which has all of it */
    CHECK_ERR(index_bed_write(&bed, bed.table, TABLE_PUT, value_make_map(wider, &bed.arena), 41),
              ERR_ITEM_COLLECTION_SIZE_LIMIT_EXCEEDED);
    CHECK_OK(index_bed_write(&bed, bed.table, TABLE_PUT, value_make_map(wider, &bed.arena), 42));
    CHECK_ERR(index_bed_write(&bed, bed.table, TABLE_PUT, value_make_map(second, &bed.arena), 48),
              ERR_ITEM_COLLECTION_SIZE_LIMIT_EXCEEDED);
    CHECK_OK(index_bed_write(&bed, bed.table, TABLE_PUT, value, 1)); /* what shrinks may */
    CHECK_OK(index_bed_write(&bed, bed.table, TABLE_DELETE, value, 1));
    CHECK_OK(index_collection_count(bed.store, key, true, &count));
    CHECK_U64(count.bytes, 0);
    index_bed_check_ok(&bed);
    index_bed_close(&bed);
}
