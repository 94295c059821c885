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

bool partiql_refuse(struct partiql_parser *p, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)!fault_set_bytes(p->fault, ERR_VALIDATION, arena_vformat(p->arena, format, args));
    va_end(args);
    return false;
}

bool partiql_refuse_token(struct partiql_parser *p, const char *what)
{
    unsigned line = 1, column = 1;

    for (const uint8_t *at = p->text.data; at < p->token.text.data; at++) {
        column = *at == '\n' ? 1 : column + ((*at & 0xc0) != 0x80);
        line += *at == '\n';
    }
    return partiql_refuse(p, "%s at %u:%u:%zu", what, line, column, p->token.text.size);
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

enum partiql_token_kind partiql_ahead(const struct partiql_parser *p)
{
    struct partiql_lexer ahead = p->lexer;

    return partiql_lexer_next(&ahead).kind;
}

bool partiql_at_any_call(const struct partiql_parser *p)
{
    return p->token.kind == PARTIQL_TOKEN_WORD && partiql_ahead(p) == PARTIQL_TOKEN_OPEN;
}

bool partiql_at_call(const struct partiql_parser *p, const char *function)
{
    return partiql_at_any_call(p) && bytes_equal_no_case(p->token.text, bytes_of_string(function));
}

bool partiql_at_word(const struct partiql_parser *p, const char *word)
{
    return p->token.kind == PARTIQL_TOKEN_WORD &&
           bytes_equal_no_case(p->token.text, bytes_of_string(word));
}

bool partiql_accept_word(struct partiql_parser *p, const char *word)
{
    if (!partiql_at_word(p, word))
        return false;
    partiql_take(p);
    return true;
}

bool partiql_name(struct partiql_parser *p, struct bytes *name)
{
    struct bytes text = p->token.text;

    if (p->token.kind != PARTIQL_TOKEN_WORD && p->token.kind != PARTIQL_TOKEN_QUOTED)
        return partiql_fail(p, "Expected identifier for simple path");
    if (p->token.kind == PARTIQL_TOKEN_WORD && partiql_reserved_word(text))
        return partiql_fail(p, "Unexpected keyword");
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

/* "." name, or "[" digits or a quoted name "]". */
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
    if (p->token.kind == PARTIQL_TOKEN_STRING) {
        step->name = partiql_unquote(p->token.text, p->arena);
        partiql_take(p);
        return partiql_expect(p, PARTIQL_TOKEN_CLOSE_LIST);
    }
    digits = p->token.text;
    if (p->token.kind != PARTIQL_TOKEN_NUMBER)
        return partiql_refuse_token(p, "Unexpected path component");
    for (size_t i = 0; i < digits.size; i++) {
        if (digits.data[i] < '0' || digits.data[i] > '9')
            return partiql_refuse_token(p, "Unexpected path component");
        index = index * 10 + (digits.data[i] - '0');
        if (index > EXPR_LIST_INDEX_MAX)
            return partiql_refuse_token(
                p, (const char *)arena_format(p->arena,
                                              "List index is not within the allowable range; "
                                              "index: [%.*s]",
                                              BYTES_ARGS(digits))
                       .data);
    }
    partiql_take(p);
    step->is_index = true;
    step->index = (uint32_t)index;
    return partiql_expect(p, PARTIQL_TOKEN_CLOSE_LIST);
}

static bool check_name(struct partiql_parser *p, const struct expr_step *step)
{
    return step->is_index || step->name.size != 0 || partiql_refuse(p, PARTIQL_EMPTY_NAME);
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
