/* capacity_test.c - units of what a write does to indexes, and whose they are. */
#include "api/capacity.h"
#include "unit.h"

TEST(capacity_of_index_changes_is_by_entry)
{
    static const struct {
        struct index_diff diff;
        double units; /* < 0: the index is not told about */
    } rows[] = {
        {{.change = INDEX_CHANGE_NONE, .old_bytes = 3000, .new_bytes = 3000}, -1},
        {{.change = INDEX_CHANGE_ADD, .new_bytes = 1}, 1},
        {{.change = INDEX_CHANGE_ADD, .new_bytes = 1024}, 1},
        {{.change = INDEX_CHANGE_ADD, .new_bytes = 1025}, 2},
        {{.change = INDEX_CHANGE_REMOVE, .old_bytes = 5000}, 5},
        {{.change = INDEX_CHANGE_UPDATE, .old_bytes = 2000, .new_bytes = 100}, 2},
        {{.change = INDEX_CHANGE_UPDATE, .old_bytes = 100, .new_bytes = 4000}, 4},
        {{.change = INDEX_CHANGE_MOVE, .old_bytes = 2000, .new_bytes = 100}, 3},
        {{.change = INDEX_CHANGE_MOVE, .old_bytes = 1500, .new_bytes = 1500}, 4},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct table_index indexes[] = {{.definition = {.kind = INDEX_LOCAL}},
                                              {.definition = {.kind = INDEX_GLOBAL}}};
        struct table table = {.definition = {.indexes = indexes, .index_count = 2}};
        struct index_diff diffs[] = {rows[i].diff, {.change = INDEX_CHANGE_ADD, .new_bytes = 7}};
        struct table_change change = {.table = &table, .new_size_bytes = 2049, .indexes = diffs};
        struct capacity capacity = {0};
        double local = rows[i].units < 0 ? 0 : rows[i].units;

        capacity_add_change(&capacity, &change);
        CHECK_U64(capacity.touched, rows[i].units < 0 ? 2 : 3);
        CHECK(capacity.table_units == 3);
        CHECK(capacity.index_units[0] == local && capacity.index_units[1] == 1);
        CHECK(capacity_total(&capacity) == 4 + local);
        CHECK(capacity_of_table(&capacity, &table) == 3 + local);
    }
}

TEST(capacity_of_a_change_without_indexes)
{
    struct table table = {0};
    struct table_change change = {.table = &table};
    struct capacity capacity = {0};

    capacity_add_change(&capacity, &change);
    CHECK(capacity_total(&capacity) == 1 && capacity.touched == 0);
}
