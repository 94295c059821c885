/* partiql_statement.c - whole statements. */
#include "expr/partiql_parser.h"

#include <yyjson.h>

static enum err read_parameters(struct partiql_parser *p, const struct yyjson_val *json);
static bool parse_statement(struct partiql_parser *p, struct partiql_statement *s);
static bool parse_exists(struct partiql_parser *p, struct partiql_statement *s);
static bool parse_select(struct partiql_parser *p, struct partiql_statement *s);
static bool parse_projection(struct partiql_parser *p, struct expr_projection **projection);
static bool parse_source(struct partiql_parser *p, struct partiql_statement *s);
static bool refuse_alias(struct partiql_parser *p);
static bool refuse_clause(struct partiql_parser *p);
static bool parse_orders(struct partiql_parser *p, struct partiql_statement *s);
static bool parse_insert(struct partiql_parser *p, struct partiql_statement *s);
static bool parse_update(struct partiql_parser *p, struct partiql_statement *s);
static bool parse_delete(struct partiql_parser *p, struct partiql_statement *s);
static bool parse_where(struct partiql_parser *p, struct partiql_statement *s);
static bool parse_returning(struct partiql_parser *p, struct partiql_statement *s);

enum err partiql_parse(struct bytes text, const struct yyjson_val *parameters, struct arena *arena,
                       struct fault *fault, struct partiql_statement **result)
{
    struct partiql_statement *s = arena_new(arena, struct partiql_statement);
    struct partiql_parser p = {.text = text, .arena = arena, .fault = fault};
    enum err err = read_parameters(&p, parameters);

    if (err != OK)
        return err;
    s->text = text;
    s->parameters = p.parameters;
    s->parameter_count = p.parameter_count;
    partiql_lexer_init(&p.lexer, text);
    partiql_take(&p);
    if (!parse_statement(&p, s))
        return fault->err;
    if (p.parameters_used != p.parameter_count)
        return fault_set(fault, ERR_VALIDATION,
                         "Number of parameters in request and statement don't match.");
    if (p.wrong_operand)
        return fault_set(fault, ERR_VALIDATION, "Incorrect operand type for operator or function");
    *result = s;
    return OK;
}

bool partiql_begins_select(struct bytes text)
{
    struct partiql_lexer lexer;

    partiql_lexer_init(&lexer, text);
    return partiql_lexer_next(&lexer).kind == PARTIQL_TOKEN_SELECT;
}

static enum err read_parameters(struct partiql_parser *p, const struct yyjson_val *json)
{
    yyjson_arr_iter all;
    yyjson_val *parameter;
    struct value *values;

    if (json == NULL)
        return OK;
    yyjson_arr_iter_init((yyjson_val *)json, &all);
    values = arena_new_array(p->arena, struct value, yyjson_arr_size((yyjson_val *)json));
    while ((parameter = yyjson_arr_iter_next(&all)) != NULL) {
        enum err err =
            value_from_json(parameter, p->arena, p->fault, &values[p->parameter_count++]);

        if (err != OK)
            return err;
    }
    p->parameters = values;
    return OK;
}

static bool parse_statement(struct partiql_parser *p, struct partiql_statement *s)
{
    bool ok;

    if (partiql_accept(p, PARTIQL_TOKEN_SELECT))
        ok = parse_select(p, s);
    else if (partiql_accept(p, PARTIQL_TOKEN_EXISTS))
        ok = parse_exists(p, s);
    else if (partiql_accept(p, PARTIQL_TOKEN_INSERT))
        ok = parse_insert(p, s);
    else if (partiql_accept(p, PARTIQL_TOKEN_UPDATE))
        ok = parse_update(p, s);
    else if (partiql_accept(p, PARTIQL_TOKEN_DELETE))
        ok = parse_delete(p, s);
    else
        ok = partiql_fail(p, "Expected data manipulation");
    if (!ok)
        return false;
    (void)partiql_accept(p, PARTIQL_TOKEN_SEMICOLON);
    return p->token.kind == PARTIQL_TOKEN_END ||
           partiql_fail(p, "Unexpected token after expression");
}

static bool parse_exists(struct partiql_parser *p, struct partiql_statement *s)
{
    if (!partiql_expect(p, PARTIQL_TOKEN_OPEN) || !partiql_expect(p, PARTIQL_TOKEN_SELECT) ||
        !parse_select(p, s))
        return false;
    s->kind = PARTIQL_EXISTS;
    return partiql_expect(p, PARTIQL_TOKEN_CLOSE);
}

static bool parse_select(struct partiql_parser *p, struct partiql_statement *s)
{
    s->kind = PARTIQL_SELECT;
    if (!parse_projection(p, &s->projection))
        return false;
    if (s->projection != NULL && !refuse_alias(p))
        return false;
    if (!partiql_accept(p, PARTIQL_TOKEN_FROM))
        return partiql_fail(p, "Expected FROM after SELECT list");
    return parse_source(p, s) && parse_where(p, s) && parse_orders(p, s) && refuse_clause(p);
}

static bool parse_projection(struct partiql_parser *p, struct expr_projection **result)
{
    struct expr_projection *list;
    struct expr_node *first = NULL, **end = &first;
    struct expr_paths *paths;
    unsigned count = 0;

    if (p->token.kind == PARTIQL_TOKEN_FROM)
        return partiql_fail(p, "Cannot have empty SELECT list");
    if (partiql_accept(p, PARTIQL_TOKEN_STAR)) {
        if (p->token.kind == PARTIQL_TOKEN_COMMA)
            return partiql_fail(p, "Other expressions may not be present in the select list when "
                                   "'*' is used without dot notation.");
        return true;
    }
    do {
        if (partiql_at_any_call(p) || partiql_at_literal(p) || p->token.kind == PARTIQL_TOKEN_OPEN)
            return partiql_refuse_token(p, "Unexpected path component");
        *end = partiql_path(p);
        if (*end == NULL)
            return false;
        end = &(*end)->next;
        count++;
    } while (partiql_accept(p, PARTIQL_TOKEN_COMMA));

    list = arena_new(p->arena, struct expr_projection);
    paths = &list->paths;
    paths->in_text = arena_new_array(p->arena, struct expr_path, count);
    for (; first != NULL; first = first->next)
        paths->in_text[paths->count++] = first->path;
    expr_paths_sort(paths, p->arena);
    *result = list;
    return partiql_check_paths(p, paths);
}

/* A table, or one of its indexes. */
static bool parse_source(struct partiql_parser *p, struct partiql_statement *s)
{
    bool indexed;

    if (!partiql_name(p, &s->table))
        return false;
    indexed = partiql_accept(p, PARTIQL_TOKEN_DOT);
    if (indexed && !partiql_name(p, &s->index))
        return false;
    if (p->token.kind == PARTIQL_TOKEN_DOT)
        return partiql_refuse(p, "A path may contain at most 2 components in the FROM clause");
    if (s->table.size == 0 || (indexed && s->index.size == 0))
        return partiql_refuse(p, PARTIQL_EMPTY_NAME);
    return refuse_alias(p);
}

/* Behind what could have one. */
static bool refuse_alias(struct partiql_parser *p)
{
    static const char *const clauses[] = {"LIMIT", "GROUP", "HAVING"};
    enum partiql_token_kind kind = p->token.kind;

    for (size_t i = 0; i < sizeof(clauses) / sizeof(clauses[0]); i++)
        if (partiql_at_word(p, clauses[i]))
            return true; /* told as what they are */
    if (kind == PARTIQL_TOKEN_WORD || kind == PARTIQL_TOKEN_QUOTED)
        return partiql_refuse(p, "Aliasing is not supported");
    return true;
}

/* Clauses of the language that there are not here. */
static bool refuse_clause(struct partiql_parser *p)
{
    if (partiql_at_word(p, "GROUP"))
        return partiql_refuse(p, "Unsupported clause: GROUP BY");
    if (partiql_at_word(p, "HAVING"))
        return partiql_refuse(p, "Unsupported clause: HAVING");
    if (!partiql_accept_word(p, "LIMIT"))
        return true;
    return partiql_refuse_token(p, "Unsupported clause: LIMIT");
}

static bool parse_orders(struct partiql_parser *p, struct partiql_statement *s)
{
    struct partiql_order order[PARTIQL_ORDERS_MAX];

    if (!partiql_accept(p, PARTIQL_TOKEN_ORDER))
        return true;
    if (!partiql_expect(p, PARTIQL_TOKEN_BY))
        return false;
    do {
        if (s->order_count == PARTIQL_ORDERS_MAX)
            return partiql_fail(p, "Too many attributes in ORDER BY");
        if (!partiql_name(p, &order[s->order_count].attribute))
            return false;
        order[s->order_count].descending = p->token.kind == PARTIQL_TOKEN_DESC;
        if (!partiql_accept(p, PARTIQL_TOKEN_DESC))
            (void)partiql_accept(p, PARTIQL_TOKEN_ASC);
        s->order_count++;
    } while (partiql_accept(p, PARTIQL_TOKEN_COMMA));
    s->orders = arena_new_array(p->arena, struct partiql_order, s->order_count);
    memcpy(s->orders, order, s->order_count * sizeof(order[0]));
    return true;
}

static bool parse_insert(struct partiql_parser *p, struct partiql_statement *s)
{
    struct expr_node *item;

    s->kind = PARTIQL_INSERT;
    if (!partiql_expect(p, PARTIQL_TOKEN_INTO) || !partiql_name(p, &s->table))
        return false;
    if (!partiql_accept(p, PARTIQL_TOKEN_VALUE))
        return partiql_fail_term(p);
    if (p->token.kind != PARTIQL_TOKEN_OPEN_MAP && p->token.kind != PARTIQL_TOKEN_PARAMETER)
        return partiql_fail_term(p);
    item = partiql_literal(p);
    if (item == NULL)
        return false;
    if (item->value.type != VALUE_M)
        p->wrong_operand = true;
    s->item = item->value;
    return true;
}

static bool parse_update(struct partiql_parser *p, struct partiql_statement *s)
{
    s->kind = PARTIQL_UPDATE;
    return parse_source(p, s) && partiql_update_clauses(p, &s->update) && parse_where(p, s) &&
           parse_returning(p, s);
}

static bool parse_delete(struct partiql_parser *p, struct partiql_statement *s)
{
    s->kind = PARTIQL_DELETE;
    if (!partiql_accept(p, PARTIQL_TOKEN_FROM))
        return partiql_fail(p, "Expected FROM after DELETE");
    return parse_source(p, s) && parse_where(p, s) && parse_returning(p, s);
}

/* Optional for the text: what a write without it lacks is told where the keys are known. */
static bool parse_where(struct partiql_parser *p, struct partiql_statement *s)
{
    return !partiql_accept(p, PARTIQL_TOKEN_WHERE) || partiql_condition(p, &s->where);
}

static bool parse_returning(struct partiql_parser *p, struct partiql_statement *s)
{
    bool all, old;

    if (!partiql_accept(p, PARTIQL_TOKEN_RETURNING))
        return true;
    all = partiql_accept(p, PARTIQL_TOKEN_ALL);
    if (!all && !partiql_accept_word(p, "MODIFIED"))
        return partiql_fail(p,
                            "Expected ( MODIFIED | ALL ) ( NEW | OLD ) in each returning element.");
    old = partiql_accept_word(p, "OLD");
    if (!old && !partiql_accept_word(p, "NEW"))
        return partiql_fail(p,
                            "Expected ( MODIFIED | ALL ) ( NEW | OLD ) in each returning element.");
    s->returning = all ? (old ? PARTIQL_RETURNS_ALL_OLD : PARTIQL_RETURNS_ALL_NEW)
                       : (old ? PARTIQL_RETURNS_MODIFIED_OLD : PARTIQL_RETURNS_MODIFIED_NEW);
    return partiql_expect(p, PARTIQL_TOKEN_STAR);
}
