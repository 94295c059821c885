/* expr_parse_condition.c - conditions, filters and key conditions, which share one grammar.
 * "(" may open a condition or an operand, and only what follows the ")" tells: a predicate read
 * inside parentheses may therefore turn out to be a bare operand (`operand_too`).
 */
#include "expr/expr_parser.h"

static struct expr_node *parse_or(struct expr_parser *p, bool operand_too);
static struct expr_node *parse_and(struct expr_parser *p, bool operand_too);
static struct expr_node *parse_not(struct expr_parser *p, bool operand_too);
static struct expr_node *parse_predicate(struct expr_parser *p, bool operand_too);
static struct expr_node *parse_group(struct expr_parser *p);
static struct expr_node *parse_comparison(struct expr_parser *p, struct expr_node *left);
static struct expr_node *parse_between(struct expr_parser *p, struct expr_node *left);
static struct expr_node *parse_in(struct expr_parser *p, struct expr_node *left);
static enum expr_operator comparison_operator(enum token_kind token);

enum err expr_parse_condition(const struct expr_source *source, struct arena *arena,
                              struct fault *fault, struct expr_condition **condition)
{
    struct expr_node *root;
    struct expr_parser p;
    enum err err = expr_parser_begin(&p, source, arena, fault);

    if (err != OK)
        return err;
    root = parse_or(&p, false);
    err = expr_parser_finish(&p, fault);
    if (err != OK)
        return err;
    *condition = arena_new(arena, struct expr_condition);
    (*condition)->root = root;
    return OK;
}

static struct expr_node *parse_or(struct expr_parser *p, bool operand_too)
{
    struct expr_node *first = parse_and(p, operand_too);
    struct expr_list list;

    if (first == NULL || p->token.kind != TOKEN_OR)
        return first;
    list = expr_list_begin(expr_parser_node(p, NODE_OR));
    expr_list_add(p, &list, first);
    while (expr_parser_accept(p, TOKEN_OR)) {
        struct expr_node *next = parse_and(p, false);

        if (next == NULL)
            return NULL;
        p->operator_count++;
        expr_list_add(p, &list, next);
    }
    return list.owner;
}

static struct expr_node *parse_and(struct expr_parser *p, bool operand_too)
{
    struct expr_node *first = parse_not(p, operand_too);
    struct expr_list list;

    if (first == NULL || p->token.kind != TOKEN_AND)
        return first;
    list = expr_list_begin(expr_parser_node(p, NODE_AND));
    expr_list_add(p, &list, first);
    while (expr_parser_accept(p, TOKEN_AND)) {
        struct expr_node *next = parse_not(p, false);

        if (next == NULL)
            return NULL;
        p->operator_count++;
        expr_list_add(p, &list, next);
    }
    return list.owner;
}

static struct expr_node *parse_not(struct expr_parser *p, bool operand_too)
{
    struct expr_node *negated;
    struct expr_list list;
    unsigned count = 0;

    while (expr_parser_accept(p, TOKEN_NOT))
        count++;
    if (count == 0)
        return parse_predicate(p, operand_too);
    p->operator_count += count;
    negated = parse_predicate(p, false);
    if (negated == NULL || count % 2 == 0) /* two undo each other */
        return negated;
    list = expr_list_begin(expr_parser_node(p, NODE_NOT));
    expr_list_add(p, &list, negated);
    return list.owner;
}

/* With `operand_too`, also an operand or a function that a ")" follows: undecided. */
static struct expr_node *parse_predicate(struct expr_parser *p, bool operand_too)
{
    struct expr_node *left = p->token.kind == TOKEN_OPEN ? parse_group(p) : expr_parser_operand(p);

    if (left == NULL || left->kind >= NODE_COMPARE)
        return left;
    if (comparison_operator(p->token.kind) != OPERATOR_NONE)
        return parse_comparison(p, left);
    if (expr_parser_accept(p, TOKEN_BETWEEN))
        return parse_between(p, left);
    if (expr_parser_accept(p, TOKEN_IN))
        return parse_in(p, left);
    if (operand_too && p->token.kind == TOKEN_CLOSE)
        return left;
    if (left->kind != NODE_FUNCTION)
        return expr_parser_fail(p);
    if (left->function != NULL && left->function->result != EXPR_FUNCTION_BOOLEAN)
        expr_note(&p->report, PROBLEM_MISUSED_FUNCTION,
                  "The function is not allowed to be used this way in an expression; "
                  "function: %.*s",
                  BYTES_ARGS(left->function->name));
    expr_check_predicate(&p->report, left);
    return left;
}

/* A condition or an operand in parentheses. */
static struct expr_node *parse_group(struct expr_parser *p)
{
    struct expr_node *inside;

    if (!expr_parser_enter(p))
        return NULL;
    expr_parser_take(p);
    inside = parse_or(p, true);
    if (inside == NULL || !expr_parser_expect(p, TOKEN_CLOSE))
        return NULL;
    return expr_parser_close_group(p, inside);
}

static struct expr_node *parse_comparison(struct expr_parser *p, struct expr_node *left)
{
    struct expr_node *node = expr_parser_node(p, NODE_COMPARE);
    struct expr_list list = expr_list_begin(node);
    struct expr_node *right;

    node->operation = comparison_operator(p->token.kind);
    p->operator_count++;
    expr_parser_take(p);
    right = expr_parser_operand(p);
    if (right == NULL)
        return NULL;
    expr_list_add(p, &list, left);
    expr_list_add(p, &list, right);
    expr_check_predicate(&p->report, node);
    return node;
}

static struct expr_node *parse_between(struct expr_parser *p, struct expr_node *left)
{
    struct expr_list list = expr_list_begin(expr_parser_node(p, NODE_BETWEEN));
    struct expr_node *lower, *upper;

    p->operator_count++;
    lower = expr_parser_operand(p);
    if (lower == NULL || !expr_parser_expect(p, TOKEN_AND))
        return NULL;
    upper = expr_parser_operand(p);
    if (upper == NULL)
        return NULL;
    expr_list_add(p, &list, left);
    expr_list_add(p, &list, lower);
    expr_list_add(p, &list, upper);
    expr_check_predicate(&p->report, list.owner);
    return list.owner;
}

static struct expr_node *parse_in(struct expr_parser *p, struct expr_node *left)
{
    struct expr_list list = expr_list_begin(expr_parser_node(p, NODE_IN));

    p->operator_count++;
    expr_list_add(p, &list, left);
    if (!expr_parser_expect(p, TOKEN_OPEN))
        return NULL;
    do {
        struct expr_node *operand = expr_parser_operand(p);

        if (operand == NULL)
            return NULL;
        expr_list_add(p, &list, operand);
    } while (expr_parser_accept(p, TOKEN_COMMA));
    if (!expr_parser_expect(p, TOKEN_CLOSE))
        return NULL;
    expr_check_predicate(&p->report, list.owner);
    return list.owner;
}

static enum expr_operator comparison_operator(enum token_kind token)
{
    if (token < TOKEN_EQ || token > TOKEN_GE)
        return OPERATOR_NONE;
    _Static_assert(TOKEN_GE - TOKEN_EQ == OPERATOR_GE - OPERATOR_EQ, "same order");
    return (enum expr_operator)(OPERATOR_EQ + (token - TOKEN_EQ));
}
