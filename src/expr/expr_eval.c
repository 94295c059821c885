/* expr_eval.c - conditions on items.
 * Operands are read in place from the encoded item; nothing is allocated. Values are canonical, so
 * "=" is equality of bytes, and order of S, N and B is order of bytes (item/value.h).
 * Semantics: contract core-api-expressions.md 4.1.
 */
#include "base/assert.h"
#include "base/format.h"
#include "expr/expr_priv.h"
#include "item/number.h"

/* An operand's value; `size` has somewhere to put its number. */
struct operand {
    struct value value;
    struct number number;
};

static bool holds(const struct expr_node *node, struct value item);
static bool comparison_holds(const struct expr_node *node, struct value item);
static bool between_holds(const struct expr_node *node, struct value item);
static bool in_holds(const struct expr_node *node, struct value item);
static bool function_holds(const struct expr_node *node, struct value item);
static bool begins_with(struct value whole, struct value start);
static bool contains(struct value container, struct value part);
static bool operand_read(const struct expr_node *node, struct value item, struct operand *operand);
static bool sizeless(const struct expr_node *node, struct value item);
static bool size_of(struct value value, uint64_t *size);
static struct number number_of(uint64_t count);
static uint64_t utf16_units(struct bytes utf8);
static bool ordered(struct value a, struct value b);

bool expr_condition_holds(const struct expr_condition *condition, struct value item)
{
    ASSERT(item.type == VALUE_M);
    return holds(condition->root, item);
}

/* Depth is that of parsing. */
static bool holds(const struct expr_node *node, struct value item)
{
    switch (node->kind) {
    case NODE_AND:
        for (const struct expr_node *part = node->first; part != NULL; part = part->next)
            if (!holds(part, item))
                return false;
        return true;
    case NODE_OR:
        for (const struct expr_node *part = node->first; part != NULL; part = part->next)
            if (holds(part, item))
                return true;
        return false;
    case NODE_NOT:
        return !holds(node->first, item);
    case NODE_COMPARE:
        return comparison_holds(node, item);
    case NODE_BETWEEN:
        return between_holds(node, item);
    case NODE_IN:
        return in_holds(node, item);
    default:
        ASSERT(node->kind == NODE_FUNCTION);
        return function_holds(node, item);
    }
}

static bool comparison_holds(const struct expr_node *node, struct value item)
{
    struct operand left, right;
    bool there =
        operand_read(node->first, item, &left) && operand_read(node->first->next, item, &right);

    if (node->operation == OPERATOR_NE) /* also of what is not there, but not of its size */
        return there ? !value_equal(left.value, right.value)
                     : !sizeless(node->first, item) && !sizeless(node->first->next, item);
    if (!there)
        return false;
    if (node->operation == OPERATOR_EQ)
        return value_equal(left.value, right.value);
    if (!ordered(left.value, right.value))
        return false;
    switch (node->operation) {
    case OPERATOR_LT:
        return value_compare(left.value, right.value) < 0;
    case OPERATOR_LE:
        return value_compare(left.value, right.value) <= 0;
    case OPERATOR_GT:
        return value_compare(left.value, right.value) > 0;
    default:
        return value_compare(left.value, right.value) >= 0;
    }
}

static bool between_holds(const struct expr_node *node, struct value item)
{
    struct operand value, lower, upper;

    return operand_read(node->first, item, &value) &&
           operand_read(node->first->next, item, &lower) &&
           operand_read(node->first->next->next, item, &upper) &&
           ordered(value.value, lower.value) && ordered(value.value, upper.value) &&
           value_compare(value.value, lower.value) >= 0 &&
           value_compare(value.value, upper.value) <= 0;
}

static bool in_holds(const struct expr_node *node, struct value item)
{
    struct operand value, member;

    if (!operand_read(node->first, item, &value))
        return false;
    for (const struct expr_node *operand = node->first->next; operand != NULL;
         operand = operand->next)
        if (operand_read(operand, item, &member) && value_equal(value.value, member.value))
            return true;
    return false;
}

static bool function_holds(const struct expr_node *node, struct value item)
{
    const struct expr_node *second = node->first->next;
    struct operand first, other;
    bool there = operand_read(node->first, item, &first);

    switch (node->function->id) {
    case EXPR_attribute_exists:
        return there;
    case EXPR_attribute_not_exists:
        return !there;
    case EXPR_attribute_type: /* the literal was checked */
        return there &&
               bytes_equal_string(second->value.payload, value_type_name(first.value.type));
    case EXPR_begins_with:
        return there && operand_read(second, item, &other) && begins_with(first.value, other.value);
    default:
        ASSERT(node->function->id == EXPR_contains);
        return there && operand_read(second, item, &other) && contains(first.value, other.value);
    }
}

static bool begins_with(struct value whole, struct value start)
{
    return whole.type == start.type && (whole.type == VALUE_S || whole.type == VALUE_B) &&
           bytes_start_with(whole.payload, start.payload);
}

static bool contains(struct value container, struct value part)
{
    struct value_walk walk;

    switch (container.type) {
    case VALUE_S:
    case VALUE_B:
        return part.type == container.type &&
               (part.payload.size == 0 || memmem(container.payload.data, container.payload.size,
                                                 part.payload.data, part.payload.size) != NULL);
    case VALUE_SS:
    case VALUE_NS:
    case VALUE_BS:
    case VALUE_L:
        walk = value_walk_begin(container);
        while (value_walk_next(&walk))
            if (value_equal(walk.value, part))
                return true;
        return false;
    default:
        return false;
    }
}

/* False: there is no such thing in the item, or it has no size. */
static bool operand_read(const struct expr_node *node, struct value item, struct operand *operand)
{
    struct operand sized;
    uint64_t size;

    switch (node->kind) {
    case NODE_PATH:
        return expr_path_find(&node->path, item, &operand->value);
    case NODE_VALUE:
        operand->value = node->value;
        return true;
    default:
        ASSERT(node->kind == NODE_FUNCTION && node->function->id == EXPR_size);
        ASSERT(node->first->kind != NODE_FUNCTION); /* the size of a size was refused */
        if (!operand_read(node->first, item, &sized) || !size_of(sized.value, &size))
            return false;
        operand->number = number_of(size);
        operand->value = (struct value){VALUE_N, number_bytes(&operand->number)};
        return true;
    }
}

static bool sizeless(const struct expr_node *node, struct value item)
{
    struct operand operand;

    return node->kind == NODE_FUNCTION && !operand_read(node, item, &operand);
}

static bool size_of(struct value value, uint64_t *size)
{
    switch (value.type) {
    case VALUE_S:
        *size = utf16_units(value.payload);
        return true;
    case VALUE_B:
        *size = value.payload.size;
        return true;
    case VALUE_N:
    case VALUE_BOOL:
    case VALUE_NULL:
        return false;
    default:
        *size = value_count(value);
        return true;
    }
}

static struct number number_of(uint64_t count)
{
    struct fault fault = {0}; /* for nothing: these texts are numbers */
    struct number number;
    uint8_t digits[FORMAT_U64_BYTES_MAX];
    enum err err = number_parse(format_u64(count, digits), &number, &fault);

    ASSERT(err == OK);
    return number;
}

/* Every character is one unit, those outside the basic plane (four bytes of UTF-8) are two. */
static uint64_t utf16_units(struct bytes utf8)
{
    uint64_t units = 0;

    for (size_t i = 0; i < utf8.size; i++)
        units += ((utf8.data[i] & 0xc0) != 0x80) + (utf8.data[i] >= 0xf0);
    return units;
}

/* Whether "<" means anything between them. */
static bool ordered(struct value a, struct value b)
{
    return a.type == b.type && (a.type == VALUE_S || a.type == VALUE_N || a.type == VALUE_B);
}
