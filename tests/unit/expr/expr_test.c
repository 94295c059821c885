/* expr_test.c - what the tests of expressions share. */
#include "expr_test.h"

#include "base/assert.h"

#include <stdlib.h>
#include <yyjson.h>

static const yyjson_val *json_string(const char *text, struct arena *arena);
static char *swap_quotes(const char *text, char from, char to, struct arena *arena);

enum err parse_request(const struct request *request, struct arena *arena, struct fault *fault,
                       struct expr_set *set)
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
    return expr_parse(&input, arena, fault, set);
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
