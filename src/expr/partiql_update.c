/* partiql_update.c - SET and REMOVE clauses as an update tree. */
#include "expr/partiql_parser.h"

struct action_list {
    struct expr_action action;
    struct action_list *next;
};

static bool parse_actions(struct partiql_parser *p, struct action_list ***end, unsigned *count);
static struct action_list *parse_set(struct partiql_parser *p);
static bool parse_set_call(struct partiql_parser *p, struct expr_action *action);
static struct action_list *parse_removal(struct partiql_parser *p);
static struct expr_node *parse_sum(struct partiql_parser *p);
static struct expr_node *parse_term(struct partiql_parser *p);
static struct expr_node *parse_call(struct partiql_parser *p);
static void check_call(struct partiql_parser *p, const struct expr_node *node);
static void check_number(struct partiql_parser *p, const struct expr_node *operand);

bool partiql_update_clauses(struct partiql_parser *p, struct expr_update **update)
{
    struct expr_update *result = arena_new(p->arena, struct expr_update);
    struct expr_paths *targets = &result->targets;
    struct action_list *list = NULL, **end = &list;

    if (!parse_actions(p, &end, &targets->count))
        return false;
    targets->in_text = arena_new_array(p->arena, struct expr_path, targets->count);
    result->actions = arena_new_array(p->arena, struct expr_action, targets->count);
    for (unsigned i = 0; i < targets->count; i++, list = list->next) {
        result->actions[i] = list->action;
        targets->in_text[i] = list->action.target->path;
    }
    expr_paths_sort(targets, p->arena);
    *update = result;
    return partiql_check_paths(p, targets);
}

bool partiql_check_paths(struct partiql_parser *p, const struct expr_paths *paths)
{
    struct expr_report report = {.arena = p->arena};
    enum expr_problem problem = PROBLEM_OVERLAP;

    expr_check_paths(&report, paths);
    if (report.noted == 0)
        return true;
    if (!expr_noted(&report, PROBLEM_OVERLAP))
        problem = PROBLEM_CONFLICT;
    (void)!fault_set_bytes(p->fault, ERR_VALIDATION, report.problems[problem].text);
    return false;
}

/* Clauses may be repeated and mixed. */
static bool parse_actions(struct partiql_parser *p, struct action_list ***end, unsigned *count)
{
    while (p->token.kind == PARTIQL_TOKEN_SET || p->token.kind == PARTIQL_TOKEN_REMOVE) {
        bool sets = p->token.kind == PARTIQL_TOKEN_SET;

        do {
            struct action_list *entry;

            partiql_take(p); /* the word or "," */
            if (sets && p->token.kind == PARTIQL_TOKEN_END)
                return partiql_fail(p, "Expected assignment for SET");
            entry = sets ? parse_set(p) : parse_removal(p);
            if (entry == NULL)
                return false;
            **end = entry;
            *end = &entry->next;
            (*count)++;
        } while (p->token.kind == PARTIQL_TOKEN_COMMA);
    }
    return *count != 0 || partiql_fail(p, "Expected data manipulation");
}

static struct action_list *parse_set(struct partiql_parser *p)
{
    struct action_list *entry = arena_new(p->arena, struct action_list);

    entry->action.kind = ACTION_SET;
    entry->action.target = partiql_path(p);
    if (entry->action.target == NULL || !partiql_expect(p, PARTIQL_TOKEN_EQ))
        return NULL;
    if (partiql_at_call(p, "set_add") || partiql_at_call(p, "set_delete"))
        return parse_set_call(p, &entry->action) ? entry : NULL;
    entry->action.value = parse_sum(p);
    return entry->action.value != NULL ? entry : NULL;
}

/* What SET a = set_add(a, set) does is what update expressions call ADD, and DELETE the other. */
static bool parse_set_call(struct partiql_parser *p, struct expr_action *action)
{
    bool adds = partiql_accept_word(p, "set_add");
    const char *name = adds ? "SET_ADD" : "SET_DELETE";
    const struct expr_node *path, *set;
    struct partiql_token first;

    if (!adds)
        partiql_take(p);
    partiql_take(p); /* "(" */
    first = p->token;
    path = partiql_path(p);
    if (path == NULL || !partiql_expect(p, PARTIQL_TOKEN_COMMA))
        return false;
    set = parse_sum(p);
    if (set == NULL || !partiql_expect(p, PARTIQL_TOKEN_CLOSE))
        return false;
    if (!expr_path_equal(&path->path, &action->target->path))
        return partiql_refuse(p, "The first argument to %s must equal the assignment value", name);
    if (p->parameters_used > p->parameter_count) /* which is told instead */
        set = action->target;
    else if (set->kind != NODE_VALUE || set->value.type < VALUE_SS || set->value.type > VALUE_BS) {
        p->token = first;
        return partiql_refuse_token(
            p, (const char *)arena_format(
                   p->arena, "The second argument to %s must be a value with type SET", name)
                   .data);
    }
    action->kind = adds ? ACTION_ADD : ACTION_DELETE;
    action->value = set;
    return true;
}

static struct action_list *parse_removal(struct partiql_parser *p)
{
    struct action_list *entry = arena_new(p->arena, struct action_list);

    entry->action.kind = ACTION_REMOVE;
    entry->action.target = partiql_path(p);
    return entry->action.target != NULL ? entry : NULL;
}

/* Each further term makes the tree deeper. */
static struct expr_node *parse_sum(struct partiql_parser *p)
{
    struct expr_node *left = parse_term(p);
    unsigned depth = p->depth;

    while (left != NULL &&
           (p->token.kind == PARTIQL_TOKEN_PLUS || p->token.kind == PARTIQL_TOKEN_MINUS)) {
        struct expr_node *node = partiql_node(p, NODE_ARITHMETIC), **end = &node->first, *right;

        if (!partiql_enter(p))
            return NULL;
        node->operation = p->token.kind == PARTIQL_TOKEN_PLUS ? OPERATOR_PLUS : OPERATOR_MINUS;
        partiql_take(p);
        right = parse_term(p);
        if (right == NULL)
            return NULL;
        partiql_add(node, &end, left);
        partiql_add(node, &end, right);
        check_number(p, left);
        check_number(p, right);
        left = node;
    }
    p->depth = depth;
    return left;
}

static struct expr_node *parse_term(struct partiql_parser *p)
{
    struct expr_node *inside;

    if (partiql_at_literal(p))
        return partiql_literal(p);
    if (p->token.kind != PARTIQL_TOKEN_OPEN) {
        if (p->token.kind != PARTIQL_TOKEN_WORD && p->token.kind != PARTIQL_TOKEN_QUOTED) {
            (void)partiql_fail_term(p);
            return NULL;
        }
        return partiql_at_any_call(p) ? parse_call(p) : partiql_path(p);
    }
    if (!partiql_enter(p))
        return NULL;
    partiql_take(p);
    inside = parse_sum(p);
    p->depth--;
    return inside != NULL && partiql_expect(p, PARTIQL_TOKEN_CLOSE) ? inside : NULL;
}

static struct expr_node *parse_call(struct partiql_parser *p)
{
    static const enum expr_function_id functions[] = {EXPR_list_append, EXPR_if_not_exists};
    struct expr_node *node = NULL, **end, *argument;

    for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]) && node == NULL; i++)
        if (bytes_equal_no_case(p->token.text, expr_function_row(functions[i])->name))
            node = partiql_function_node(p, functions[i]);
    if (node == NULL) {
        (void)(expr_function_find(p->token.text, EXPR_KIND_CONDITION) != NULL
                   ? partiql_refuse(p,
                                    "The function is not allowed in an update expression; "
                                    "function: %.*s",
                                    BYTES_ARGS(p->token.text))
                   : partiql_refuse(p, "Unrecognized function: %.*s", BYTES_ARGS(p->token.text)));
        return NULL;
    }
    if (!partiql_enter(p))
        return NULL;
    end = &node->first;
    partiql_take(p);
    partiql_take(p); /* "(" */
    argument = node->function->id == EXPR_list_append ? parse_sum(p) : partiql_path(p);
    if (argument == NULL || !partiql_expect(p, PARTIQL_TOKEN_COMMA))
        return NULL;
    partiql_add(node, &end, argument);
    argument = parse_sum(p);
    if (argument == NULL || !partiql_expect(p, PARTIQL_TOKEN_CLOSE))
        return NULL;
    partiql_add(node, &end, argument);
    p->depth--;
    check_call(p, node);
    return node;
}

static void check_call(struct partiql_parser *p, const struct expr_node *node)
{
    if (node->function->id == EXPR_if_not_exists)
        return;
    for (const struct expr_node *operand = node->first; operand != NULL; operand = operand->next)
        p->wrong_operand |= operand->kind == NODE_VALUE && operand->value.type != VALUE_L;
}

static void check_number(struct partiql_parser *p, const struct expr_node *operand)
{
    p->wrong_operand |= operand->kind == NODE_VALUE && operand->value.type != VALUE_N;
}
