/* expr.c - all expressions of a request: the order of checks, and what callers ask of the trees.
 */
#include "expr/expr.h"

#include "expr/expr_priv.h"

#include <yyjson.h>

static struct expr_source source_of(const struct yyjson_val *json, enum expr_kind kind,
                                    struct expr_placeholders *names,
                                    struct expr_placeholders *values);
static const struct yyjson_val *present(const struct yyjson_val *json);
static bool visit_node(const struct expr_node *node, expr_path_visit_fn *visit, void *ctx);
static bool visit_path(const struct expr_path *path, expr_path_visit_fn *visit, void *ctx);

/* Contract core-api-expressions.md 1. The shape of a key condition comes last: after the names and
 * values that no expression used (core-api-items.md 6). */
enum err expr_parse(const struct expr_input *input, struct arena *arena, struct fault *fault,
                    struct expr_set *set)
{
    const struct yyjson_val *update = present(input->update);
    const struct yyjson_val *condition = present(input->condition);
    const struct yyjson_val *key_condition = present(input->key_condition);
    const struct yyjson_val *filter = present(input->filter);
    const struct yyjson_val *projection = present(input->projection);
    struct expr_condition *key = NULL;
    struct expr_placeholders names, values;
    struct expr_set result = {0};
    struct expr_source source;
    enum err err;

    err = expr_names_read(present(input->names), arena, fault, &names);
    if (err == OK)
        err = expr_values_read(present(input->values), arena, fault, &values);
    if (err == OK)
        err = expr_placeholders_check_size(&names, &values, fault);
    if (err == OK && update != NULL) {
        source = source_of(update, EXPR_KIND_UPDATE, &names, &values);
        err = expr_parse_update(&source, arena, fault, &result.update);
    }
    if (err == OK && condition != NULL) {
        source = source_of(condition, EXPR_KIND_CONDITION, &names, &values);
        err = expr_parse_condition(&source, arena, fault, &result.condition);
    }
    if (err == OK && key_condition != NULL) {
        source = source_of(key_condition, EXPR_KIND_KEY_CONDITION, &names, &values);
        err = expr_parse_condition(&source, arena, fault, &key);
    }
    if (err == OK && filter != NULL) {
        source = source_of(filter, EXPR_KIND_FILTER, &names, &values);
        err = expr_parse_condition(&source, arena, fault, &result.filter);
    }
    if (err == OK && projection != NULL) {
        source = source_of(projection, EXPR_KIND_PROJECTION, &names, &values);
        err = expr_parse_projection(&source, arena, fault, &result.projection);
    }
    if (err == OK)
        err = expr_placeholders_check_used(&names, "ExpressionAttributeNames", fault);
    if (err == OK)
        err = expr_placeholders_check_used(&values, "ExpressionAttributeValues", fault);
    if (err == OK && key != NULL)
        err = expr_key_conditions(key, arena, fault, &result.key_conditions,
                                  &result.key_condition_count);
    if (err == OK)
        *set = result;
    return err;
}

void expr_condition_visit_paths(const struct expr_condition *condition, expr_path_visit_fn *visit,
                                void *ctx)
{
    (void)visit_node(condition->root, visit, ctx);
}

void expr_projection_visit_paths(const struct expr_projection *projection,
                                 expr_path_visit_fn *visit, void *ctx)
{
    for (unsigned i = 0; i < projection->paths.count; i++)
        if (!visit_path(&projection->paths.in_text[i], visit, ctx))
            return;
}

void expr_update_visit_targets(const struct expr_update *update, expr_path_visit_fn *visit,
                               void *ctx)
{
    for (unsigned i = 0; i < update->targets.count; i++)
        if (!visit_path(&update->targets.in_text[i], visit, ctx))
            return;
}

void expr_update_visit_paths(const struct expr_update *update, expr_path_visit_fn *visit, void *ctx)
{
    for (unsigned i = 0; i < update->targets.count; i++) {
        const struct expr_action *action = &update->actions[i];

        if (!visit_node(action->target, visit, ctx) ||
            (action->value != NULL && !visit_node(action->value, visit, ctx)))
            return;
    }
}

bool expr_update_literal_for(const struct expr_update *update, struct bytes attribute,
                             struct value *literal)
{
    for (unsigned i = 0; i < update->targets.count; i++) {
        const struct expr_action *action = &update->actions[i];
        const struct expr_path *target = &action->target->path;

        if (action->kind != ACTION_SET || action->value->kind != NODE_VALUE || target->count != 1 ||
            !bytes_equal(target->steps[0].name, attribute))
            continue;
        *literal = action->value->value;
        return true;
    }
    return false;
}

bool expr_update_only_removes(const struct expr_update *update)
{
    for (unsigned i = 0; i < update->targets.count; i++) {
        enum expr_action_kind kind = update->actions[i].kind;

        if (kind == ACTION_SET || kind == ACTION_ADD)
            return false;
    }
    return true;
}

/* Contract core-api-data.md 4, with its observed additions. What a DELETE of set members counts is
 * not known; it leaves a value (unverified). */
size_t expr_update_overhead_bytes(const struct expr_update *update)
{
    enum { UPDATE = 3, WRITES = 19, CLEARS = 2, THROUGH_LIST = 1, ARITHMETIC = 50 };
    size_t bytes = UPDATE;

    for (unsigned i = 0; i < update->targets.count; i++) {
        const struct expr_action *action = &update->actions[i];
        const struct expr_path *target = &action->target->path;

        bytes += action->kind == ACTION_REMOVE ? CLEARS : WRITES;
        if (action->kind != ACTION_SET)
            continue;
        if (target->steps[target->count - 1].is_index)
            bytes += THROUGH_LIST;
        if (action->value->kind == NODE_ARITHMETIC)
            bytes += ARITHMETIC;
    }
    return bytes;
}

static struct expr_source source_of(const struct yyjson_val *json, enum expr_kind kind,
                                    struct expr_placeholders *names,
                                    struct expr_placeholders *values)
{
    const char *text = yyjson_get_str((yyjson_val *)json);
    size_t size = yyjson_get_len((yyjson_val *)json);

    return (struct expr_source){bytes_make(text, size), kind, names, values};
}

/* A JSON null is no parameter. */
static const struct yyjson_val *present(const struct yyjson_val *json)
{
    return yyjson_is_null((yyjson_val *)json) ? NULL : json;
}

/* Depth is that of parsing. */
static bool visit_node(const struct expr_node *node, expr_path_visit_fn *visit, void *ctx)
{
    if (node->kind == NODE_PATH)
        return visit_path(&node->path, visit, ctx);
    for (const struct expr_node *operand = node->first; operand != NULL; operand = operand->next)
        if (!visit_node(operand, visit, ctx))
            return false;
    return true;
}

static bool visit_path(const struct expr_path *path, expr_path_visit_fn *visit, void *ctx)
{
    return visit(ctx, path->steps[0].name, path->count > 1);
}
