/* expr_parse_update.c - projections and updates: lists of paths, and of what is done with them. */
#include "expr/expr_parser.h"

/* The guide counts the operators of `a + b + c`; the grammar of the service was seen to take one.
 * (unverified) */
#define SUM_OPERATORS_MAX 1

struct action_list {
    struct action_list *next;
    struct expr_action action;
};

static unsigned parse_paths(struct expr_parser *p, struct expr_node **end);
static unsigned parse_actions(struct expr_parser *p, struct action_list **end);
static struct action_list *parse_action(struct expr_parser *p, enum expr_action_kind kind);
static struct expr_node *parse_sum(struct expr_parser *p);

enum err expr_parse_projection(const struct expr_source *source, struct arena *arena,
                               struct fault *fault, struct expr_projection **projection)
{
    struct expr_projection *result = arena_new(arena, struct expr_projection);
    struct expr_paths *paths = &result->paths;
    struct expr_node *first = NULL;
    struct expr_parser p;
    enum err err = expr_parser_begin(&p, source, arena, fault);

    if (err != OK)
        return err;
    paths->count = parse_paths(&p, &first);
    paths->in_text = arena_new_array(arena, struct expr_path, paths->count);
    for (unsigned i = 0; i < paths->count; i++, first = first->next)
        paths->in_text[i] = first->path;
    expr_paths_sort(paths, arena);
    expr_check_paths(&p.report, paths);
    err = expr_parser_finish(&p, fault);
    if (err != OK)
        return err;
    *projection = result;
    return OK;
}

enum err expr_parse_update(const struct expr_source *source, struct arena *arena,
                           struct fault *fault, struct expr_update **update)
{
    struct expr_update *result = arena_new(arena, struct expr_update);
    struct expr_paths *targets = &result->targets;
    struct action_list *list = NULL;
    struct expr_parser p;
    enum err err = expr_parser_begin(&p, source, arena, fault);

    if (err != OK)
        return err;
    targets->count = parse_actions(&p, &list);
    targets->in_text = arena_new_array(arena, struct expr_path, targets->count);
    result->actions = arena_new_array(arena, struct expr_action, targets->count);
    for (unsigned i = 0; i < targets->count; i++, list = list->next) {
        result->actions[i] = list->action;
        targets->in_text[i] = list->action.target->path;
    }
    expr_paths_sort(targets, arena);
    expr_check_paths(&p.report, targets);
    err = expr_parser_finish(&p, fault);
    if (err != OK)
        return err;
    *update = result;
    return OK;
}

/* Appends the paths of a projection to the list that ends here; how many. */
static unsigned parse_paths(struct expr_parser *p, struct expr_node **end)
{
    unsigned count = 0;

    do {
        *end = expr_parser_path(p);
        if (*end == NULL)
            break;
        end = &(*end)->next;
        count++;
    } while (expr_parser_accept(p, TOKEN_COMMA));
    return count;
}

/* The same for the actions of all clauses. */
static unsigned parse_actions(struct expr_parser *p, struct action_list **end)
{
    static const char *const sections[] = {"SET", "REMOVE", "ADD", "DELETE"};
    bool seen[ACTION_KINDS] = {false};
    unsigned count = 0;

    while (p->token.kind >= TOKEN_SET && p->token.kind <= TOKEN_DELETE) {
        enum expr_action_kind kind = (enum expr_action_kind)(p->token.kind - TOKEN_SET);

        if (seen[kind])
            expr_note(&p->report, PROBLEM_SECTION,
                      "The \"%s\" section can only be used once in an update expression;",
                      sections[kind]);
        seen[kind] = true;
        do {
            expr_parser_take(p); /* the keyword or "," */
            *end = parse_action(p, kind);
            if (*end == NULL)
                return count;
            end = &(*end)->next;
            count++;
        } while (p->token.kind == TOKEN_COMMA);
    }
    return count; /* anything else here is a syntax error, which expr_parser_finish sees */
}

static struct action_list *parse_action(struct expr_parser *p, enum expr_action_kind kind)
{
    struct action_list *entry = arena_new(p->arena, struct action_list);
    struct expr_action *action = &entry->action;

    action->kind = kind;
    action->target = expr_parser_path(p);
    if (action->target == NULL)
        return NULL;
    if (kind == ACTION_REMOVE)
        return entry;
    if (kind == ACTION_SET) {
        if (!expr_parser_expect(p, TOKEN_EQ))
            return NULL;
        action->value = parse_sum(p);
    } else {
        action->value = p->token.kind == TOKEN_VALUE ? expr_parser_value(p) : expr_parser_fail(p);
    }
    if (action->value == NULL)
        return NULL;
    expr_check_action(&p->report, action);
    return entry;
}

static struct expr_node *parse_sum(struct expr_parser *p)
{
    struct expr_node *left;

    if (p->token.kind == TOKEN_OPEN) {
        if (!expr_parser_enter(p))
            return NULL;
        expr_parser_take(p);
        left = parse_sum(p);
        if (left == NULL || !expr_parser_expect(p, TOKEN_CLOSE))
            return NULL;
        p->depth--;
        if (left->kind == NODE_ARITHMETIC)
            return left;
    } else {
        left = expr_parser_operand(p);
    }
    for (unsigned i = 0; left != NULL && i < SUM_OPERATORS_MAX; i++) {
        struct expr_node *sum, *right;
        struct expr_list list;

        if (p->token.kind != TOKEN_PLUS && p->token.kind != TOKEN_MINUS)
            break;
        sum = expr_parser_node(p, NODE_ARITHMETIC);
        sum->operation = p->token.kind == TOKEN_PLUS ? OPERATOR_PLUS : OPERATOR_MINUS;
        p->operator_count++;
        expr_parser_take(p);
        right = expr_parser_operand(p);
        if (right == NULL)
            return NULL;
        list = expr_list_begin(sum);
        expr_list_add(p, &list, left);
        expr_list_add(p, &list, right);
        expr_check_update_operands(&p->report, sum);
        left = sum;
    }
    return left;
}
