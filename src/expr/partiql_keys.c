/* partiql_keys.c - what a WHERE says of key attributes, read off its tree.
 * Only what is joined by AND to all the rest narrows what must be read; the whole condition is
 * still evaluated on what was. AND inside AND comes from parentheses, so depth is that of parsing.
 */
#include "base/assert.h"
#include "expr/expr_priv.h"
#include "expr/partiql.h"

struct range_list {
    struct expr_key_condition *at;
    unsigned count;
};

static const struct expr_node *find_values(const struct expr_node *node, struct bytes attribute);
static unsigned value_operands(const struct expr_node *node, struct bytes attribute);
static void add_values(const struct expr_node *node, struct value *values, unsigned *count);
static unsigned conjunct_count(const struct expr_node *node);
static void add_ranges(const struct expr_node *node, struct bytes attribute,
                       struct range_list *ranges);
static bool read_range(const struct expr_node *node, struct bytes attribute,
                       struct expr_key_condition *range);

static bool is_attribute(const struct expr_node *node, struct bytes attribute)
{
    return node->kind == NODE_PATH && node->path.count == 1 &&
           bytes_equal(node->path.steps[0].name, attribute);
}

unsigned partiql_key_values(const struct expr_condition *where, struct bytes attribute,
                            struct arena *arena, const struct value **values)
{
    const struct expr_node *node = where != NULL ? find_values(where->root, attribute) : NULL;
    struct value *all;
    unsigned count = 0;

    if (node == NULL)
        return 0;
    all = arena_new_array(arena, struct value, value_operands(node, attribute));
    add_values(node, all, &count);
    *values = all;
    return count;
}

unsigned partiql_key_ranges(const struct expr_condition *where, struct bytes attribute,
                            struct arena *arena, const struct expr_key_condition **ranges)
{
    struct range_list list = {0};

    if (where == NULL)
        return 0;
    list.at = arena_new_array(arena, struct expr_key_condition, conjunct_count(where->root));
    add_ranges(where->root, attribute, &list);
    *ranges = list.at;
    return list.count;
}

unsigned partiql_condition_count(const struct expr_condition *where)
{
    return where != NULL ? conjunct_count(where->root) : 0;
}

/* --- equalities ------------------------------------------------------------------------------- */

/* The first part joined by AND that says of which values the attribute is one. */
static const struct expr_node *find_values(const struct expr_node *node, struct bytes attribute)
{
    if (node->kind != NODE_AND)
        return value_operands(node, attribute) != 0 ? node : NULL;
    for (const struct expr_node *part = node->first; part != NULL; part = part->next) {
        const struct expr_node *found = find_values(part, attribute);

        if (found != NULL)
            return found;
    }
    return NULL;
}

/* How many values it names; 0: it is no such condition. */
static unsigned value_operands(const struct expr_node *node, struct bytes attribute)
{
    unsigned count = 0;

    if (node->kind == NODE_COMPARE && node->operation == OPERATOR_EQ) {
        const struct expr_node *left = node->first, *right = left->next;

        return (is_attribute(left, attribute) && right->kind == NODE_VALUE) ||
               (is_attribute(right, attribute) && left->kind == NODE_VALUE);
    }
    if (node->kind == NODE_IN) {
        for (const struct expr_node *member = node->first->next; member != NULL;
             member = member->next)
            if (member->kind != NODE_VALUE)
                return 0;
        return is_attribute(node->first, attribute) ? node->operand_count - 1 : 0;
    }
    if (node->kind != NODE_OR)
        return 0;
    for (const struct expr_node *part = node->first; part != NULL; part = part->next) {
        unsigned more = value_operands(part, attribute);

        if (more == 0)
            return 0;
        count += more;
    }
    return count;
}

static void add_values(const struct expr_node *node, struct value *values, unsigned *count)
{
    for (const struct expr_node *part = node->first; part != NULL; part = part->next) {
        bool known = false;

        if (node->kind == NODE_OR)
            add_values(part, values, count);
        if (part->kind != NODE_VALUE)
            continue;
        for (unsigned i = 0; i < *count && !known; i++)
            known = value_equal(values[i], part->value);
        if (!known)
            values[(*count)++] = part->value;
    }
}

/* --- ranges ----------------------------------------------------------------------------------- */

static unsigned conjunct_count(const struct expr_node *node)
{
    unsigned count = 0;

    if (node->kind != NODE_AND)
        return 1;
    for (const struct expr_node *part = node->first; part != NULL; part = part->next)
        count += conjunct_count(part);
    return count;
}

static void add_ranges(const struct expr_node *node, struct bytes attribute,
                       struct range_list *ranges)
{
    if (node->kind == NODE_AND) {
        for (const struct expr_node *part = node->first; part != NULL; part = part->next)
            add_ranges(part, attribute, ranges);
        return;
    }
    if (read_range(node, attribute, &ranges->at[ranges->count]))
        ranges->count++;
}

static bool read_range(const struct expr_node *node, struct bytes attribute,
                       struct expr_key_condition *range)
{
    const struct expr_node *left = node->first, *right = left != NULL ? left->next : NULL;

    *range = (struct expr_key_condition){.attribute = attribute};
    if (node->kind == NODE_COMPARE && node->operation != OPERATOR_NE) {
        bool mirrored = is_attribute(right, attribute);
        const struct expr_node *value = mirrored ? left : right;

        if ((!mirrored && !is_attribute(left, attribute)) || value->kind != NODE_VALUE)
            return false;
        range->operator= expr_key_operator_of(node, mirrored);
        range->operands[0] = value->value;
        return true;
    }
    if (right == NULL || !is_attribute(left, attribute) || right->kind != NODE_VALUE)
        return false;
    range->operands[0] = right->value;
    if (node->kind == NODE_BETWEEN && right->next->kind == NODE_VALUE) {
        range->operator= EXPR_KEY_BETWEEN;
        range->operands[1] = right->next->value;
        return true;
    }
    range->operator= EXPR_KEY_BEGINS_WITH;
    return node->kind == NODE_FUNCTION && node->function->id == EXPR_begins_with;
}
