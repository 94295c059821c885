/* expr_check.c - what an expression may not say although its syntax is right, and which of several
 * problems is told (contract core-api-expressions.md 4, 5, 7).
 */
#include "base/assert.h"
#include "expr/expr_priv.h"

#include <stdarg.h>

static void note(struct expr_report *report, enum expr_problem problem, bool wrapped,
                 const char *format, va_list args) __attribute__((format(printf, 4, 0)));
static bool check_defined(struct expr_report *report, const struct expr_node *node);
static bool check_counts(struct expr_report *report, const struct expr_node *node);
static bool check_distinct(struct expr_report *report, enum expr_problem problem,
                           const struct expr_node *node);
static bool check_types(struct expr_report *report, const struct expr_node *node);
static bool check_function_types(struct expr_report *report, const struct expr_node *node);
static bool check_attribute_type(struct expr_report *report, const struct expr_node *type);
static bool check_ordered_types(struct expr_report *report, const struct expr_node *node,
                                const char *operator);
static bool check_bounds(struct expr_report *report, const struct expr_node *lower,
                         const struct expr_node *upper);
static bool note_operand_type(struct expr_report *report, enum expr_problem problem,
                              struct bytes name, const char *type);
static bool literal_type(const struct expr_node *node, enum value_type *type);
static bool ordered_type(enum value_type type);
static bool set_type(enum value_type type);
static const char *long_type_name(enum value_type type);
static struct bytes node_name(const struct expr_node *node);

/* --- what is told ----------------------------------------------------------------------------- */

void expr_note(struct expr_report *report, enum expr_problem problem, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    note(report, problem, false, format, args);
    va_end(args);
}

void expr_note_wrapped(struct expr_report *report, enum expr_problem problem, const char *format,
                       ...)
{
    va_list args;

    va_start(args, format);
    note(report, problem, true, format, args);
    va_end(args);
}

static void note(struct expr_report *report, enum expr_problem problem, bool wrapped,
                 const char *format, va_list args)
{
    if (expr_noted(report, problem))
        return;
    report->noted |= 1u << problem;
    report->problems[problem].text = arena_vformat(report->arena, format, args);
    report->problems[problem].wrapped = wrapped;
}

/* First what is told first. A kind that does not list a problem accepts it: an update has no rule
 * against parentheses, a condition tells undefined placeholders with their predicate. The place of
 * PROBLEM_PATH is (unverified). */
enum err expr_tell(const struct expr_report *report, enum expr_kind kind, struct fault *fault)
{
    static const enum expr_problem condition[] = {
        PROBLEM_PARENTHESES,
        PROBLEM_UNKNOWN_FUNCTION,
        PROBLEM_MISUSED_FUNCTION,
        PROBLEM_RESERVED_WORD,
        PROBLEM_PATH,
        PROBLEM_PREDICATE,
        PROBLEM_COUNT,
    };
    static const enum expr_problem projection[] = {
        PROBLEM_RESERVED_WORD, PROBLEM_PATH,     PROBLEM_UNDEFINED_NAME,
        PROBLEM_OVERLAP,       PROBLEM_CONFLICT, PROBLEM_COUNT,
    };
    static const enum expr_problem update[] = {
        PROBLEM_RESERVED_WORD,  PROBLEM_UNKNOWN_FUNCTION, PROBLEM_SECTION, PROBLEM_PATH,
        PROBLEM_UNDEFINED_NAME, PROBLEM_UNDEFINED_VALUE,  PROBLEM_OVERLAP, PROBLEM_CONFLICT,
        PROBLEM_ACTION_OPERAND, PROBLEM_FUNCTION_OPERAND, PROBLEM_COUNT,
    };
    const enum expr_problem *order = kind == EXPR_KIND_UPDATE       ? update
                                     : kind == EXPR_KIND_PROJECTION ? projection
                                                                    : condition;

    if (report->noted == 0)
        return OK;
    for (; *order != PROBLEM_COUNT; order++)
        if (expr_noted(report, *order))
            return (report->problems[*order].wrapped ? fault_set_wrapped : fault_set)(
                fault, ERR_VALIDATION, "Invalid %s: %.*s", expr_kind_name(kind),
                BYTES_ARGS(report->problems[*order].text));
    return OK;
}

const char *expr_kind_name(enum expr_kind kind)
{
    static const char *const names[] = {
        [EXPR_KIND_UPDATE] = "UpdateExpression",
        [EXPR_KIND_CONDITION] = "ConditionExpression",
        [EXPR_KIND_KEY_CONDITION] = "KeyConditionExpression",
        [EXPR_KIND_FILTER] = "FilterExpression",
        [EXPR_KIND_PROJECTION] = "ProjectionExpression",
    };

    return names[kind];
}

const char *expr_operator_text(enum expr_operator operation)
{
    static const char *const texts[] = {
        [OPERATOR_NONE] = "", [OPERATOR_EQ] = "=",   [OPERATOR_NE] = "<>",
        [OPERATOR_LT] = "<",  [OPERATOR_LE] = "<=",  [OPERATOR_GT] = ">",
        [OPERATOR_GE] = ">=", [OPERATOR_PLUS] = "+", [OPERATOR_MINUS] = "-",
    };

    return texts[operation];
}

static const struct expr_function functions[] = {
#define FUNCTION(name, operands, use, result)                                  \
    [EXPR_##name] = {BYTES(#name), EXPR_##name, operands, EXPR_FUNCTION_##use, \
                     EXPR_FUNCTION_##result},
#include "expr/functions.def"
};

const struct expr_function *expr_function_find(struct bytes name, enum expr_kind kind)
{
    enum expr_function_use use =
        kind == EXPR_KIND_UPDATE ? EXPR_FUNCTION_UPDATE : EXPR_FUNCTION_CONDITION;

    for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
        if (functions[i].use == use && bytes_equal(functions[i].name, name))
            return &functions[i];
    return NULL;
}

const struct expr_function *expr_function_row(enum expr_function_id id)
{
    return &functions[id];
}

/* --- predicates ------------------------------------------------------------------------------- */

/* The first predicate with a problem tells its first one, in this order. */
void expr_check_predicate(struct expr_report *report, const struct expr_node *predicate)
{
    if (expr_noted(report, PROBLEM_PREDICATE))
        return;
    (void)(check_defined(report, predicate) && check_counts(report, predicate) &&
           check_distinct(report, PROBLEM_PREDICATE, predicate) && check_types(report, predicate));
}

static bool check_defined(struct expr_report *report, const struct expr_node *node)
{
    if (node->undefined.size != 0) {
        if (node->kind == NODE_PATH)
            expr_note(report, PROBLEM_PREDICATE, EXPR_UNDEFINED_NAME, BYTES_ARGS(node->undefined));
        else
            expr_note(report, PROBLEM_PREDICATE, EXPR_UNDEFINED_VALUE, BYTES_ARGS(node->undefined));
        return false;
    }
    for (const struct expr_node *operand = node->first; operand != NULL; operand = operand->next)
        if (!check_defined(report, operand))
            return false;
    return true;
}

static bool check_counts(struct expr_report *report, const struct expr_node *node)
{
    if (node->function != NULL && node->operand_count != node->function->operands) {
        expr_note(report, PROBLEM_PREDICATE,
                  "Incorrect number of operands for operator or function; "
                  "operator or function: %.*s, number of operands: %u",
                  BYTES_ARGS(node->function->name), node->operand_count);
        return false;
    }
    if (node->kind == NODE_IN && node->operand_count - 1 > EXPR_IN_OPERANDS_MAX) {
        expr_note(report, PROBLEM_PREDICATE,
                  "The IN operator is provided with too many operands; number of operands: %u",
                  node->operand_count - 1);
        return false;
    }
    for (const struct expr_node *operand = node->first; operand != NULL; operand = operand->next)
        if (!check_counts(report, operand))
            return false;
    return true;
}

/* Whether no other operand is the path that the first one is. */
static bool check_distinct(struct expr_report *report, enum expr_problem problem,
                           const struct expr_node *node)
{
    const struct expr_node *first = node->first, *other = first->next;

    if (first->kind != NODE_PATH)
        return true;
    while (other != NULL &&
           (other->kind != NODE_PATH || !expr_path_equal(&first->path, &other->path)))
        other = other->next;
    if (other == NULL)
        return true;
    expr_note_wrapped(report, problem,
                      "The first operand must be distinct from the remaining operands for this "
                      "operator or function; operator: %.*s, first operand: %.*s",
                      BYTES_ARGS(node_name(node)),
                      BYTES_ARGS(expr_path_text(&first->path, report->arena)));
    return false;
}

static bool check_types(struct expr_report *report, const struct expr_node *node)
{
    for (const struct expr_node *operand = node->first; operand != NULL; operand = operand->next)
        if (!check_types(report, operand))
            return false;
    if (node->kind == NODE_FUNCTION && node->function != NULL)
        return check_function_types(report, node);
    if (node->kind == NODE_COMPARE && node->operation >= OPERATOR_LT)
        return check_ordered_types(report, node, expr_operator_text(node->operation));
    if (node->kind == NODE_BETWEEN)
        return check_bounds(report, node->first->next, node->first->next->next) &&
               check_ordered_types(report, node, "BETWEEN");
    return true;
}

static bool check_function_types(struct expr_report *report, const struct expr_node *node)
{
    struct bytes name = node->function->name;
    enum value_type type;

    switch (node->function->id) {
    case EXPR_attribute_exists:
    case EXPR_attribute_not_exists:
        if (node->first->kind == NODE_PATH)
            return true;
        expr_note(report, PROBLEM_PREDICATE,
                  "Operator or function requires a document path; operator or function: %.*s",
                  BYTES_ARGS(name));
        return false;
    case EXPR_attribute_type:
        return check_attribute_type(report, node->first->next);
    case EXPR_begins_with:
        for (const struct expr_node *operand = node->first; operand != NULL;
             operand = operand->next)
            if (literal_type(operand, &type) && type != VALUE_S && type != VALUE_B)
                return note_operand_type(report, PROBLEM_PREDICATE, name, value_type_name(type));
        return true;
    case EXPR_size:
        if (literal_type(node->first, &type) &&
            (type == VALUE_N || type == VALUE_BOOL || type == VALUE_NULL))
            return note_operand_type(report, PROBLEM_PREDICATE, name, value_type_name(type));
        return true;
    default:
        return true;
    }
}

static bool check_attribute_type(struct expr_report *report, const struct expr_node *node)
{
    enum value_type type;

    if (!literal_type(node, &type))
        return note_operand_type(report, PROBLEM_PREDICATE, BYTES("attribute_type"),
                                 "{NS,SS,L,BS,N,M,B,BOOL,NULL,S}");
    if (type != VALUE_S)
        return note_operand_type(report, PROBLEM_PREDICATE, BYTES("attribute_type"),
                                 value_type_name(type));
    if (value_type_parse(node->value.payload, &type))
        return true;
    expr_note(report, PROBLEM_PREDICATE,
              "Invalid attribute type name found; type: %.*s, "
              "valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}",
              BYTES_ARGS(node->value.payload));
    return false;
}

static bool check_ordered_types(struct expr_report *report, const struct expr_node *node,
                                const char *operator)
{
    enum value_type type;

    for (const struct expr_node *operand = node->first; operand != NULL; operand = operand->next) {
        if (!literal_type(operand, &type) || ordered_type(type))
            continue;
        return note_operand_type(report, PROBLEM_PREDICATE, bytes_of_string(operator),
                                 value_type_name(type));
    }
    return true;
}

static bool check_bounds(struct expr_report *report, const struct expr_node *lower,
                         const struct expr_node *upper)
{
    const char *wrong;

    if (lower->kind != NODE_VALUE || upper->kind != NODE_VALUE)
        return true;
    if (lower->value.type != upper->value.type)
        wrong = "requires same data type for lower and upper bounds";
    else if (!expr_bounds_ordered(lower->value, upper->value))
        wrong = "requires upper bound to be greater than or equal to lower bound";
    else
        return true;
    expr_note(report, PROBLEM_PREDICATE,
              "The BETWEEN operator %s; lower bound operand: AttributeValue: %.*s, "
              "upper bound operand: AttributeValue: %.*s",
              wrong, BYTES_ARGS(value_text(lower->value, report->arena)),
              BYTES_ARGS(value_text(upper->value, report->arena)));
    return false;
}

/* Of types without an order, other checks tell. */
bool expr_bounds_ordered(struct value lower, struct value upper)
{
    return !ordered_type(lower.type) || value_compare(lower, upper) <= 0;
}

/* --- updates and projections ------------------------------------------------------------------ */

void expr_check_update_operands(struct expr_report *report, const struct expr_node *node)
{
    const enum expr_problem problem = PROBLEM_FUNCTION_OPERAND;
    bool sum = node->kind == NODE_ARITHMETIC;
    enum value_type type, wanted = sum ? VALUE_N : VALUE_L;

    if (!sum && node->function == NULL)
        return; /* unknown, told before this */
    if (!sum && node->operand_count != node->function->operands) {
        expr_note(report, problem,
                  "Incorrect number of operands for operator or function; "
                  "operator or function: %.*s, number of operands: %u",
                  BYTES_ARGS(node->function->name), node->operand_count);
        return;
    }
    if (!sum && node->function->id == EXPR_if_not_exists) {
        if (node->first->kind != NODE_PATH)
            expr_note(report, problem,
                      "Operator or function requires a document path; operator or function: %.*s",
                      BYTES_ARGS(node->function->name));
        else
            (void)check_distinct(report, problem, node);
        return;
    }
    for (const struct expr_node *operand = node->first; operand != NULL; operand = operand->next)
        if (operand->undefined.size == 0 && literal_type(operand, &type) && type != wanted)
            (void)note_operand_type(report, problem, node_name(node), value_type_name(type));
}

void expr_check_action(struct expr_report *report, const struct expr_action *action)
{
    enum value_type type;

    if (action->kind != ACTION_ADD && action->kind != ACTION_DELETE)
        return;
    if (action->value->undefined.size != 0 || !literal_type(action->value, &type))
        return;
    if (set_type(type) || (action->kind == ACTION_ADD && type == VALUE_N))
        return;
    expr_note(report, PROBLEM_ACTION_OPERAND,
              "Incorrect operand type for operator or function; operator: %s, operand type: %s",
              action->kind == ACTION_ADD ? "ADD" : "DELETE", long_type_name(type));
}

/* Neighbours in sorted order tell whether there is a problem; only then all pairs are tried, for
 * the earliest later path and the earliest path that it collides with. */
void expr_check_paths(struct expr_report *report, const struct expr_paths *paths)
{
    static const struct {
        enum expr_problem problem;
        const char *verb;
    } told[] = {
        [EXPR_OVERLAP] = {PROBLEM_OVERLAP, "overlap"},
        [EXPR_CONFLICT] = {PROBLEM_CONFLICT, "conflict"},
    };
    bool collide = false;

    for (unsigned i = 1; i < paths->count && !collide; i++)
        collide =
            expr_path_relation(expr_paths_at(paths, i - 1), expr_paths_at(paths, i)) != EXPR_APART;
    for (unsigned later = 1; collide && later < paths->count; later++) {
        for (unsigned earlier = 0; earlier < later; earlier++) {
            const struct expr_path *one = &paths->in_text[earlier], *two = &paths->in_text[later];
            enum expr_relation relation = expr_path_relation(one, two);

            if (relation == EXPR_APART || expr_noted(report, told[relation].problem))
                continue;
            expr_note(report, told[relation].problem,
                      "Two document paths %s with each other; must remove or rewrite one of these "
                      "paths; path one: %.*s, path two: %.*s",
                      told[relation].verb, BYTES_ARGS(expr_path_text(one, report->arena)),
                      BYTES_ARGS(expr_path_text(two, report->arena)));
            if (relation == EXPR_OVERLAP)
                return; /* told before any conflict */
        }
    }
}

/* --- types and names -------------------------------------------------------------------------- */

/* Always false: the check failed. */
static bool note_operand_type(struct expr_report *report, enum expr_problem problem,
                              struct bytes name, const char *type)
{
    expr_note(report, problem,
              "Incorrect operand type for operator or function; "
              "operator or function: %.*s, operand type: %s",
              BYTES_ARGS(name), type);
    return false;
}

/* What is known before any item is: a literal's type, and that size gives a number. */
static bool literal_type(const struct expr_node *node, enum value_type *type)
{
    if (node->kind == NODE_VALUE)
        *type = node->value.type;
    else if (node->function != NULL && node->function->id == EXPR_size)
        *type = VALUE_N;
    else
        return false;
    return true;
}

static bool ordered_type(enum value_type type)
{
    return type == VALUE_S || type == VALUE_N || type == VALUE_B;
}

static bool set_type(enum value_type type)
{
    return type == VALUE_SS || type == VALUE_NS || type == VALUE_BS;
}

static const char *long_type_name(enum value_type type)
{
    switch (type) {
    case VALUE_S:
        return "STRING";
    case VALUE_N:
        return "NUMBER";
    case VALUE_B:
        return "BINARY";
    case VALUE_BOOL:
        return "BOOLEAN";
    case VALUE_L:
        return "LIST";
    case VALUE_M:
        return "MAP";
    default: /* NULL, and sets, which these messages never have */
        return value_type_name(type);
    }
}

/* As messages have it: "begins_with", "=", "+". */
static struct bytes node_name(const struct expr_node *node)
{
    if (node->kind == NODE_BETWEEN)
        return BYTES("BETWEEN");
    if (node->kind == NODE_IN)
        return BYTES("IN");
    return node->function != NULL ? node->function->name
                                  : bytes_of_string(expr_operator_text(node->operation));
}
