/* expr_key.c - reading a key condition off its tree (contract core-api-expressions.md 6, 8.1).
 * What does not fit a table's or an index's keys is found out by those who know the schema.
 */
#include "expr/expr_priv.h"

#define INVALID_CONDITION "Invalid condition in KeyConditionExpression: "

struct key_reader {
    struct fault *fault;
    struct expr_key_condition *conditions; /* EXPR_KEY_CONDITIONS_MAX of them */
    unsigned count;
};

static enum err read_node(struct key_reader *reader, const struct expr_node *node);
static enum err check_operator(struct key_reader *reader, const struct expr_node *node);
static enum err read_operands(struct key_reader *reader, const struct expr_node *node,
                              struct expr_key_condition *condition);
static enum err add(struct key_reader *reader, const struct expr_key_condition *condition);
static enum err check_type(struct key_reader *reader, const struct expr_key_condition *condition);
static enum err invalid_operator(struct key_reader *reader, struct bytes name);

enum err expr_key_conditions(const struct expr_condition *condition, struct arena *arena,
                             struct fault *fault, struct expr_key_condition **conditions,
                             unsigned *count)
{
    struct key_reader reader = {.fault = fault};
    enum err err;

    reader.conditions = arena_new_array(arena, struct expr_key_condition, EXPR_KEY_CONDITIONS_MAX);
    err = read_node(&reader, condition->root);
    for (unsigned i = 0; err == OK && i < reader.count; i++)
        err = check_type(&reader, &reader.conditions[i]);
    if (err != OK)
        return err;
    *conditions = reader.conditions;
    *count = reader.count;
    return OK;
}

/* A node before its operands, these in order of the text. Depth is that of parsing. */
static enum err read_node(struct key_reader *reader, const struct expr_node *node)
{
    struct expr_key_condition condition;
    enum err err = check_operator(reader, node);

    if (err != OK)
        return err;
    if (node->kind != NODE_AND) {
        err = read_operands(reader, node, &condition);
        return err != OK ? err : add(reader, &condition);
    }
    for (const struct expr_node *operand = node->first; operand != NULL && err == OK;
         operand = operand->next)
        err = read_node(reader, operand);
    return err;
}

static enum err check_operator(struct key_reader *reader, const struct expr_node *node)
{
    const char *refused;

    switch (node->kind) {
    case NODE_OR:
        return invalid_operator(reader, BYTES("OR"));
    case NODE_NOT:
        return invalid_operator(reader, BYTES("NOT"));
    case NODE_IN:
        return invalid_operator(reader, BYTES("IN"));
    case NODE_COMPARE:
        return node->operation == OPERATOR_NE ? invalid_operator(reader, BYTES("<>")) : OK;
    case NODE_BETWEEN:
        refused = "BETWEEN";
        break;
    case NODE_FUNCTION:
        if (node->function->id == EXPR_size)
            return fault_set(reader->fault, ERR_VALIDATION,
                             "KeyConditionExpressions cannot contain nested operations");
        if (node->function->id != EXPR_begins_with)
            return invalid_operator(reader, node->function->name);
        refused = "begins_with";
        break;
    default:
        return OK;
    }
    if (node->first->kind == NODE_PATH)
        return OK;
    return fault_set(reader->fault, ERR_VALIDATION,
                     INVALID_CONDITION "%s operator must have the key attribute as its first "
                                       "operand",
                     refused);
}

/* One path, and literals. */
static enum err read_operands(struct key_reader *reader, const struct expr_node *node,
                              struct expr_key_condition *condition)
{
    const struct expr_path *path = NULL;
    bool mirrored = false;
    unsigned values = 0;

    *condition = (struct expr_key_condition){0};
    for (const struct expr_node *operand = node->first; operand != NULL; operand = operand->next) {
        if (operand->kind == NODE_VALUE) {
            if (values < 2)
                condition->operands[values] = operand->value;
            values++;
        } else if (operand->kind == NODE_FUNCTION) {
            return check_operator(reader, operand); /* size: the others are no operands */
        } else if (path != NULL) {
            return fault_set(reader->fault, ERR_VALIDATION,
                             INVALID_CONDITION "Multiple attribute names used in one condition");
        } else if (operand->path.count > 1) { /* the newest captures have the prefix */
            return fault_set(reader->fault, ERR_VALIDATION,
                             "Invalid KeyConditionExpression: KeyConditionExpressions cannot have "
                             "conditions on nested attributes");
        } else {
            path = &operand->path;
            mirrored = values > 0;
        }
    }
    if (path == NULL)
        return fault_set(reader->fault, ERR_VALIDATION,
                         INVALID_CONDITION "No key attribute specified");
    condition->attribute = path->steps[0].name;
    condition->operator= expr_key_operator_of(node, mirrored);
    return OK;
}

static enum err add(struct key_reader *reader, const struct expr_key_condition *condition)
{
    for (unsigned i = 0; i < reader->count; i++)
        if (bytes_equal(reader->conditions[i].attribute, condition->attribute))
            return fault_set(reader->fault, ERR_VALIDATION,
                             "KeyConditionExpressions must only contain one condition per key");
    if (reader->count == EXPR_KEY_CONDITIONS_MAX) /* more than any key has attributes */
        return fault_set(reader->fault, ERR_VALIDATION, "Conditions can be of length 1 or 2 only");
    reader->conditions[reader->count++] = *condition;
    return OK;
}

/* What 8.1 refuses and section 4 let pass: equality with what can be no key. */
static enum err check_type(struct key_reader *reader, const struct expr_key_condition *condition)
{
    enum value_type type = condition->operands[0].type;

    if (condition->operator!= EXPR_KEY_EQ ||(type != VALUE_BOOL && type != VALUE_NULL &&
                                             type != VALUE_L && type != VALUE_M))
        return OK;
    return fault_set(reader->fault, ERR_VALIDATION,
                     "One or more parameter values were invalid: ComparisonOperator EQ is not "
                     "valid for %s AttributeValue type",
                     value_type_name(type));
}

enum expr_key_operator expr_key_operator_of(const struct expr_node *node, bool mirrored)
{
    if (node->kind == NODE_BETWEEN)
        return EXPR_KEY_BETWEEN;
    if (node->kind == NODE_FUNCTION)
        return EXPR_KEY_BEGINS_WITH;
    switch (node->operation) {
    case OPERATOR_LT:
        return mirrored ? EXPR_KEY_GT : EXPR_KEY_LT;
    case OPERATOR_LE:
        return mirrored ? EXPR_KEY_GE : EXPR_KEY_LE;
    case OPERATOR_GT:
        return mirrored ? EXPR_KEY_LT : EXPR_KEY_GT;
    case OPERATOR_GE:
        return mirrored ? EXPR_KEY_LE : EXPR_KEY_GE;
    default:
        return EXPR_KEY_EQ;
    }
}

static enum err invalid_operator(struct key_reader *reader, struct bytes name)
{
    return fault_set(reader->fault, ERR_VALIDATION,
                     "Invalid operator used in KeyConditionExpression: %.*s", BYTES_ARGS(name));
}

bool expr_key_condition_holds(const struct expr_key_condition *condition, struct value value)
{
    int order = value_compare(value, condition->operands[0]);

    switch (condition->operator) {
    case EXPR_KEY_EQ:
        return order == 0;
    case EXPR_KEY_LT:
        return order < 0;
    case EXPR_KEY_LE:
        return order <= 0;
    case EXPR_KEY_GT:
        return order > 0;
    case EXPR_KEY_GE:
        return order >= 0;
    case EXPR_KEY_BETWEEN:
        return order >= 0 && value_compare(value, condition->operands[1]) <= 0;
    case EXPR_KEY_BEGINS_WITH:
        return bytes_start_with(value.payload, condition->operands[0].payload);
    case EXPR_KEY_NOT_INDEXABLE:
        break;
    }
    return false;
}
