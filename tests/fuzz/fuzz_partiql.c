/* fuzz_partiql.c - any text as a PartiQL statement, run on a small item if it is accepted.
 * Beyond not crashing: a condition and its NOT never agree; what the condition is said to mean for
 * keys holds for every item that it holds for, or reading by these keys would lose rows; results
 * are well formed; what is refused is refused in words.
 */
#include "base/assert.h"
#include "expr/partiql.h"
#include "fuzz.h"

#include <yyjson.h>

#define STATEMENT_BYTES_MAX 8192

static const char *const items_json[] = {
    /* with ' for " */
    "{'pk':{'S':'a'},'sk':{'N':'5'},'b':{'S':'b\xc3\xa9'},'c':{'B':'AQID'},'d':{'BOOL':true},"
    "'e':{'NULL':true},'f':{'SS':['x','y']},'g':{'NS':['1','2.5']},"
    "'l':{'L':[{'N':'1'},{'L':[{'S':'q'},{'N':'-0.5'}]},{'M':{'k':{'L':[]}}}]},"
    "'m':{'M':{'a':{'N':'1'},'b':{'M':{'c':{'S':'d'}}}}}}",
    "{'pk':{'S':'b'},'sk':{'N':'1'}}",
    "{'pk':{'N':'1'},'sk':{'S':'a'},'a':{'S':'a'},'b':{'N':'1'}}",
    "{}",
};
#define ITEMS (sizeof(items_json) / sizeof(items_json[0]))

/* One for each "?" of the text, in turn. */
static const char *const parameters[] = {
    "{'S':'a'}",        "{'N':'1'}", "{'B':'AQ=='}",   "{'L':[{'N':'1'},{'S':'a'}]}",
    "{'SS':['x','a']}", "{'N':'5'}", "{'BOOL':false}", "{'M':{'pk':{'S':'a'}}}",
};
#define PARAMETERS (sizeof(parameters) / sizeof(parameters[0]))

static enum err parse(struct bytes text, struct arena *arena, struct partiql_statement **s);
static const yyjson_val *parameters_of(struct bytes text, struct arena *arena);
static const yyjson_val *json_read(struct bytes text, struct arena *arena);
static void check(const struct partiql_statement *s, struct value item, struct arena *arena);
static void check_keys(const struct partiql_statement *s, struct value item, const char *attribute,
                       struct arena *arena);
static bool in_range(const struct expr_key_condition *range, struct value value);
static void check_update(const struct partiql_statement *s, struct value item, struct arena *arena);
static void check_not(const struct partiql_statement *s, struct value item, struct arena *arena);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct partiql_statement *statement;
    struct arena arena;

    if (size > STATEMENT_BYTES_MAX)
        return 0;
    arena_init(&arena);
    if (parse(bytes_make(data, size), &arena, &statement) == OK) {
        for (size_t i = 0; i < ITEMS; i++) {
            const yyjson_val *json = json_read(bytes_of_string(items_json[i]), &arena);
            struct fault fault;
            struct value item;
            enum err err;

            fault_init(&fault, &arena);
            err = value_map_from_json(json, &arena, &fault, &item);
            ASSERT(err == OK);
            check(statement, item, &arena);
        }
    }
    arena_fini(&arena);
    return 0;
}

static enum err parse(struct bytes text, struct arena *arena, struct partiql_statement **s)
{
    struct fault fault;
    enum err err;

    fault_init(&fault, arena);
    err = partiql_parse(text, parameters_of(text, arena), arena, &fault, s);
    ASSERT(err == OK || err == ERR_VALIDATION);
    ASSERT(err == OK || fault.message.size > 0);
    return err;
}

/* NULL if there is no "?". */
static const yyjson_val *parameters_of(struct bytes text, struct arena *arena)
{
    size_t count = 0;
    struct buf json;

    buf_init_arena(&json, arena, SIZE_MAX);
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] != '?')
            continue;
        buf_append_byte(&json, count == 0 ? '[' : ',');
        buf_append_string(&json, parameters[count++ % PARAMETERS]);
    }
    if (count == 0)
        return NULL;
    buf_append_byte(&json, ']');
    return json_read(buf_finish_arena(&json), arena);
}

/* Text with ' for "; the document lives in the arena. */
static const yyjson_val *json_read(struct bytes text, struct arena *arena)
{
    size_t room = yyjson_read_max_memory_usage(text.size, 0);
    char *copy = (char *)arena_copy(arena, text).data;
    yyjson_alc alc;
    yyjson_doc *doc;

    for (size_t i = 0; i < text.size; i++)
        if (copy[i] == '\'')
            copy[i] = '"';
    ASSERT(yyjson_alc_pool_init(&alc, arena_alloc(arena, room), room));
    doc = yyjson_read_opts(copy, text.size, 0, &alc, NULL);
    ASSERT(doc != NULL);
    return yyjson_doc_get_root(doc);
}

static void check(const struct partiql_statement *s, struct value item, struct arena *arena)
{
    ASSERT(s->table.size > 0);
    if (s->where != NULL) {
        check_not(s, item, arena);
        if (expr_condition_holds(s->where, item)) {
            check_keys(s, item, "pk", arena);
            check_keys(s, item, "sk", arena);
        }
    }
    if (s->projection != NULL)
        ASSERT(value_check(expr_project(s->projection, item, arena)));
    if (s->kind == PARTIQL_INSERT)
        ASSERT(s->item.type == VALUE_M && value_check(s->item));
    if (s->kind == PARTIQL_UPDATE)
        check_update(s, item, arena);
}

static void check_keys(const struct partiql_statement *s, struct value item, const char *attribute,
                       struct arena *arena)
{
    struct bytes name = bytes_of_string(attribute);
    const struct value *values;
    const struct expr_key_condition *ranges;
    unsigned value_count = partiql_key_values(s->where, name, arena, &values);
    unsigned range_count = partiql_key_ranges(s->where, name, arena, &ranges);
    bool found = value_count == 0;
    struct value value;

    if (value_count + range_count == 0)
        return;
    ASSERT(value_find(item, name, &value));
    for (unsigned i = 0; i < value_count; i++)
        found |= value_equal(values[i], value);
    ASSERT(found);
    for (unsigned i = 0; i < range_count; i++)
        ASSERT(in_range(&ranges[i], value));
}

static bool in_range(const struct expr_key_condition *range, struct value value)
{
    int order = value_compare(value, range->operands[0]);

    ASSERT(value.type == range->operands[0].type);
    switch (range->operator) {
    case EXPR_KEY_EQ:
        return order == 0;
    case EXPR_KEY_LT:
        return order < 0;
    case EXPR_KEY_LE:
        return order <= 0;
    case EXPR_KEY_GT:
        return order > 0;
    case EXPR_KEY_GE:
        return order >= 0;
    case EXPR_KEY_BETWEEN:
        return order >= 0 && value_compare(value, range->operands[1]) <= 0;
    default:
        ASSERT(range->operator== EXPR_KEY_BEGINS_WITH);
        return bytes_start_with(value.payload, range->operands[0].payload);
    }
}

static void check_update(const struct partiql_statement *s, struct value item, struct arena *arena)
{
    struct value updated, touched;
    struct fault fault;

    if (expr_update_touched_old(s->update, item, arena, &touched))
        ASSERT(value_check(touched));
    fault_init(&fault, arena);
    if (expr_update_apply(s->update, item, arena, &fault, &updated) != OK) {
        ASSERT(fault.err == ERR_VALIDATION && fault.message.size > 0);
        return;
    }
    ASSERT(value_check(updated));
    if (expr_update_touched_new(s->update, item, arena, &touched))
        ASSERT(value_check(touched));
}

/* The same SELECT with its condition negated, if that is its end. */
static void check_not(const struct partiql_statement *s, struct value item, struct arena *arena)
{
    const uint8_t *where = s->kind != PARTIQL_SELECT || s->order_count != 0
                               ? NULL
                               : memmem(s->text.data, s->text.size, " WHERE ", 7);
    struct partiql_statement *negated;
    struct bytes before, condition;

    if (where == NULL ||
        memmem(where + 7, s->text.size - (size_t)(where + 7 - s->text.data), " WHERE ", 7) != NULL)
        return;
    before = bytes_make(s->text.data, (size_t)(where - s->text.data));
    condition = bytes_skip(s->text, before.size + 7);
    if (parse(arena_format(arena, "%.*s WHERE NOT (%.*s\n)", BYTES_ARGS(before),
                           BYTES_ARGS(condition)),
              arena, &negated) == OK &&
        negated->where != NULL)
        ASSERT(expr_condition_holds(negated->where, item) != expr_condition_holds(s->where, item));
}
