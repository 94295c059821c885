/* export_lines.c - items and changes as lines; which of them. */
#include "transfer/export_lines.h"

#include <yyjson.h>

static bool key_condition_holds(const struct expr_key_condition *condition, struct value item);
static void ion_member(struct buf *out, const char *name, struct value map);

void export_line_item(struct buf *out, bool is_ion, struct value item)
{
    if (is_ion) {
        buf_append_lit(out, "$ion_1_0 {Item:");
        value_map_append_ion(out, item);
    } else {
        buf_append_lit(out, "{\"Item\":");
        value_map_append_json(out, item);
    }
    buf_append_lit(out, "}\n");
}

void export_line_change(struct buf *out, bool is_ion, uint64_t written_us, struct value keys,
                        const struct value *old, const struct value *new)
{
    if (is_ion) {
        buf_append_format(out, "$ion_1_0 {Record:{Metadata:{WriteTimestampMicros:%llu.}",
                          (unsigned long long)written_us);
        ion_member(out, "Keys", keys);
        if (old != NULL)
            ion_member(out, "OldImage", *old);
        if (new != NULL)
            ion_member(out, "NewImage", *new);
        buf_append_lit(out, "}}\n");
        return;
    }
    buf_append_format(out, "{\"Metadata\":{\"WriteTimestampMicros\":{\"N\":\"%llu\"}},\"Keys\":",
                      (unsigned long long)written_us);
    value_map_append_json(out, keys);
    if (old != NULL) {
        buf_append_lit(out, ",\"OldImage\":");
        value_map_append_json(out, *old);
    }
    if (new != NULL) {
        buf_append_lit(out, ",\"NewImage\":");
        value_map_append_json(out, *new);
    }
    buf_append_lit(out, "}\n");
}

static void ion_member(struct buf *out, const char *name, struct value map)
{
    buf_append_byte(out, ',');
    buf_append_string(out, name);
    buf_append_byte(out, ':');
    value_map_append_ion(out, map);
}

enum err export_filter_read(struct bytes json, struct arena *arena, struct export_filter *filter)
{
    yyjson_doc *doc;
    yyjson_val *root;
    struct fault fault;
    struct expr_input input;
    enum err err;

    *filter = (struct export_filter){.set = {0}};
    if (json.size == 0)
        return OK;
    json = arena_copy(arena, json); /* trees point into texts, texts into the document */
    {
        yyjson_alc alc;
        size_t room = yyjson_read_max_memory_usage(json.size, 0);

        if (!yyjson_alc_pool_init(&alc, arena_alloc(arena, room), room))
            return ERR_CORRUPT;
        doc = yyjson_read_opts((char *)(uintptr_t)json.data, json.size, 0, &alc, NULL);
    }
    root = yyjson_doc_get_root(doc);
    if (root == NULL)
        return ERR_CORRUPT;
    fault_init(&fault, arena);
    input = (struct expr_input){
        .names = yyjson_obj_get(root, "ExpressionAttributeNames"),
        .values = yyjson_obj_get(root, "ExpressionAttributeValues"),
        .key_condition = yyjson_obj_get(root, "KeyConditionExpression"),
        .filter = yyjson_obj_get(root, "FilterExpression"),
        .projection = yyjson_obj_get(root, "ProjectionExpression"),
    };
    err = expr_parse(NULL, &input, arena, &fault, &filter->set);
    return err == OK ? OK : ERR_CORRUPT;
}

bool export_filter_holds(const struct export_filter *filter, struct value item)
{
    const struct expr_set *set = &filter->set;

    for (unsigned i = 0; i < set->key_condition_count; i++)
        if (!key_condition_holds(&set->key_conditions[i], item))
            return false;
    return set->filter == NULL || expr_condition_holds(set->filter, item);
}

/* The operation made sure that the attribute is a key's and the operands are of its type. */
static bool key_condition_holds(const struct expr_key_condition *condition, struct value item)
{
    struct value value;

    return value_find(item, condition->attribute, &value) &&
           value.type == condition->operands[0].type && expr_key_condition_holds(condition, value);
}

struct value export_filter_project(const struct export_filter *filter, struct value item,
                                   struct arena *arena)
{
    return filter->set.projection == NULL ? item
                                          : expr_project(filter->set.projection, item, arena);
}
