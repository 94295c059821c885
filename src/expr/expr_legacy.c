/* expr_legacy.c - trees from the rows of legacy parameters.
 * Every row has a counterpart among the expressions: NOT_CONTAINS is NOT contains(...), NULL is
 * attribute_not_exists(...), PUT is SET, DELETE without a value is REMOVE. So evaluation, and what
 * callers ask about paths, is the expressions' own.
 * Semantics: contract core-api-expressions.md 8.
 */
#include "base/assert.h"
#include "expr/expr_priv.h"

static struct expr_node *condition_node(const struct expr_legacy_condition *row,
                                        struct arena *arena);
static struct expr_node *predicate_node(const struct expr_legacy_condition *row,
                                        struct arena *arena);
static struct expr_node *function_node(const char *name, struct arena *arena);
static struct expr_node *path_node(struct bytes attribute, struct arena *arena);
static struct expr_node *value_node(struct value value, struct arena *arena);
static struct expr_path path_of(struct bytes attribute, struct arena *arena);

struct expr_condition *expr_legacy_condition(const struct expr_legacy_condition *rows,
                                             unsigned count, bool any, struct arena *arena)
{
    struct expr_condition *condition = arena_new(arena, struct expr_condition);
    struct expr_node *root = arena_new(arena, struct expr_node);
    struct expr_node **end = &root->first;

    ASSERT(count != 0);
    root->kind = any ? NODE_OR : NODE_AND;
    root->operand_count = count;
    for (unsigned i = 0; i < count; i++) {
        *end = condition_node(&rows[i], arena);
        end = &(*end)->next;
    }
    condition->root = root;
    return condition;
}

struct expr_update *expr_legacy_update(const struct expr_legacy_update *rows, unsigned count,
                                       struct arena *arena)
{
    static const enum expr_action_kind kinds[] = {
        [EXPR_LEGACY_PUT] = ACTION_SET,
        [EXPR_LEGACY_ADD] = ACTION_ADD,
        [EXPR_LEGACY_DELETE] = ACTION_DELETE,
    };
    struct expr_update *update = arena_new(arena, struct expr_update);

    ASSERT(count != 0);
    update->legacy = true;
    update->actions = arena_new_array(arena, struct expr_action, count);
    update->targets.in_text = arena_new_array(arena, struct expr_path, count);
    update->targets.count = count;
    for (unsigned i = 0; i < count; i++) {
        struct expr_action *action = &update->actions[i];

        ASSERT(rows[i].has_value || rows[i].action == EXPR_LEGACY_DELETE);
        action->kind = rows[i].has_value ? kinds[rows[i].action] : ACTION_REMOVE;
        action->target = path_node(rows[i].attribute, arena);
        action->value = rows[i].has_value ? value_node(rows[i].value, arena) : NULL;
        update->targets.in_text[i] = action->target->path;
    }
    expr_paths_sort(&update->targets, arena);
    return update;
}

struct expr_projection *expr_legacy_projection(const struct bytes *attributes, unsigned count,
                                               struct arena *arena)
{
    struct expr_projection *projection = arena_new(arena, struct expr_projection);

    projection->paths.in_text = arena_new_array(arena, struct expr_path, count);
    projection->paths.count = count;
    for (unsigned i = 0; i < count; i++)
        projection->paths.in_text[i] = path_of(attributes[i], arena);
    expr_paths_sort(&projection->paths, arena);
    return projection;
}

static struct expr_node *condition_node(const struct expr_legacy_condition *row,
                                        struct arena *arena)
{
    struct expr_node *node = predicate_node(row, arena), *negation;
    struct expr_node **end = &node->first;

    *end = path_node(row->attribute, arena);
    for (unsigned i = 0; i < row->operand_count; i++) {
        end = &(*end)->next;
        *end = value_node(row->operands[i], arena);
    }
    node->operand_count = 1 + row->operand_count;
    if (row->operator!= EXPR_LEGACY_NOT_CONTAINS)
        return node;
    negation = arena_new(arena, struct expr_node);
    negation->kind = NODE_NOT;
    negation->first = node;
    negation->operand_count = 1;
    return negation;
}

/* Without its operands yet, and not negated. */
static struct expr_node *predicate_node(const struct expr_legacy_condition *row,
                                        struct arena *arena)
{
    struct expr_node *node;

    switch (row->operator) {
    case EXPR_LEGACY_BEGINS_WITH:
        return function_node("begins_with", arena);
    case EXPR_LEGACY_CONTAINS:
    case EXPR_LEGACY_NOT_CONTAINS:
        return function_node("contains", arena);
    case EXPR_LEGACY_NULL:
        return function_node("attribute_not_exists", arena);
    case EXPR_LEGACY_NOT_NULL:
        return function_node("attribute_exists", arena);
    default:
        break;
    }
    node = arena_new(arena, struct expr_node);
    if (row->operator== EXPR_LEGACY_BETWEEN) {
        node->kind = NODE_BETWEEN;
    } else if (row->operator== EXPR_LEGACY_IN) {
        node->kind = NODE_IN;
    } else {
        _Static_assert(EXPR_LEGACY_GE - EXPR_LEGACY_EQ == OPERATOR_GE - OPERATOR_EQ, "same order");
        node->kind = NODE_COMPARE;
        node->operation = (enum expr_operator)(OPERATOR_EQ + (row->operator- EXPR_LEGACY_EQ));
    }
    return node;
}

static struct expr_node *function_node(const char *name, struct arena *arena)
{
    struct expr_node *node = arena_new(arena, struct expr_node);

    node->kind = NODE_FUNCTION;
    node->function = expr_function_find(bytes_of_string(name), EXPR_KIND_CONDITION);
    ASSERT(node->function != NULL);
    return node;
}

static struct expr_node *path_node(struct bytes attribute, struct arena *arena)
{
    struct expr_node *node = arena_new(arena, struct expr_node);

    node->kind = NODE_PATH;
    node->path = path_of(attribute, arena);
    return node;
}

static struct expr_node *value_node(struct value value, struct arena *arena)
{
    struct expr_node *node = arena_new(arena, struct expr_node);

    node->kind = NODE_VALUE;
    node->value = value;
    return node;
}

static struct expr_path path_of(struct bytes attribute, struct arena *arena)
{
    struct expr_step *step = arena_new(arena, struct expr_step);

    step->name = attribute;
    return (struct expr_path){.steps = step, .count = 1};
}
