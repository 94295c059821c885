/* expr_same.h - whether two requests' trees are the same, for tests of what makes trees. */
#pragma once

#include "expr/expr_priv.h"

static inline bool same_value(struct value a, struct value b)
{
    return a.type == b.type && bytes_equal(a.payload, b.payload);
}

static inline bool same_path(const struct expr_path *a, const struct expr_path *b)
{
    if (a->count != b->count)
        return false;
    for (unsigned i = 0; i < a->count; i++)
        if (a->steps[i].is_index != b->steps[i].is_index ||
            a->steps[i].index != b->steps[i].index ||
            !bytes_equal(a->steps[i].name, b->steps[i].name))
            return false;
    return true;
}

/* With those after them and all below. Depth is that of parsing. */
static inline bool same_nodes(const struct expr_node *a, const struct expr_node *b)
{
    for (; a != NULL && b != NULL; a = a->next, b = b->next) {
        if (a->kind != b->kind || a->operation != b->operation || a->function != b->function ||
            a->operand_count != b->operand_count || a->parenthesised != b->parenthesised ||
            !bytes_equal(a->undefined, b->undefined) ||
            (a->kind == NODE_PATH && !same_path(&a->path, &b->path)) ||
            (a->kind == NODE_VALUE && !same_value(a->value, b->value)) ||
            !same_nodes(a->first, b->first))
            return false;
    }
    return a == b;
}

static inline bool same_condition(const struct expr_condition *a, const struct expr_condition *b)
{
    return a == NULL || b == NULL ? a == b : same_nodes(a->root, b->root);
}

static inline bool same_paths(const struct expr_paths *a, const struct expr_paths *b)
{
    if (a->count != b->count)
        return false;
    for (unsigned i = 0; i < a->count; i++)
        if (a->sorted[i] != b->sorted[i] || !same_path(&a->in_text[i], &b->in_text[i]))
            return false;
    return true;
}

static inline bool same_update(const struct expr_update *a, const struct expr_update *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    if (a->legacy != b->legacy || !same_paths(&a->targets, &b->targets))
        return false;
    for (unsigned i = 0; i < a->targets.count; i++)
        if (a->actions[i].kind != b->actions[i].kind ||
            !same_nodes(a->actions[i].target, b->actions[i].target) ||
            !same_nodes(a->actions[i].value, b->actions[i].value))
            return false;
    return true;
}

static inline bool same_key_conditions(const struct expr_set *a, const struct expr_set *b)
{
    if (a->key_condition_count != b->key_condition_count)
        return false;
    for (unsigned i = 0; i < a->key_condition_count; i++) {
        const struct expr_key_condition *x = &a->key_conditions[i], *y = &b->key_conditions[i];

        if (!bytes_equal(x->attribute, y->attribute) ||
            x->operator!= y->operator|| !same_value(x->operands[0], y->operands[0]) ||
            !same_value(x->operands[1], y->operands[1]))
            return false;
    }
    return true;
}

static inline bool same_set(const struct expr_set *a, const struct expr_set *b)
{
    return same_update(a->update, b->update) && same_condition(a->condition, b->condition) &&
           same_condition(a->filter, b->filter) &&
           (a->projection == NULL || b->projection == NULL
                ? a->projection == b->projection
                : same_paths(&a->projection->paths, &b->projection->paths)) &&
           same_key_conditions(a, b);
}
