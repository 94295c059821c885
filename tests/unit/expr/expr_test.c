/* expr_test.c - what the tests of expressions share. */
#include "expr_test.h"

#include "base/assert.h"
#include "base/buf.h"
#include "expr/expr_cache.h"
#include "expr_same.h"

#include <stdlib.h>
#include <yyjson.h>

static const char *other_values(const char *values, struct arena *arena);
static void append_other(struct buf *out, yyjson_val *value);
static void append_json(struct buf *out, const yyjson_val *json);
static const yyjson_val *json_string(const char *text, struct arena *arena);
static char *swap_quotes(const char *text, char from, char to, struct arena *arena);

/* The trees come from a cache that met the same texts with other values, twice, so that whatever a
 * test makes of them tells of cached trees too. */
enum err parse_request(const struct request *request, struct arena *arena, struct fault *fault,
                       struct expr_set *set)
{
    struct request other = *request;
    struct expr_cache *cache = expr_cache_create();
    struct expr_set parsed = *set, ignored;
    struct expr_cache_use use;
    struct fault parse_fault;
    enum err err, primed;

    other.values = other_values(request->values, arena);
    primed = parse_with(cache, &other, arena, fault, &ignored);
    ASSERT(parse_with(cache, &other, arena, fault, &ignored) == primed);
    err = parse_with(cache, request, arena, fault, set);
    use = expr_cache_use(cache);
    expr_cache_destroy(&cache);
    ASSERT(use.entries <= (primed == OK ? 1 : 0));
    ASSERT(use.hits == (use.entries == 1 && err == OK ? 1 : 0));

    ASSERT(parse_with(NULL, request, arena, &parse_fault, &parsed) == err);
    ASSERT(err != OK || same_set(set, &parsed));
    ASSERT(err == OK || (bytes_equal(fault->message, parse_fault.message) &&
                         fault->wrapped == parse_fault.wrapped));
    return err;
}

enum err parse_with(struct expr_cache *cache, const struct request *request, struct arena *arena,
                    struct fault *fault, struct expr_set *set)
{
    struct expr_input input = {
        .names = json_read(request->names, arena),
        .values = json_read(request->values, arena),
        .update = json_string(request->update, arena),
        .condition = json_string(request->condition, arena),
        .key_condition = json_string(request->key_condition, arena),
        .filter = json_string(request->filter, arena),
        .projection = json_string(request->projection, arena),
    };

    fault_init(fault, arena);
    return expr_parse(cache, &input, arena, fault, set);
}

/* Values of the same types: bounds in order, names of types that there are. What is no value stays
 * as it is. */
static const char *other_values(const char *values, struct arena *arena)
{
    yyjson_val *json = (yyjson_val *)json_read(values, arena), *key;
    yyjson_obj_iter iter;
    struct buf out;

    if (!yyjson_is_obj(json))
        return values;
    buf_init_arena(&out, arena, SIZE_MAX);
    yyjson_obj_iter_init(json, &iter);
    while ((key = yyjson_obj_iter_next(&iter)) != NULL) {
        buf_append_byte(&out, out.size == 0 ? '{' : ',');
        append_json(&out, key);
        buf_append_byte(&out, ':');
        append_other(&out, yyjson_obj_iter_get_val(key));
    }
    buf_append_string(&out, out.size == 0 ? "{}" : "}");
    buf_append_byte(&out, 0);
    return (const char *)out.data;
}

static void append_other(struct buf *out, yyjson_val *value)
{
    static const char *const others[][2] = {
        {"S", "{'S':'S'}"},         {"N", "{'N':'7'}"},     {"B", "{'B':'Bwc='}"},
        {"BOOL", "{'BOOL':false}"}, {"L", "{'L':[]}"},      {"M", "{'M':{}}"},
        {"SS", "{'SS':['other']}"}, {"NS", "{'NS':['7']}"}, {"BS", "{'BS':['Bwc=']}"},
        {"NULL", "{'NULL':true}"},
    };
    bool alone = yyjson_is_obj(value) && yyjson_obj_size(value) == 1;

    for (size_t i = 0; alone && i < sizeof(others) / sizeof(others[0]); i++) {
        if (yyjson_obj_get(value, others[i][0]) != NULL) {
            buf_append_string(out, others[i][1]);
            return;
        }
    }
    append_json(out, value);
}

static void append_json(struct buf *out, const yyjson_val *json)
{
    char *text = yyjson_val_write(json, 0, NULL);

    ASSERT(text != NULL);
    buf_append_string(out, text);
    free(text);
}

struct value item_of(const char *json, struct arena *arena)
{
    struct fault fault;
    struct value item;
    enum err err;

    fault_init(&fault, arena);
    err = value_map_from_json(json_read(json, arena), arena, &fault, &item);
    ASSERT(err == OK);
    return item;
}

const char *json_of(struct value item, struct arena *arena)
{
    struct buf out;

    ASSERT(value_check(item));
    buf_init_arena(&out, arena, SIZE_MAX);
    value_map_append_json(&out, item);
    buf_append_byte(&out, 0);
    return swap_quotes((const char *)out.data, '"', '\'', arena);
}

const char *canonical(const char *json, struct arena *arena)
{
    return json_of(item_of(json, arena), arena);
}

/* The document lives in the arena. NULL for NULL. */
const struct yyjson_val *json_read(const char *text, struct arena *arena)
{
    size_t size, room;
    yyjson_alc alc;
    yyjson_doc *doc;
    char *copy;

    if (text == NULL)
        return NULL;
    copy = swap_quotes(text, '\'', '"', arena);
    size = strlen(copy);
    room = yyjson_read_max_memory_usage(size, 0);
    ASSERT(yyjson_alc_pool_init(&alc, arena_alloc(arena, room), room));
    doc = yyjson_read_opts(copy, size, 0, &alc, NULL);
    ASSERT(doc != NULL);
    return yyjson_doc_get_root(doc);
}

static const yyjson_val *json_string(const char *text, struct arena *arena)
{
    yyjson_val *value;

    if (text == NULL)
        return NULL;
    value = arena_zalloc(arena, sizeof(*value));
    yyjson_set_str(value, (const char *)arena_copy(arena, bytes_of_string(text)).data);
    return value;
}

static char *swap_quotes(const char *text, char from, char to, struct arena *arena)
{
    struct bytes copy = arena_copy(arena, bytes_of_string(text));
    char *out = (char *)copy.data;

    for (size_t i = 0; i < copy.size; i++)
        if (out[i] == from)
            out[i] = to;
    return out;
}
