/* partiql_condition.c - WHERE as a condition tree.
 * Where the language says something else than condition expressions, the tree says it in their
 * terms: a comparison with what is missing is false here, <> included, so `a <> 1` becomes
 * `attribute_exists(a) AND a <> 1`. Semantics: contract core-api-partiql.md 5.
 */
#include "expr/partiql_parser.h"

static struct expr_node *parse_or(struct partiql_parser *p);
static struct expr_node *parse_and(struct partiql_parser *p);
static struct expr_node *parse_not(struct partiql_parser *p);
static struct expr_node *negated(struct partiql_parser *p, struct expr_node *condition);
static struct expr_node *parse_predicate(struct partiql_parser *p);
static struct expr_node *parse_behind_operand(struct partiql_parser *p, struct expr_node *operand);
static struct expr_node *parse_comparison(struct partiql_parser *p, struct expr_node *left);
static struct expr_node *unequal(struct partiql_parser *p, struct expr_node *comparison);
static struct expr_node *parse_between(struct partiql_parser *p, struct expr_node *operand);
static bool check_bounds(struct partiql_parser *p, const struct expr_node *lower,
                         const struct expr_node *upper);
static struct expr_node *parse_in(struct partiql_parser *p, struct expr_node *operand);
static bool parse_in_members(struct partiql_parser *p, struct expr_node *in,
                             struct expr_node ***end);
static struct expr_node *parse_is(struct partiql_parser *p, struct expr_node *operand);
static struct expr_node *parse_function(struct partiql_parser *p);
static bool check_function(struct partiql_parser *p, const struct expr_node *node);
static struct expr_node *parse_operand(struct partiql_parser *p);
static struct expr_node *parse_size(struct partiql_parser *p);
static void check_ordered(struct partiql_parser *p, const struct expr_node *operand);

bool partiql_condition(struct partiql_parser *p, struct expr_condition **condition)
{
    struct expr_node *root = parse_or(p);

    if (root == NULL)
        return false;
    *condition = arena_new(p->arena, struct expr_condition);
    (*condition)->root = root;
    return true;
}

/* One condition, or several with the same word between them. */
static struct expr_node *chain(struct partiql_parser *p, enum partiql_token_kind word,
                               enum expr_node_kind kind,
                               struct expr_node *(*part)(struct partiql_parser *))
{
    struct expr_node *first = part(p), *node, **end;

    if (first == NULL || p->token.kind != word)
        return first;
    node = partiql_node(p, kind);
    end = &node->first;
    partiql_add(node, &end, first);
    while (partiql_accept(p, word)) {
        struct expr_node *next = part(p);

        if (next == NULL)
            return NULL;
        partiql_add(node, &end, next);
    }
    return node;
}

static struct expr_node *parse_or(struct partiql_parser *p)
{
    return chain(p, PARTIQL_TOKEN_OR, NODE_OR, parse_and);
}

static struct expr_node *parse_and(struct partiql_parser *p)
{
    return chain(p, PARTIQL_TOKEN_AND, NODE_AND, parse_not);
}

static struct expr_node *parse_not(struct partiql_parser *p)
{
    struct expr_node *inside;

    if (p->token.kind != PARTIQL_TOKEN_NOT && p->token.kind != PARTIQL_TOKEN_OPEN)
        return parse_predicate(p);
    if (!partiql_enter(p))
        return NULL;
    if (partiql_accept(p, PARTIQL_TOKEN_NOT)) {
        inside = parse_not(p);
        inside = inside != NULL ? negated(p, inside) : NULL;
    } else {
        partiql_take(p);
        inside = parse_or(p);
        if (inside != NULL && !partiql_expect(p, PARTIQL_TOKEN_CLOSE))
            inside = NULL;
    }
    p->depth--;
    return inside;
}

static struct expr_node *negated(struct partiql_parser *p, struct expr_node *condition)
{
    struct expr_node *node = partiql_node(p, NODE_NOT), **end = &node->first;

    partiql_add(node, &end, condition);
    return node;
}

static struct expr_node *parse_predicate(struct partiql_parser *p)
{
    struct expr_node *left;

    if (partiql_at_any_call(p) && !partiql_at_call(p, "size"))
        return parse_function(p);
    left = parse_operand(p);
    return left != NULL ? parse_behind_operand(p, left) : NULL;
}

static struct expr_node *parse_behind_operand(struct partiql_parser *p, struct expr_node *left)
{
    bool negative;
    struct expr_node *node;

    if (p->token.kind >= PARTIQL_TOKEN_EQ && p->token.kind <= PARTIQL_TOKEN_GE)
        return parse_comparison(p, left);
    if (partiql_accept(p, PARTIQL_TOKEN_IS))
        return parse_is(p, left);
    negative = partiql_accept(p, PARTIQL_TOKEN_NOT);
    if (partiql_accept(p, PARTIQL_TOKEN_BETWEEN)) {
        node = parse_between(p, left);
    } else if (partiql_accept(p, PARTIQL_TOKEN_IN)) {
        node = parse_in(p, left);
    } else { /* not a condition by itself */
        if (partiql_at_word(p, "LIKE"))
            (void)partiql_refuse(p, "Unsupported operator in Condition Expression. Operator: like");
        else
            (void)partiql_refuse(p, "WHERE clause must contain an expression that resolves to a "
                                    "boolean");
        return NULL;
    }
    return node != NULL && negative ? negated(p, node) : node;
}

static struct expr_node *parse_comparison(struct partiql_parser *p, struct expr_node *left)
{
    struct expr_node *node = partiql_node(p, NODE_COMPARE), **end = &node->first, *right;

    _Static_assert(PARTIQL_TOKEN_GE - PARTIQL_TOKEN_EQ == OPERATOR_GE - OPERATOR_EQ, "same order");
    node->operation = (enum expr_operator)(OPERATOR_EQ + (p->token.kind - PARTIQL_TOKEN_EQ));
    partiql_take(p);
    if (p->token.kind == PARTIQL_TOKEN_END) {
        (void)partiql_fail(p, "Missing right-hand side expression of infix operator");
        return NULL;
    }
    right = parse_operand(p);
    if (right == NULL)
        return NULL;
    partiql_add(node, &end, left);
    partiql_add(node, &end, right);
    if (node->operation >= OPERATOR_LT) {
        check_ordered(p, left);
        check_ordered(p, right);
    }
    if (left->kind == NODE_PATH && right->kind == NODE_PATH &&
        expr_path_equal(&left->path, &right->path)) {
        (void)partiql_refuse(p,
                             "The first operand must be distinct from the remaining operands for "
                             "this operator or function; operator: %s, first operand: %.*s",
                             expr_operator_text(node->operation),
                             BYTES_ARGS(expr_path_text(&left->path, p->arena)));
        return NULL;
    }
    return node->operation == OPERATOR_NE ? unequal(p, node) : node;
}

/* Paths must be there; a size that is not there compares as false anyway. */
static struct expr_node *unequal(struct partiql_parser *p, struct expr_node *comparison)
{
    struct expr_node *both = partiql_node(p, NODE_AND), **end = &both->first;

    for (const struct expr_node *side = comparison->first; side != NULL; side = side->next) {
        struct expr_node *exists, *path, **inside;

        if (side->kind != NODE_PATH)
            continue;
        exists = partiql_function_node(p, EXPR_attribute_exists);
        inside = &exists->first;
        path = partiql_node(p, NODE_PATH);
        path->path = side->path;
        partiql_add(exists, &inside, path);
        partiql_add(both, &end, exists);
    }
    if (both->operand_count == 0)
        return comparison;
    partiql_add(both, &end, comparison);
    return both;
}

static struct expr_node *parse_between(struct partiql_parser *p, struct expr_node *left)
{
    struct expr_node *node = partiql_node(p, NODE_BETWEEN), **end = &node->first, *bound;

    partiql_add(node, &end, left);
    bound = parse_operand(p);
    if (bound == NULL || !partiql_expect(p, PARTIQL_TOKEN_AND))
        return NULL;
    partiql_add(node, &end, bound);
    if (p->token.kind == PARTIQL_TOKEN_END) {
        (void)partiql_fail(p, "Expected expression after AND");
        return NULL;
    }
    bound = parse_operand(p);
    if (bound == NULL)
        return NULL;
    partiql_add(node, &end, bound);
    for (const struct expr_node *each = node->first; each != NULL; each = each->next)
        check_ordered(p, each);
    return check_bounds(p, node->first->next, bound) ? node : NULL;
}

static bool check_bounds(struct partiql_parser *p, const struct expr_node *lower,
                         const struct expr_node *upper)
{
    const char *wrong = NULL;

    if (lower->kind != NODE_VALUE || upper->kind != NODE_VALUE || p->wrong_operand)
        return true;
    if (lower->value.type != upper->value.type)
        wrong = "requires same data type for lower and upper bounds";
    else if (value_compare(lower->value, upper->value) > 0)
        wrong = "requires upper bound to be greater than or equal to lower bound";
    if (wrong == NULL)
        return true;
    return partiql_refuse(p,
                          "The BETWEEN operator %s; lower bound operand: AttributeValue: %.*s, "
                          "upper bound operand: AttributeValue: %.*s",
                          wrong, BYTES_ARGS(value_text(lower->value, p->arena)),
                          BYTES_ARGS(value_text(upper->value, p->arena)));
}

static struct expr_node *parse_in(struct partiql_parser *p, struct expr_node *left)
{
    struct expr_node *node = partiql_node(p, NODE_IN), **end = &node->first;

    partiql_add(node, &end, left);
    if (!parse_in_members(p, node, &end))
        return NULL;
    if (node->operand_count - 1 > EXPR_IN_OPERANDS_MAX) { /* words (unverified) */
        (void)!fault_set(p->fault, ERR_VALIDATION,
                         "The IN operator is provided with too many operands; number of operands: "
                         "%u",
                         node->operand_count - 1);
        return NULL;
    }
    return node;
}

static bool parse_in_members(struct partiql_parser *p, struct expr_node *in,
                             struct expr_node ***end)
{
    enum partiql_token_kind open = p->token.kind, close = PARTIQL_TOKEN_CLOSE;

    if (open == PARTIQL_TOKEN_OPEN_LIST)
        close = PARTIQL_TOKEN_CLOSE_LIST;
    if ((open != PARTIQL_TOKEN_OPEN && open != PARTIQL_TOKEN_OPEN_LIST) ||
        partiql_ahead(p) == close)
        return partiql_refuse(p, "IN operator must have a left hand argument of type Variable "
                                 "Reference and right hand argument of type Seq with at least one "
                                 "member");
    partiql_take(p);
    do {
        struct expr_node *member = parse_operand(p);

        if (member == NULL)
            return false;
        partiql_add(in, end, member);
    } while (partiql_accept(p, PARTIQL_TOKEN_COMMA));
    return partiql_expect(p, close);
}

static struct expr_node *parse_is(struct partiql_parser *p, struct expr_node *left)
{
    bool negative = partiql_accept(p, PARTIQL_TOKEN_NOT);
    bool null = p->token.kind == PARTIQL_TOKEN_NULL;
    struct expr_node *node, *name, **end;

    if (!null && p->token.kind != PARTIQL_TOKEN_MISSING) {
        (void)partiql_fail(p, "Expected type name");
        return NULL;
    }
    if (left->kind != NODE_PATH) {
        (void)partiql_fail_term(p);
        return NULL;
    }
    partiql_take(p);
    if (!null) { /* "IS NOT MISSING" is the function that is there */
        node =
            partiql_function_node(p, negative ? EXPR_attribute_exists : EXPR_attribute_not_exists);
        end = &node->first;
        partiql_add(node, &end, left);
        return node;
    }
    node = partiql_function_node(p, EXPR_attribute_type);
    end = &node->first;
    partiql_add(node, &end, left);
    name = partiql_node(p, NODE_VALUE);
    name->value = (struct value){VALUE_S, BYTES("NULL")};
    partiql_add(node, &end, name);
    return negative ? negated(p, node) : node;
}

static struct expr_node *parse_function(struct partiql_parser *p)
{
    static const enum expr_function_id functions[] = {EXPR_begins_with, EXPR_contains,
                                                      EXPR_attribute_type, EXPR_attribute_exists,
                                                      EXPR_attribute_not_exists};
    struct expr_node *node = NULL, **end, *argument;

    for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]) && node == NULL; i++) {
        struct bytes name = expr_function_row(functions[i])->name;

        if (bytes_equal_no_case(p->token.text, name))
            node = partiql_function_node(p, functions[i]);
    }
    if (node == NULL) {
        (void)partiql_refuse(p, "Unrecognized function: %.*s", BYTES_ARGS(p->token.text));
        return NULL;
    }
    end = &node->first;
    partiql_take(p);
    partiql_take(p); /* "(" */
    argument = partiql_path(p);
    if (argument == NULL)
        return NULL;
    partiql_add(node, &end, argument);
    if (node->function->operands == 1)
        return partiql_expect(p, PARTIQL_TOKEN_CLOSE) ? node : NULL;
    if (!partiql_expect(p, PARTIQL_TOKEN_COMMA))
        return NULL;
    argument = parse_operand(p);
    if (argument == NULL || !partiql_expect(p, PARTIQL_TOKEN_CLOSE))
        return NULL;
    partiql_add(node, &end, argument);
    return check_function(p, node) ? node : NULL;
}

/* Evaluation counts on what is checked here. */
static bool check_function(struct partiql_parser *p, const struct expr_node *node)
{
    const struct expr_node *second = node->first->next;
    bool literal = second->kind == NODE_VALUE;
    enum value_type type;

    if (node->function->id == EXPR_begins_with)
        p->wrong_operand |=
            literal && second->value.type != VALUE_S && second->value.type != VALUE_B;
    if (node->function->id != EXPR_attribute_type)
        return true;
    if (!literal || second->value.type != VALUE_S) {
        p->wrong_operand = true;
        return true;
    }
    return value_type_parse(second->value.payload, &type) ||
           p->parameters_used > p->parameter_count || /* which is told instead */
           partiql_refuse(p,
                          "Invalid attribute type name found; type: %.*s, valid types: "
                          "{B,NULL,SS,BOOL,L,BS,N,NS,S,M}",
                          BYTES_ARGS(second->value.payload));
}

static struct expr_node *parse_operand(struct partiql_parser *p)
{
    if (partiql_at_literal(p))
        return partiql_literal(p);
    if (partiql_at_call(p, "size"))
        return parse_size(p);
    if (p->token.kind == PARTIQL_TOKEN_WORD || p->token.kind == PARTIQL_TOKEN_QUOTED) {
        if (!partiql_at_any_call(p))
            return partiql_path(p);
        (void)partiql_refuse(p, "Unrecognized function: %.*s", BYTES_ARGS(p->token.text));
        return NULL;
    }
    (void)partiql_fail_term(p);
    return NULL;
}

static struct expr_node *parse_size(struct partiql_parser *p)
{
    struct expr_node *node = partiql_function_node(p, EXPR_size), **end = &node->first, *path;

    partiql_take(p);
    partiql_take(p); /* "(" */
    path = partiql_path(p);
    if (path == NULL || !partiql_expect(p, PARTIQL_TOKEN_CLOSE))
        return NULL;
    partiql_add(node, &end, path);
    return node;
}

/* For "<" and its like. */
static void check_ordered(struct partiql_parser *p, const struct expr_node *operand)
{
    p->wrong_operand |= operand->kind == NODE_VALUE && operand->value.type > VALUE_B;
}
