/* expr.c - all expressions of a request: the order of checks, and what callers ask of the trees.
 */
#include "expr/expr.h"

#include "expr/expr_cache.h"
#include "expr/expr_priv.h"

#include <yyjson.h>

static enum err parse_texts(struct expr_request *request, struct arena *arena, struct fault *fault,
                            struct expr_set *set, struct expr_condition **key_condition);
static const struct yyjson_val *present(const struct yyjson_val *json);
static bool visit_node(const struct expr_node *node, expr_path_visit_fn *visit, void *ctx);
static bool visit_path(const struct expr_path *path, expr_path_visit_fn *visit, void *ctx);

/* Contract core-api-expressions.md 1. What the cache is asked about has passed every check before
 * the texts; it answers with trees or not at all, and then the texts are read and tell what is
 * wrong. Trees from the cache used the names and values that the parsed ones used, which have the
 * same keys, and had key conditions of the right shape and types. */
enum err expr_parse(struct expr_cache *cache, const struct expr_input *input, struct arena *arena,
                    struct fault *fault, struct expr_set *set)
{
    struct expr_request request = {
        .texts =
            {
                [EXPR_KIND_UPDATE] = present(input->update),
                [EXPR_KIND_CONDITION] = present(input->condition),
                [EXPR_KIND_KEY_CONDITION] = present(input->key_condition),
                [EXPR_KIND_FILTER] = present(input->filter),
                [EXPR_KIND_PROJECTION] = present(input->projection),
            },
    };
    struct expr_condition *key_condition = NULL;
    struct expr_set result = {0};
    struct expr_cache_key key;
    enum err err;

    err = expr_names_read(present(input->names), arena, fault, &request.names);
    if (err == OK)
        err = expr_values_read(present(input->values), arena, fault, &request.values);
    if (err == OK)
        err = expr_placeholders_check_size(&request.names, &request.values, fault);
    if (err != OK)
        return err;
    if (cache != NULL) {
        expr_cache_key_init(&key, cache, &request);
        if (expr_cache_find(cache, &key, &request, arena, set))
            return OK;
    }
    err = parse_texts(&request, arena, fault, &result, &key_condition);
    if (err != OK)
        return err;
    if (cache != NULL)
        expr_cache_keep(cache, &key, &result, key_condition, arena);
    *set = result;
    return OK;
}

/* The shape of a key condition comes last: after the names and values that no expression used
 * (core-api-items.md 6). */
static enum err parse_texts(struct expr_request *request, struct arena *arena, struct fault *fault,
                            struct expr_set *set, struct expr_condition **key_condition)
{
    enum err err = OK;

    for (unsigned kind = 0; kind < EXPR_KINDS && err == OK; kind++) {
        struct expr_source source = {
            .kind = (enum expr_kind)kind, .names = &request->names, .values = &request->values};

        if (request->texts[kind] == NULL)
            continue;
        source.text = expr_text_of(request->texts[kind]);
        if (kind == EXPR_KIND_UPDATE)
            err = expr_parse_update(&source, arena, fault, &set->update);
        else if (kind == EXPR_KIND_PROJECTION)
            err = expr_parse_projection(&source, arena, fault, &set->projection);
        else
            err = expr_parse_condition(&source, arena, fault,
                                       kind == EXPR_KIND_CONDITION ? &set->condition
                                       : kind == EXPR_KIND_FILTER  ? &set->filter
                                                                   : key_condition);
    }
    if (err == OK)
        err = expr_placeholders_check_used(&request->names, "ExpressionAttributeNames", fault);
    if (err == OK)
        err = expr_placeholders_check_used(&request->values, "ExpressionAttributeValues", fault);
    if (err == OK && *key_condition != NULL)
        err = expr_key_conditions(*key_condition, arena, fault, &set->key_conditions,
                                  &set->key_condition_count);
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

struct bytes expr_text_of(const struct yyjson_val *json)
{
    return bytes_make(yyjson_get_str((yyjson_val *)json), yyjson_get_len((yyjson_val *)json));
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
