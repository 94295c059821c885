/* fuzz_expr.c - any text as any kind of expression, evaluated on a small item if it is accepted.
 * Beyond not crashing: a condition and its NOT never agree, results are well formed, an update
 * leaves alone what it does not name, what is refused is refused in words, and a cache of what was
 * read before changes nothing about any of it.
 * The first byte of an input picks the kind (A update, B condition, C key condition, D filter,
 * E projection), the rest is the text.
 */
#include "base/assert.h"
#include "expr/expr.h"
#include "expr/expr_same.h"
#include "fuzz.h"

#include <yyjson.h>

static const char item_json[] = /* with ' for " */
    "{'a':{'N':'5'},'b':{'S':'b\xc3\xa9'},'c':{'B':'AQID'},'d':{'BOOL':true},'e':{'NULL':true},"
    "'f':{'SS':['x','y']},'g':{'NS':['1','2.5']},"
    "'l':{'L':[{'N':'1'},{'L':[{'S':'q'},{'N':'-0.5'}]},{'M':{'k':{'L':[]}}}]},"
    "'m':{'M':{'a':{'N':'1'},'b':{'M':{'c':{'S':'d'}}}}}}";

/* Those of them that the text names are sent: unused ones would be refused. Then what a cache met
 * before: the same name, or another value of the same type. */
static const char *const variables[][3] = {
    {"#a", "'a'", "'a'"},
    {"#b", "'b c'", "'b c'"},
    {"#m", "'m'", "'m'"},
    {":a", "{'S':'x'}", "{'S':'S'}"},
    {":b", "{'B':'AQ=='}", "{'B':'Bwc='}"},
    {":d", "{'BOOL':false}", "{'BOOL':true}"},
    {":f", "{'SS':['y','z']}", "{'SS':['u']}"},
    {":g", "{'NS':['2.50']}", "{'NS':['7','8']}"},
    {":l", "{'L':[{'N':'1'}]}", "{'L':[]}"},
    {":m", "{'M':{'b':{'M':{}}}}", "{'M':{}}"},
    {":n", "{'N':'3.25'}", "{'N':'7'}"},
    {":o", "{'N':'-1'}", "{'N':'7'}"},
    {":t", "{'S':'SS'}", "{'S':'S'}"},
};
enum { SENT = 1, MET_BEFORE = 2 };

enum kind { UPDATE, CONDITION, KEY_CONDITION, FILTER, PROJECTION, KINDS };

static enum err parse(enum kind kind, struct bytes text, struct arena *arena, struct expr_set *set);
static enum err parse_with(struct expr_cache *cache, enum kind kind, struct bytes text, int column,
                           struct arena *arena, struct fault *fault, struct expr_set *set);
static const yyjson_val *variables_in(struct bytes text, char mark, int column,
                                      struct arena *arena);
static struct value item_read(struct arena *arena);
static const yyjson_val *json_read(struct bytes text, struct arena *arena);
static void check_condition(const struct expr_condition *condition, struct bytes text,
                            struct value item, struct arena *arena);
static void check_update(const struct expr_update *update, struct value item, struct arena *arena);
static bool visit(void *ctx, struct bytes attribute, bool nested);
static bool is_other(void *ctx, struct bytes attribute, bool nested);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct expr_set set = {0};
    struct arena arena;
    struct value item;
    struct bytes text;
    size_t paths = 0;

    if (size == 0)
        return 0;
    arena_init(&arena);
    item = item_read(&arena);
    text = bytes_make(data + 1, size - 1);
    if (parse((enum kind)((unsigned)(data[0] - 'A') % KINDS), text, &arena, &set) == OK) {
        ASSERT(text.size <= 4096);
        if (set.condition != NULL) {
            check_condition(set.condition, text, item, &arena);
            expr_condition_visit_paths(set.condition, visit, &paths);
        }
        if (set.filter != NULL)
            (void)expr_condition_holds(set.filter, (struct value){VALUE_M, BYTES("")});
        if (set.projection != NULL) {
            ASSERT(value_check(expr_project(set.projection, item, &arena)));
            expr_projection_visit_paths(set.projection, visit, &paths);
            ASSERT(paths > 0);
        }
        if (set.update != NULL)
            check_update(set.update, item, &arena);
        ASSERT(set.key_condition_count <= EXPR_KEY_CONDITIONS_MAX);
        for (unsigned i = 0; i < set.key_condition_count; i++)
            ASSERT(value_check(set.key_conditions[i].operands[0]));
    }
    arena_fini(&arena);
    return 0;
}

/* From a cache that met the same twice, with other values: as without one. */
static enum err parse(enum kind kind, struct bytes text, struct arena *arena, struct expr_set *set)
{
    struct expr_cache *cache = expr_cache_create();
    struct expr_set parsed = {0}, ignored;
    struct fault fault, parse_fault;
    enum err err, before;

    before = parse_with(cache, kind, text, MET_BEFORE, arena, &fault, &ignored);
    ASSERT(parse_with(cache, kind, text, MET_BEFORE, arena, &fault, &ignored) == before);
    err = parse_with(cache, kind, text, SENT, arena, &fault, set);
    expr_cache_destroy(&cache);
    ASSERT(parse_with(NULL, kind, text, SENT, arena, &parse_fault, &parsed) == err);
    if (err == OK)
        ASSERT(same_set(set, &parsed));
    else
        ASSERT(bytes_equal(fault.message, parse_fault.message) &&
               fault.wrapped == parse_fault.wrapped && fault.message.size > 0);
    return err;
}

static enum err parse_with(struct expr_cache *cache, enum kind kind, struct bytes text, int column,
                           struct arena *arena, struct fault *fault, struct expr_set *set)
{
    struct expr_input input = {
        .names = variables_in(text, '#', column, arena),
        .values = variables_in(text, ':', column, arena),
    };
    yyjson_val *json = arena_zalloc(arena, sizeof(*json));
    enum err err;

    yyjson_set_strn(json, (const char *)text.data, text.size);
    *(kind == UPDATE          ? &input.update
      : kind == CONDITION     ? &input.condition
      : kind == KEY_CONDITION ? &input.key_condition
      : kind == FILTER        ? &input.filter
                              : &input.projection) = json;
    fault_init(fault, arena);
    err = expr_parse(cache, &input, arena, fault, set);
    ASSERT(err == OK || err == ERR_VALIDATION);
    return err;
}

/* NULL if the text names none of them. */
static const yyjson_val *variables_in(struct bytes text, char mark, int column, struct arena *arena)
{
    struct buf json;

    buf_init_arena(&json, arena, SIZE_MAX);
    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
        const char *key = variables[i][0];

        if (key[0] != mark || memmem(text.data, text.size, key, strlen(key)) == NULL)
            continue;
        buf_append_byte(&json, json.size == 0 ? '{' : ',');
        buf_append_format(&json, "'%s':%s", key, variables[i][column]);
    }
    if (json.size == 0)
        return NULL;
    buf_append_byte(&json, '}');
    return json_read(buf_finish_arena(&json), arena);
}

static struct value item_read(struct arena *arena)
{
    const yyjson_val *json = json_read(bytes_of_string(item_json), arena);
    struct fault fault;
    struct value item;
    enum err err;

    fault_init(&fault, arena);
    err = value_map_from_json(json, arena, &fault, &item);
    ASSERT(err == OK);
    return item;
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

static void check_condition(const struct expr_condition *condition, struct bytes text,
                            struct value item, struct arena *arena)
{
    struct bytes not_text = arena_format(arena, "NOT (%.*s)", BYTES_ARGS(text));
    struct expr_set set = {0};
    bool holds = expr_condition_holds(condition, item);

    /* One operator, a pair of parentheses and some bytes more may be too many. */
    if (parse(CONDITION, not_text, arena, &set) == OK)
        ASSERT(expr_condition_holds(set.condition, item) == !holds);
}

static void check_update(const struct expr_update *update, struct value item, struct arena *arena)
{
    struct value updated, touched;
    struct value_walk walk;
    struct fault fault;
    size_t paths = 0;

    expr_update_visit_paths(update, visit, &paths);
    ASSERT(paths > 0);
    ASSERT(expr_update_overhead_bytes(update) > 3);
    if (expr_update_touched_old(update, item, arena, &touched))
        ASSERT(value_check(touched));
    fault_init(&fault, arena);
    if (expr_update_apply(update, item, arena, &fault, &updated) != OK) {
        ASSERT(fault.err == ERR_VALIDATION && fault.message.size > 0 && !fault.wrapped);
        return;
    }
    ASSERT(value_check(updated));
    if (expr_update_touched_new(update, item, arena, &touched))
        ASSERT(!expr_update_only_removes(update) ? value_check(touched) : true);
    walk = value_walk_begin(item);
    while (value_walk_next(&walk)) {
        struct bytes name = walk.name;
        struct value after;

        expr_update_visit_targets(update, is_other, &name);
        if (name.size != 0) /* no target */
            ASSERT(value_find(updated, name, &after) && value_equal(after, walk.value));
    }
}

static bool visit(void *ctx, struct bytes attribute, bool nested)
{
    (void)nested;
    ASSERT(attribute.size > 0);
    *(size_t *)ctx += 1;
    return true;
}

/* Empties the name and stops when the attribute is that. */
static bool is_other(void *ctx, struct bytes attribute, bool nested)
{
    struct bytes *name = ctx;

    (void)nested;
    if (!bytes_equal(*name, attribute))
        return true;
    name->size = 0;
    return false;
}
