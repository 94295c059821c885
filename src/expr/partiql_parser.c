/* partiql_parser.c - tokens one at a time, names and paths. */
#include "expr/partiql_parser.h"

static bool step(struct partiql_parser *p, struct expr_step *step);
static bool index_step(struct partiql_parser *p, struct expr_step *step);
static bool check_name(struct partiql_parser *p, const struct expr_step *step);

void partiql_take(struct partiql_parser *p)
{
    p->token = partiql_lexer_next(&p->lexer);
}

bool partiql_accept(struct partiql_parser *p, enum partiql_token_kind kind)
{
    if (p->token.kind != kind)
        return false;
    partiql_take(p);
    return true;
}

bool partiql_expect(struct partiql_parser *p, enum partiql_token_kind kind)
{
    return partiql_accept(p, kind) || partiql_fail(p, "Unexpected token");
}

bool partiql_fail(struct partiql_parser *p, const char *detail)
{
    (void)!fault_set(p->fault, ERR_VALIDATION,
                     "Statement wasn't well formed, can't be processed: %s", detail);
    return false;
}

bool partiql_fail_term(struct partiql_parser *p)
{
    enum partiql_token_kind kind = p->token.kind;

    if (kind >= PARTIQL_TOKEN_ALL && kind < PARTIQL_TOKEN_UNKNOWN)
        return partiql_fail(p, "Unexpected keyword");
    if (kind == PARTIQL_TOKEN_STAR || (kind >= PARTIQL_TOKEN_PLUS && kind <= PARTIQL_TOKEN_GE))
        return partiql_fail(p, "Unexpected operator");
    return partiql_fail(p, "Unexpected term");
}

bool partiql_enter(struct partiql_parser *p)
{
    if (p->depth == PARTIQL_DEPTH_MAX)
        return partiql_fail(p, "The statement is nested too deeply");
    p->depth++;
    return true;
}

bool partiql_at_any_call(const struct partiql_parser *p)
{
    struct partiql_lexer ahead = p->lexer;

    return p->token.kind == PARTIQL_TOKEN_WORD &&
           partiql_lexer_next(&ahead).kind == PARTIQL_TOKEN_OPEN;
}

bool partiql_at_call(const struct partiql_parser *p, const char *function)
{
    return partiql_at_any_call(p) && bytes_equal_no_case(p->token.text, bytes_of_string(function));
}

bool partiql_accept_word(struct partiql_parser *p, const char *word)
{
    if (p->token.kind != PARTIQL_TOKEN_WORD ||
        !bytes_equal_no_case(p->token.text, bytes_of_string(word)))
        return false;
    partiql_take(p);
    return true;
}

bool partiql_name(struct partiql_parser *p, struct bytes *name)
{
    struct bytes text = p->token.text;

    if (p->token.kind != PARTIQL_TOKEN_WORD && p->token.kind != PARTIQL_TOKEN_QUOTED)
        return partiql_fail(p, "Expected identifier for simple path");
    *name = p->token.kind == PARTIQL_TOKEN_QUOTED ? partiql_unquote(text, p->arena) : text;
    partiql_take(p);
    return true;
}

struct expr_node *partiql_path(struct partiql_parser *p)
{
    struct expr_step steps[EXPR_PATH_STEPS_MAX] = {{.index = 0}}, *copy;
    struct expr_node *node;
    unsigned count = 1;

    if (!partiql_name(p, &steps[0].name) || !check_name(p, &steps[0]))
        return NULL;
    while (p->token.kind == PARTIQL_TOKEN_DOT || p->token.kind == PARTIQL_TOKEN_OPEN_LIST) {
        if (count == EXPR_PATH_STEPS_MAX) {
            (void)partiql_fail(p, "The document path has too many nesting levels");
            return NULL;
        }
        if (!step(p, &steps[count]) || !check_name(p, &steps[count]))
            return NULL;
        count++;
    }
    copy = arena_alloc(p->arena, count * sizeof(*copy));
    memcpy(copy, steps, count * sizeof(*copy));
    node = partiql_node(p, NODE_PATH);
    node->path = (struct expr_path){copy, count};
    return node;
}

/* "." name, or "[" digits "]". */
static bool step(struct partiql_parser *p, struct expr_step *step)
{
    if (!partiql_accept(p, PARTIQL_TOKEN_DOT))
        return index_step(p, step);
    if (p->token.kind != PARTIQL_TOKEN_WORD && p->token.kind != PARTIQL_TOKEN_QUOTED)
        return partiql_fail(p, "Invalid path dot component");
    return partiql_name(p, &step->name);
}

static bool index_step(struct partiql_parser *p, struct expr_step *step)
{
    struct bytes digits;
    uint64_t index = 0;

    partiql_take(p); /* "[" */
    digits = p->token.text;
    if (!partiql_accept(p, PARTIQL_TOKEN_NUMBER))
        return partiql_fail(p, "Invalid path component for simple path");
    for (size_t i = 0; i < digits.size; i++) {
        if (digits.data[i] < '0' || digits.data[i] > '9')
            return partiql_fail(p, "Invalid path component for simple path");
        index = index * 10 + (digits.data[i] - '0');
        if (index > EXPR_LIST_INDEX_MAX)
            return partiql_fail(p, "List index is not within the allowable range");
    }
    step->is_index = true;
    step->index = (uint32_t)index;
    return partiql_expect(p, PARTIQL_TOKEN_CLOSE_LIST);
}

static bool check_name(struct partiql_parser *p, const struct expr_step *step)
{
    return step->is_index || step->name.size != 0 ||
           partiql_fail(p, "Attribute names cannot be empty");
}

struct expr_node *partiql_node(struct partiql_parser *p, enum expr_node_kind kind)
{
    struct expr_node *node = arena_new(p->arena, struct expr_node);

    node->kind = kind;
    return node;
}

struct expr_node *partiql_function_node(struct partiql_parser *p, enum expr_function_id id)
{
    struct expr_node *node = partiql_node(p, NODE_FUNCTION);

    node->function = expr_function_row(id);
    return node;
}

void partiql_add(struct expr_node *owner, struct expr_node ***end, struct expr_node *operand)
{
    **end = operand;
    *end = &operand->next;
    owner->operand_count++;
}
