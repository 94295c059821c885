/* expr_legacy_test.c - trees of legacy parameters: contract core-api-expressions.md 8. */
#include "expr_test.h"
#include "unit.h"

#define ITEM                                                                                 \
    "{'n':{'N':'5'},'s':{'S':'hello'},'b':{'B':'AQID'},'t':{'BOOL':true},'u':{'NULL':true}," \
    "'ss':{'SS':['x','y']},'l':{'L':[{'S':'x'},{'N':'1'}]},'m':{'M':{'k':{'S':'v'}}},"       \
    "'m.k':{'S':'dotted'}}"

/* Values of a JSON list; returns how many. */
static unsigned values_of(const char *json, struct arena *arena, struct value values[])
{
    struct value map = item_of(json, arena), list;
    struct value_walk walk;
    unsigned count = 0;

    if (!value_find(map, BYTES("v"), &list))
        return 0;
    walk = value_walk_begin(list);
    while (value_walk_next(&walk))
        values[count++] = walk.value;
    return count;
}

TEST(legacy_conditions_hold_as_their_expressions_do)
{
    static const struct {
        const char *attribute;
        enum expr_legacy_operator operator;
        const char *operands;
        bool holds;
    } rows[] = {
        {"n", EXPR_LEGACY_EQ, "{'v':{'L':[{'N':'5.0'}]}}", true},
        {"n", EXPR_LEGACY_EQ, "{'v':{'L':[{'S':'5'}]}}", false},
        {"none", EXPR_LEGACY_EQ, "{'v':{'L':[{'N':'5'}]}}", false},
        {"ss", EXPR_LEGACY_EQ, "{'v':{'L':[{'SS':['y','x']}]}}", true},
        {"m", EXPR_LEGACY_EQ, "{'v':{'L':[{'M':{'k':{'S':'v'}}}]}}", true},
        {"m.k", EXPR_LEGACY_EQ, "{'v':{'L':[{'S':'dotted'}]}}", true},
        {"m.k", EXPR_LEGACY_EQ, "{'v':{'L':[{'S':'v'}]}}", false},
        {"n", EXPR_LEGACY_NE, "{'v':{'L':[{'N':'5'}]}}", false},
        {"n", EXPR_LEGACY_NE, "{'v':{'L':[{'S':'5'}]}}", true},
        {"none", EXPR_LEGACY_NE, "{'v':{'L':[{'N':'5'}]}}", true},
        {"n", EXPR_LEGACY_LT, "{'v':{'L':[{'N':'5'}]}}", false},
        {"n", EXPR_LEGACY_LT, "{'v':{'L':[{'N':'6'}]}}", true},
        {"n", EXPR_LEGACY_LT, "{'v':{'L':[{'S':'6'}]}}", false},
        {"t", EXPR_LEGACY_LT, "{'v':{'L':[{'BOOL':true}]}}", false},
        {"none", EXPR_LEGACY_LT, "{'v':{'L':[{'N':'6'}]}}", false},
        {"n", EXPR_LEGACY_LE, "{'v':{'L':[{'N':'5'}]}}", true},
        {"n", EXPR_LEGACY_LE, "{'v':{'L':[{'N':'4'}]}}", false},
        {"s", EXPR_LEGACY_GT, "{'v':{'L':[{'S':'hell'}]}}", true},
        {"s", EXPR_LEGACY_GT, "{'v':{'L':[{'S':'hello'}]}}", false},
        {"b", EXPR_LEGACY_GE, "{'v':{'L':[{'B':'AQID'}]}}", true},
        {"b", EXPR_LEGACY_GE, "{'v':{'L':[{'B':'AQIE'}]}}", false},
        {"n", EXPR_LEGACY_BETWEEN, "{'v':{'L':[{'N':'4'},{'N':'5'}]}}", true},
        {"n", EXPR_LEGACY_BETWEEN, "{'v':{'L':[{'N':'6'},{'N':'7'}]}}", false},
        {"n", EXPR_LEGACY_IN, "{'v':{'L':[{'N':'3'},{'N':'4'},{'N':'5'}]}}", true},
        {"n", EXPR_LEGACY_IN, "{'v':{'L':[{'N':'3'},{'N':'4'}]}}", false},
        {"none", EXPR_LEGACY_IN, "{'v':{'L':[{'N':'3'}]}}", false},
        {"s", EXPR_LEGACY_BEGINS_WITH, "{'v':{'L':[{'S':'he'}]}}", true},
        {"s", EXPR_LEGACY_BEGINS_WITH, "{'v':{'L':[{'S':'el'}]}}", false},
        {"s", EXPR_LEGACY_BEGINS_WITH, "{'v':{'L':[{'N':'1'}]}}", false},
        {"s", EXPR_LEGACY_CONTAINS, "{'v':{'L':[{'S':'ell'}]}}", true},
        {"ss", EXPR_LEGACY_CONTAINS, "{'v':{'L':[{'S':'y'}]}}", true},
        {"ss", EXPR_LEGACY_CONTAINS, "{'v':{'L':[{'S':'z'}]}}", false},
        {"l", EXPR_LEGACY_CONTAINS, "{'v':{'L':[{'N':'1'}]}}", true},
        {"none", EXPR_LEGACY_CONTAINS, "{'v':{'L':[{'S':'x'}]}}", false},
        {"ss", EXPR_LEGACY_NOT_CONTAINS, "{'v':{'L':[{'S':'y'}]}}", false},
        {"ss", EXPR_LEGACY_NOT_CONTAINS, "{'v':{'L':[{'S':'z'}]}}", true},
        {"none", EXPR_LEGACY_NOT_CONTAINS, "{'v':{'L':[{'S':'x'}]}}", true},
        {"u", EXPR_LEGACY_NULL, "{}", false},
        {"none", EXPR_LEGACY_NULL, "{}", true},
        {"u", EXPR_LEGACY_NOT_NULL, "{}", true},
        {"none", EXPR_LEGACY_NOT_NULL, "{}", false},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct arena arena;
        struct value operands[3];
        struct expr_legacy_condition row = {
            .attribute = bytes_of_string(rows[i].attribute),
            .operator= rows[i].operator,
            .operands = operands,
        };

        arena_init(&arena);
        row.operand_count = values_of(rows[i].operands, &arena, operands);
        CHECK_U64(expr_condition_holds(expr_legacy_condition(&row, 1, i % 2 == 0, &arena),
                                       item_of(ITEM, &arena)),
                  rows[i].holds);
        arena_fini(&arena);
    }
}

struct visited {
    struct bytes names[3];
    unsigned count;
    bool nested;
};

static bool visit(void *ctx, struct bytes attribute, bool nested)
{
    struct visited *visited = ctx;

    visited->names[visited->count++] = attribute;
    visited->nested |= nested;
    return true;
}

TEST(legacy_conditions_are_joined_by_and_or_or)
{
    static const struct {
        bool first, second; /* which of the two conditions hold */
        bool all, any;
    } rows[] = {
        {true, true, true, true},
        {true, false, false, true},
        {false, true, false, true},
        {false, false, false, false},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct expr_legacy_condition two[] = {
            {BYTES("n"), rows[i].first ? EXPR_LEGACY_NOT_NULL : EXPR_LEGACY_NULL, NULL, 0},
            {BYTES("m.k"), rows[i].second ? EXPR_LEGACY_NOT_NULL : EXPR_LEGACY_NULL, NULL, 0},
        };
        struct visited visited = {0};
        struct expr_condition *all;
        struct arena arena;
        struct value item;

        arena_init(&arena);
        item = item_of(ITEM, &arena);
        all = expr_legacy_condition(two, 2, false, &arena);
        CHECK_U64(expr_condition_holds(all, item), rows[i].all);
        CHECK_U64(expr_condition_holds(expr_legacy_condition(two, 2, true, &arena), item),
                  rows[i].any);
        expr_condition_visit_paths(all, visit, &visited);
        CHECK_U64(visited.count, 2);
        CHECK_TEXT(visited.names[0], "n");
        CHECK_TEXT(visited.names[1], "m.k");
        CHECK(!visited.nested);
        arena_fini(&arena);
    }
}

TEST(legacy_updates_apply)
{
    static const struct {
        const char *attribute;
        enum expr_legacy_action action;
        const char *value;   /* {}: none */
        const char *touched; /* of the new item; NULL: nothing was put there */
        const char *message;
    } rows[] = {
        {"n", EXPR_LEGACY_PUT, "{'v':{'L':[{'S':'x'}]}}", "{'n':{'S':'x'}}", NULL},
        {"m.k", EXPR_LEGACY_PUT, "{'v':{'L':[{'S':'x'}]}}", "{'m.k':{'S':'x'}}", NULL},
        {"n", EXPR_LEGACY_ADD, "{'v':{'L':[{'N':'-7.5'}]}}", "{'n':{'N':'-2.5'}}", NULL},
        {"new", EXPR_LEGACY_ADD, "{'v':{'L':[{'N':'2'}]}}", "{'new':{'N':'2'}}", NULL},
        {"ss", EXPR_LEGACY_ADD, "{'v':{'L':[{'SS':['a','y']}]}}", "{'ss':{'SS':['a','x','y']}}",
         NULL},
        {"l", EXPR_LEGACY_ADD, "{'v':{'L':[{'L':[{'N':'2'}]}]}}",
         "{'l':{'L':[{'S':'x'},{'N':'1'},{'N':'2'}]}}", NULL},
        {"new", EXPR_LEGACY_ADD, "{'v':{'L':[{'L':[{'N':'2'}]}]}}", "{'new':{'L':[{'N':'2'}]}}",
         NULL},
        {"ss", EXPR_LEGACY_DELETE, "{'v':{'L':[{'SS':['a','y']}]}}", "{'ss':{'SS':['x']}}", NULL},
        {"ss", EXPR_LEGACY_DELETE, "{'v':{'L':[{'SS':['x','y']}]}}", NULL, NULL},
        {"new", EXPR_LEGACY_DELETE, "{'v':{'L':[{'SS':['x']}]}}", NULL, NULL},
        {"ss", EXPR_LEGACY_DELETE, "{}", NULL, NULL},
        {"new", EXPR_LEGACY_DELETE, "{}", NULL, NULL},
        {"s", EXPR_LEGACY_ADD, "{'v':{'L':[{'N':'1'}]}}", NULL,
         "Type mismatch for attribute to update"},
        {"ss", EXPR_LEGACY_ADD, "{'v':{'L':[{'L':[]}]}}", NULL,
         "Type mismatch for attribute to update"},
        {"ss", EXPR_LEGACY_DELETE, "{'v':{'L':[{'NS':['1']}]}}", NULL,
         "Type mismatch for attribute to update"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bytes name = bytes_of_string(rows[i].attribute);
        struct expr_legacy_update row = {.attribute = name, .action = rows[i].action};
        struct value item, updated, found, touched;
        struct expr_update *update;
        struct arena arena;
        struct fault fault;
        bool there;
        enum err err;

        arena_init(&arena);
        fault_init(&fault, &arena);
        item = item_of(ITEM, &arena);
        row.has_value = values_of(rows[i].value, &arena, &row.value) == 1;
        update = expr_legacy_update(&row, 1, &arena);
        err = expr_update_apply(update, item, &arena, &fault, &updated);
        CHECK_ERR(err, rows[i].message != NULL ? ERR_VALIDATION : OK);
        if (err != OK) {
            CHECK_TEXT(fault.message, rows[i].message);
        } else {
            there = expr_update_touched_new(update, item, &arena, &touched);
            CHECK_U64(there, rows[i].touched != NULL);
            CHECK_U64(value_find(updated, name, &found), there);
            if (there)
                CHECK_TEXT(bytes_of_string(json_of(touched, &arena)),
                           canonical(rows[i].touched, &arena));
        }
        CHECK_U64(expr_update_only_removes(update), rows[i].action == EXPR_LEGACY_DELETE);
        arena_fini(&arena);
    }
}

TEST(legacy_updates_work_together)
{
    struct arena arena;
    struct fault fault;
    struct value item, updated, touched, literal;
    struct expr_update *update;

    arena_init(&arena);
    fault_init(&fault, &arena);
    item = item_of("{'a':{'N':'1'},'b':{'S':'x'},'z':{'S':'kept'}}", &arena);
    {
        const struct expr_legacy_update rows[] = {
            {BYTES("new"), EXPR_LEGACY_PUT, true, item},
            {BYTES("b"), EXPR_LEGACY_DELETE, .has_value = false},
            {BYTES("a"), EXPR_LEGACY_PUT, true, item},
        };

        update = expr_legacy_update(rows, 3, &arena);
    }
    CHECK_ERR(expr_update_apply(update, item, &arena, &fault, &updated), OK);
    CHECK_U64(value_count(updated), 3);
    CHECK(value_check(updated));
    CHECK(expr_update_touched_old(update, item, &arena, &touched));
    CHECK_TEXT(bytes_of_string(json_of(touched, &arena)), "{'a':{'N':'1'},'b':{'S':'x'}}");
    CHECK(expr_update_literal_for(update, BYTES("a"), &literal));
    CHECK(value_equal(literal, item));
    CHECK(!expr_update_literal_for(update, BYTES("b"), &literal));
    CHECK(!expr_update_only_removes(update));
    arena_fini(&arena);
}

TEST(legacy_projections_take_whole_attributes)
{
    const struct bytes names[] = {BYTES("s"), BYTES("m.k"), BYTES("none"), BYTES("l[0]"),
                                  BYTES("n")};
    struct expr_projection *projection;
    struct visited visited = {0};
    struct arena arena;

    arena_init(&arena);
    projection = expr_legacy_projection(names, 5, &arena);
    CHECK_TEXT(
        bytes_of_string(json_of(expr_project(projection, item_of(ITEM, &arena), &arena), &arena)),
        "{'m.k':{'S':'dotted'},'n':{'N':'5'},'s':{'S':'hello'}}");
    projection = expr_legacy_projection(names, 3, &arena);
    expr_projection_visit_paths(projection, visit, &visited);
    CHECK_U64(visited.count, 3);
    CHECK_TEXT(visited.names[1], "m.k");
    CHECK(!visited.nested);
    arena_fini(&arena);
}
