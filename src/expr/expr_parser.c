/* expr_parser.c - tokens one at a time, operands and paths. */
#include "expr/expr_parser.h"

/* Parentheses and calls inside each other. Text within EXPR_TEXT_BYTES_MAX and EXPR_OPERATORS_MAX
 * needs fewer, unless parentheses stand around parentheses. */
#define DEPTH_MAX 512

static enum err fail_size(const struct expr_source *source, struct fault *fault);
static struct expr_node *parse_function(struct expr_parser *p, struct token name);
static struct expr_node *parse_path_from(struct expr_parser *p, struct token name);
static bool parse_index(struct expr_parser *p, struct expr_step *step);
static void name_step(struct expr_parser *p, struct token name, struct expr_node *path,
                      struct expr_step *step);

enum err expr_parser_begin(struct expr_parser *p, const struct expr_source *source,
                           struct arena *arena, struct fault *fault)
{
    static const enum lexer_keywords keywords[] = {
        [EXPR_KIND_UPDATE] = KEYWORDS_UPDATE,    [EXPR_KIND_CONDITION] = KEYWORDS_CONDITION,
        [EXPR_KIND_FILTER] = KEYWORDS_CONDITION, [EXPR_KIND_KEY_CONDITION] = KEYWORDS_CONDITION,
        [EXPR_KIND_PROJECTION] = KEYWORDS_NONE,
    };

    *p = (struct expr_parser){.source = source, .arena = arena, .report.arena = arena};
    if (source->text.size > EXPR_TEXT_BYTES_MAX)
        return fail_size(source, fault);
    lexer_init(&p->lexer, source->text, keywords[source->kind]);
    p->token = lexer_next(&p->lexer);
    if (p->token.kind == TOKEN_END) /* nothing but white space, too: there is no token to tell */
        return fault_set_wrapped(fault, ERR_VALIDATION,
                                 "Invalid %s: The expression can not be empty;",
                                 expr_kind_name(source->kind));
    return OK;
}

/* What can be a condition tells its size; reported traces of the service agree. */
static enum err fail_size(const struct expr_source *source, struct fault *fault)
{
    const char *kind = expr_kind_name(source->kind);

    if (source->kind == EXPR_KIND_UPDATE || source->kind == EXPR_KIND_PROJECTION)
        return fault_set_wrapped(
            fault, ERR_VALIDATION,
            "Invalid %s: Expression size has exceeded the maximum allowed size;", kind);
    return fault_set_wrapped(fault, ERR_VALIDATION,
                             "Invalid %s: Expression size has exceeded the maximum allowed size; "
                             "expression size: %zu",
                             kind, source->text.size);
}

enum err expr_parser_finish(struct expr_parser *p, struct fault *fault)
{
    const char *kind = expr_kind_name(p->source->kind);

    if (!p->failed && !p->too_deep && p->token.kind != TOKEN_END)
        expr_parser_fail(p);
    if (p->failed) {
        struct token next = lexer_next(&p->lexer);
        struct token first = p->previous.text.size != 0 ? p->previous : p->token;
        struct token last = next.kind != TOKEN_END ? next : p->token;

        if (p->token.kind == TOKEN_END)
            return fault_set_wrapped(fault, ERR_VALIDATION,
                                     "Invalid %s: Syntax error; token: \"<EOF>\", near: \"%.*s\"",
                                     kind, BYTES_ARGS(first.text));
        return fault_set_wrapped(
            fault, ERR_VALIDATION, "Invalid %s: Syntax error; token: \"%.*s\", near: \"%.*s\"",
            kind, BYTES_ARGS(p->token.text),
            (int)(last.text.data + last.text.size - first.text.data), first.text.data);
    }
    if (p->operator_count > EXPR_OPERATORS_MAX)
        return fault_set(fault, ERR_VALIDATION,
                         "Invalid %s: The expression contains too many operators; "
                         "operator count: %u",
                         kind, p->operator_count);
    if (p->too_deep)
        return fault_set_wrapped(fault, ERR_VALIDATION, "Invalid %s: " EXPR_REDUNDANT_PARENTHESES,
                                 kind);
    return expr_tell(&p->report, p->source->kind, fault);
}

void expr_parser_take(struct expr_parser *p)
{
    p->previous = p->token;
    p->token = lexer_next(&p->lexer);
}

bool expr_parser_accept(struct expr_parser *p, enum token_kind kind)
{
    if (p->token.kind != kind)
        return false;
    expr_parser_take(p);
    return true;
}

bool expr_parser_expect(struct expr_parser *p, enum token_kind kind)
{
    if (expr_parser_accept(p, kind))
        return true;
    expr_parser_fail(p);
    return false;
}

void *expr_parser_fail(struct expr_parser *p)
{
    p->failed = true;
    return NULL;
}

bool expr_parser_enter(struct expr_parser *p)
{
    if (p->depth == DEPTH_MAX) {
        p->too_deep = true;
        return false;
    }
    p->depth++;
    return true;
}

struct expr_node *expr_parser_close_group(struct expr_parser *p, struct expr_node *inside)
{
    p->depth--;
    if (inside->parenthesised)
        expr_note_wrapped(&p->report, PROBLEM_PARENTHESES, EXPR_REDUNDANT_PARENTHESES);
    inside->parenthesised = true;
    return inside;
}

struct expr_node *expr_parser_node(struct expr_parser *p, enum expr_node_kind kind)
{
    struct expr_node *node = arena_new(p->arena, struct expr_node);

    node->kind = kind;
    return node;
}

struct expr_list expr_list_begin(struct expr_node *owner)
{
    return (struct expr_list){owner, &owner->first};
}

void expr_list_add(struct expr_parser *p, struct expr_list *list, struct expr_node *operand)
{
    bool boolean = operand->kind == NODE_FUNCTION && operand->function != NULL &&
                   operand->function->result == EXPR_FUNCTION_BOOLEAN;

    if (boolean && list->owner->kind < NODE_AND)
        expr_note(&p->report, PROBLEM_MISUSED_FUNCTION,
                  "The function is not allowed to be used this way in an expression; "
                  "function: %.*s",
                  BYTES_ARGS(operand->function->name));
    *list->end = operand;
    list->end = &operand->next;
    list->owner->operand_count++;
}

/* --- operands ------------------------------------------------------------------------------- */

struct expr_node *expr_parser_operand(struct expr_parser *p)
{
    struct token name = p->token;

    if (name.kind == TOKEN_VALUE)
        return expr_parser_value(p);
    if (name.kind == TOKEN_OPEN) {
        struct expr_node *inside;

        if (!expr_parser_enter(p))
            return NULL;
        expr_parser_take(p);
        inside = expr_parser_operand(p);
        if (inside == NULL || !expr_parser_expect(p, TOKEN_CLOSE))
            return NULL;
        return expr_parser_close_group(p, inside);
    }
    if (name.kind != TOKEN_IDENTIFIER)
        return expr_parser_path(p);
    expr_parser_take(p);
    return p->token.kind == TOKEN_OPEN ? parse_function(p, name) : parse_path_from(p, name);
}

/* From the "(" on. */
static struct expr_node *parse_function(struct expr_parser *p, struct token name)
{
    struct expr_node *node = expr_parser_node(p, NODE_FUNCTION);
    struct expr_list list = expr_list_begin(node);

    node->function = expr_function_find(name.text, p->source->kind);
    if (node->function == NULL)
        expr_note(&p->report, PROBLEM_UNKNOWN_FUNCTION, "Invalid function name; function: %.*s",
                  BYTES_ARGS(name.text));
    p->operator_count++;
    if (!expr_parser_enter(p))
        return NULL;
    do {
        struct expr_node *operand;

        expr_parser_take(p); /* "(" or "," */
        operand = expr_parser_operand(p);
        if (operand == NULL)
            return NULL;
        expr_list_add(p, &list, operand);
    } while (p->token.kind == TOKEN_COMMA);
    if (!expr_parser_expect(p, TOKEN_CLOSE))
        return NULL;
    p->depth--;
    if (p->source->kind == EXPR_KIND_UPDATE)
        expr_check_update_operands(&p->report, node);
    return node;
}

struct expr_node *expr_parser_value(struct expr_parser *p)
{
    struct expr_node *node = expr_parser_node(p, NODE_VALUE);
    const struct expr_placeholder *value;

    value = expr_placeholder_use(p->source->values, p->token.text);
    if (value != NULL) {
        node->value = value->value;
        node->row = (uint16_t)(value - p->source->values->rows);
    } else {
        node->undefined = p->token.text;
        expr_note(&p->report, PROBLEM_UNDEFINED_VALUE, EXPR_UNDEFINED_VALUE,
                  BYTES_ARGS(p->token.text));
    }
    expr_parser_take(p);
    return node;
}

struct expr_node *expr_parser_path(struct expr_parser *p)
{
    struct token name = p->token;

    if (name.kind != TOKEN_IDENTIFIER && name.kind != TOKEN_NAME)
        return expr_parser_fail(p);
    expr_parser_take(p);
    return parse_path_from(p, name);
}

/* What follows a first name that was taken. Not inlined: its steps would make the frames of the
 * descent large. */
__attribute__((noinline)) static struct expr_node *parse_path_from(struct expr_parser *p,
                                                                   struct token name)
{
    struct expr_node *node = expr_parser_node(p, NODE_PATH);
    struct expr_step steps[EXPR_PATH_STEPS_MAX], beyond, *copy;
    unsigned count = 0;

    name_step(p, name, node, &steps[count++]);
    for (;;) {
        struct expr_step *step = count < EXPR_PATH_STEPS_MAX ? &steps[count] : &beyond;

        if (expr_parser_accept(p, TOKEN_DOT)) {
            name = p->token;
            if (name.kind != TOKEN_IDENTIFIER && name.kind != TOKEN_NAME)
                return expr_parser_fail(p);
            expr_parser_take(p);
            name_step(p, name, node, step);
        } else if (expr_parser_accept(p, TOKEN_OPEN_INDEX)) {
            if (!parse_index(p, step))
                return NULL;
        } else {
            break;
        }
        count++;
    }
    if (count > EXPR_PATH_STEPS_MAX) {
        expr_note(&p->report, PROBLEM_PATH,
                  "The document path has too many nesting levels; nesting levels: %u", count);
        count = EXPR_PATH_STEPS_MAX;
    }
    copy = arena_alloc(p->arena, count * sizeof(*copy));
    memcpy(copy, steps, count * sizeof(*copy));
    node->path = (struct expr_path){copy, count};
    return node;
}

/* digits "]" */
static bool parse_index(struct expr_parser *p, struct expr_step *step)
{
    struct bytes digits = p->token.text;
    uint64_t index = 0;

    if (!expr_parser_expect(p, TOKEN_DIGITS))
        return false;
    for (size_t i = 0; i < digits.size && index <= EXPR_LIST_INDEX_MAX; i++)
        index = index * 10 + (digits.data[i] - '0');
    if (index > EXPR_LIST_INDEX_MAX)
        expr_note_wrapped(&p->report, PROBLEM_PATH,
                          "List index is not within the allowable range; index: [%.*s]",
                          BYTES_ARGS(digits));
    *step = (struct expr_step){.index = (uint32_t)index, .is_index = true};
    return expr_parser_expect(p, TOKEN_CLOSE_INDEX);
}

static void name_step(struct expr_parser *p, struct token name, struct expr_node *path,
                      struct expr_step *step)
{
    *step = (struct expr_step){.name = name.text};
    if (name.kind == TOKEN_NAME) {
        const struct expr_placeholder *row = expr_placeholder_use(p->source->names, name.text);

        if (row != NULL) {
            step->name = row->name;
            return;
        }
        if (path->undefined.size == 0)
            path->undefined = name.text;
        expr_note(&p->report, PROBLEM_UNDEFINED_NAME, EXPR_UNDEFINED_NAME, BYTES_ARGS(name.text));
    } else if (expr_reserved_word(name.text)) {
        expr_note(&p->report, PROBLEM_RESERVED_WORD,
                  "Attribute name is a reserved keyword; reserved keyword: %.*s",
                  BYTES_ARGS(name.text));
    }
}
