/* expr_parse.c - expression text into trees, by descent.
 *
 *   path     := name ( "[" digits "]" | "." name )*
 *   operand  := "(" operand ")" | function | ":"value | path
 *   function := identifier "(" operand ( "," operand )* ")"
 *
 *   or       := and ( OR and )*                                  conditions
 *   and      := not ( AND not )*
 *   not      := NOT predicate | predicate
 *   predicate:= "(" or ")" | operand cmp operand | operand BETWEEN operand AND operand
 *             | operand IN "(" operand ( "," operand )* ")" | function
 *
 *   projection := path ( "," path )*
 *
 *   update   := ( SET set, ... | REMOVE path, ... | ADD path ":"value, ... | DELETE ... )+
 *   set      := path "=" sum
 *   sum      := "(" sum ")" | operand | operand ( "+" | "-" ) operand
 *
 * "(" may open a condition or an operand, and only what follows the ")" tells: a predicate read
 * inside parentheses may therefore turn out to be a bare operand (`operand_too`).
 * A syntax error ends reading at once (NULL, p->failed); other problems are noted and told by
 * priority when the text is at its end. Descent is bounded by DEPTH_MAX.
 */
#include "base/assert.h"
#include "expr/expr_lex.h"
#include "expr/expr_priv.h"

/* Parentheses and calls inside each other. Text within EXPR_TEXT_BYTES_MAX and EXPR_OPERATORS_MAX
 * needs fewer, unless parentheses stand around parentheses. */
#define DEPTH_MAX 512
/* The guide counts the operators of `a + b + c`; the grammar of the service was seen to take one.
 * (unverified) */
#define SUM_OPERATORS_MAX 1

struct parser {
    struct lexer lexer;
    struct token token;    /* the next to read */
    struct token previous; /* size 0: none */
    const struct expr_source *source;
    struct arena *arena;
    struct expr_report report;
    unsigned operator_count;
    unsigned depth;
    bool failed; /* syntax error at `token` */
    bool too_deep;
};

/* A list being read: the last of its members. */
struct node_list {
    struct expr_node *owner;
    struct expr_node **end;
};

struct action_list {
    struct action_list *next;
    struct expr_action action;
};

static enum err begin(struct parser *p, const struct expr_source *source, struct arena *arena,
                      struct fault *fault);
static enum err finish(struct parser *p, struct fault *fault);

static struct expr_node *parse_or(struct parser *p, bool operand_too);
static struct expr_node *parse_and(struct parser *p, bool operand_too);
static struct expr_node *parse_not(struct parser *p, bool operand_too);
static struct expr_node *parse_predicate(struct parser *p, bool operand_too);
static struct expr_node *parse_group(struct parser *p);
static struct expr_node *parse_comparison(struct parser *p, struct expr_node *left);
static struct expr_node *parse_between(struct parser *p, struct expr_node *left);
static struct expr_node *parse_in(struct parser *p, struct expr_node *left);
static struct expr_node *parse_operand(struct parser *p);
static struct expr_node *parse_function(struct parser *p, struct token name);
static struct expr_node *parse_value(struct parser *p);
static struct expr_node *parse_path(struct parser *p);
static struct expr_node *parse_path_from(struct parser *p, struct token name);
static bool parse_index(struct parser *p, struct expr_step *step);
static void name_step(struct parser *p, struct token name, struct expr_node *path,
                      struct expr_step *step);

static unsigned parse_paths(struct parser *p, struct expr_node **end);
static unsigned parse_actions(struct parser *p, struct action_list **end);
static struct action_list *parse_action(struct parser *p, enum expr_action_kind kind);
static struct expr_node *parse_sum(struct parser *p);

static void take(struct parser *p);
static bool accept(struct parser *p, enum token_kind kind);
static bool expect(struct parser *p, enum token_kind kind);
static void *syntax_error(struct parser *p);
static bool enter(struct parser *p);
static struct expr_node *close_group(struct parser *p, struct expr_node *inside);
static enum expr_operator comparison_operator(enum token_kind token);
static struct expr_node *node_new(struct parser *p, enum expr_node_kind kind);
static struct node_list node_list_begin(struct expr_node *owner);
static void node_list_add(struct parser *p, struct node_list *list, struct expr_node *operand);

/* --- what is parsed --------------------------------------------------------------------------- */

enum err expr_parse_condition(const struct expr_source *source, struct arena *arena,
                              struct fault *fault, struct expr_condition **condition)
{
    struct expr_node *root;
    struct parser p;
    enum err err = begin(&p, source, arena, fault);

    if (err != OK)
        return err;
    root = parse_or(&p, false);
    err = finish(&p, fault);
    if (err != OK)
        return err;
    *condition = arena_new(arena, struct expr_condition);
    (*condition)->root = root;
    return OK;
}

enum err expr_parse_projection(const struct expr_source *source, struct arena *arena,
                               struct fault *fault, struct expr_projection **projection)
{
    struct expr_projection *result = arena_new(arena, struct expr_projection);
    struct expr_paths *paths = &result->paths;
    struct expr_node *first = NULL;
    struct parser p;
    enum err err = begin(&p, source, arena, fault);

    if (err != OK)
        return err;
    paths->count = parse_paths(&p, &first);
    paths->in_text = arena_new_array(arena, struct expr_path, paths->count);
    for (unsigned i = 0; i < paths->count; i++, first = first->next)
        paths->in_text[i] = first->path;
    expr_paths_sort(paths, arena);
    expr_check_paths(&p.report, paths);
    err = finish(&p, fault);
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
    struct parser p;
    enum err err = begin(&p, source, arena, fault);

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
    err = finish(&p, fault);
    if (err != OK)
        return err;
    *update = result;
    return OK;
}

/* Size and emptiness come before syntax. */
static enum err begin(struct parser *p, const struct expr_source *source, struct arena *arena,
                      struct fault *fault)
{
    static const enum lexer_keywords keywords[] = {
        [EXPR_KIND_UPDATE] = KEYWORDS_UPDATE,    [EXPR_KIND_CONDITION] = KEYWORDS_CONDITION,
        [EXPR_KIND_FILTER] = KEYWORDS_CONDITION, [EXPR_KIND_KEY_CONDITION] = KEYWORDS_CONDITION,
        [EXPR_KIND_PROJECTION] = KEYWORDS_NONE,
    };

    *p = (struct parser){.source = source, .arena = arena, .report.arena = arena};
    if (source->text.size > EXPR_TEXT_BYTES_MAX)
        return fault_set_wrapped(
            fault, ERR_VALIDATION,
            "Invalid %s: Expression size has exceeded the maximum allowed size",
            expr_kind_name(source->kind));
    lexer_init(&p->lexer, source->text, keywords[source->kind]);
    p->token = lexer_next(&p->lexer);
    if (p->token.kind == TOKEN_END) /* nothing but white space, too: there is no token to tell */
        return fault_set(fault, ERR_VALIDATION, "Invalid %s: The expression can not be empty;",
                         expr_kind_name(source->kind));
    return OK;
}

/* Tells what is wrong with the whole: syntax, number of operators, then by priority. */
static enum err finish(struct parser *p, struct fault *fault)
{
    const char *kind = expr_kind_name(p->source->kind);

    if (!p->failed && !p->too_deep && p->token.kind != TOKEN_END)
        syntax_error(p);
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

/* --- conditions ------------------------------------------------------------------------------- */

static struct expr_node *parse_or(struct parser *p, bool operand_too)
{
    struct expr_node *first = parse_and(p, operand_too);
    struct node_list list;

    if (first == NULL || p->token.kind != TOKEN_OR)
        return first;
    list = node_list_begin(node_new(p, NODE_OR));
    node_list_add(p, &list, first);
    while (accept(p, TOKEN_OR)) {
        struct expr_node *next = parse_and(p, false);

        if (next == NULL)
            return NULL;
        p->operator_count++;
        node_list_add(p, &list, next);
    }
    return list.owner;
}

static struct expr_node *parse_and(struct parser *p, bool operand_too)
{
    struct expr_node *first = parse_not(p, operand_too);
    struct node_list list;

    if (first == NULL || p->token.kind != TOKEN_AND)
        return first;
    list = node_list_begin(node_new(p, NODE_AND));
    node_list_add(p, &list, first);
    while (accept(p, TOKEN_AND)) {
        struct expr_node *next = parse_not(p, false);

        if (next == NULL)
            return NULL;
        p->operator_count++;
        node_list_add(p, &list, next);
    }
    return list.owner;
}

static struct expr_node *parse_not(struct parser *p, bool operand_too)
{
    struct expr_node *negated;
    struct node_list list;

    if (!accept(p, TOKEN_NOT))
        return parse_predicate(p, operand_too);
    p->operator_count++;
    negated = parse_predicate(p, false);
    if (negated == NULL)
        return NULL;
    list = node_list_begin(node_new(p, NODE_NOT));
    node_list_add(p, &list, negated);
    return list.owner;
}

/* With `operand_too`, also an operand or a function that a ")" follows: undecided. */
static struct expr_node *parse_predicate(struct parser *p, bool operand_too)
{
    struct expr_node *left = p->token.kind == TOKEN_OPEN ? parse_group(p) : parse_operand(p);

    if (left == NULL || left->kind >= NODE_COMPARE)
        return left;
    if (comparison_operator(p->token.kind) != OPERATOR_NONE)
        return parse_comparison(p, left);
    if (accept(p, TOKEN_BETWEEN))
        return parse_between(p, left);
    if (accept(p, TOKEN_IN))
        return parse_in(p, left);
    if (operand_too && p->token.kind == TOKEN_CLOSE)
        return left;
    if (left->kind != NODE_FUNCTION)
        return syntax_error(p);
    if (left->function != NULL && left->function->result != EXPR_FUNCTION_BOOLEAN)
        expr_note(&p->report, PROBLEM_MISUSED_FUNCTION,
                  "The function is not allowed to be used this way in an expression; "
                  "function: %.*s",
                  BYTES_ARGS(left->function->name));
    expr_check_predicate(&p->report, left);
    return left;
}

/* A condition or an operand in parentheses. */
static struct expr_node *parse_group(struct parser *p)
{
    struct expr_node *inside;

    if (!enter(p))
        return NULL;
    take(p);
    inside = parse_or(p, true);
    if (inside == NULL || !expect(p, TOKEN_CLOSE))
        return NULL;
    return close_group(p, inside);
}

static struct expr_node *parse_comparison(struct parser *p, struct expr_node *left)
{
    struct expr_node *node = node_new(p, NODE_COMPARE);
    struct node_list list = node_list_begin(node);
    struct expr_node *right;

    node->operation = comparison_operator(p->token.kind);
    p->operator_count++;
    take(p);
    right = parse_operand(p);
    if (right == NULL)
        return NULL;
    node_list_add(p, &list, left);
    node_list_add(p, &list, right);
    expr_check_predicate(&p->report, node);
    return node;
}

static struct expr_node *parse_between(struct parser *p, struct expr_node *left)
{
    struct node_list list = node_list_begin(node_new(p, NODE_BETWEEN));
    struct expr_node *lower, *upper;

    p->operator_count++;
    lower = parse_operand(p);
    if (lower == NULL || !expect(p, TOKEN_AND))
        return NULL;
    upper = parse_operand(p);
    if (upper == NULL)
        return NULL;
    node_list_add(p, &list, left);
    node_list_add(p, &list, lower);
    node_list_add(p, &list, upper);
    expr_check_predicate(&p->report, list.owner);
    return list.owner;
}

static struct expr_node *parse_in(struct parser *p, struct expr_node *left)
{
    struct node_list list = node_list_begin(node_new(p, NODE_IN));

    p->operator_count++;
    node_list_add(p, &list, left);
    if (!expect(p, TOKEN_OPEN))
        return NULL;
    do {
        struct expr_node *operand = parse_operand(p);

        if (operand == NULL)
            return NULL;
        node_list_add(p, &list, operand);
    } while (accept(p, TOKEN_COMMA));
    if (!expect(p, TOKEN_CLOSE))
        return NULL;
    expr_check_predicate(&p->report, list.owner);
    return list.owner;
}

/* --- operands --------------------------------------------------------------------------------- */

static struct expr_node *parse_operand(struct parser *p)
{
    struct token name = p->token;

    if (name.kind == TOKEN_VALUE)
        return parse_value(p);
    if (name.kind == TOKEN_OPEN) {
        struct expr_node *inside;

        if (!enter(p))
            return NULL;
        take(p);
        inside = parse_operand(p);
        if (inside == NULL || !expect(p, TOKEN_CLOSE))
            return NULL;
        return close_group(p, inside);
    }
    if (name.kind != TOKEN_IDENTIFIER)
        return parse_path(p);
    take(p);
    return p->token.kind == TOKEN_OPEN ? parse_function(p, name) : parse_path_from(p, name);
}

/* From the "(" on. */
static struct expr_node *parse_function(struct parser *p, struct token name)
{
    struct expr_node *node = node_new(p, NODE_FUNCTION);
    struct node_list list = node_list_begin(node);

    node->function = expr_function_find(name.text, p->source->kind);
    if (node->function == NULL)
        expr_note(&p->report, PROBLEM_UNKNOWN_FUNCTION, "Invalid function name; function: %.*s",
                  BYTES_ARGS(name.text));
    p->operator_count++;
    if (!enter(p))
        return NULL;
    do {
        struct expr_node *operand;

        take(p); /* "(" or "," */
        operand = parse_operand(p);
        if (operand == NULL)
            return NULL;
        node_list_add(p, &list, operand);
    } while (p->token.kind == TOKEN_COMMA);
    if (!expect(p, TOKEN_CLOSE))
        return NULL;
    p->depth--;
    if (p->source->kind == EXPR_KIND_UPDATE)
        expr_check_update_operands(&p->report, node);
    return node;
}

static struct expr_node *parse_value(struct parser *p)
{
    struct expr_node *node = node_new(p, NODE_VALUE);
    const struct expr_placeholder *value;

    value = expr_placeholder_use(p->source->values, p->token.text);
    if (value != NULL) {
        node->value = value->value;
    } else {
        node->undefined = p->token.text;
        expr_note(&p->report, PROBLEM_UNDEFINED_VALUE, EXPR_UNDEFINED_VALUE,
                  BYTES_ARGS(p->token.text));
    }
    take(p);
    return node;
}

static struct expr_node *parse_path(struct parser *p)
{
    struct token name = p->token;

    if (name.kind != TOKEN_IDENTIFIER && name.kind != TOKEN_NAME)
        return syntax_error(p);
    take(p);
    return parse_path_from(p, name);
}

/* What follows a first name that was taken. Not inlined: its steps would make the frames of the
 * descent large. */
__attribute__((noinline)) static struct expr_node *parse_path_from(struct parser *p,
                                                                   struct token name)
{
    struct expr_node *node = node_new(p, NODE_PATH);
    struct expr_step steps[EXPR_PATH_STEPS_MAX], beyond, *copy;
    unsigned count = 0;

    name_step(p, name, node, &steps[count++]);
    for (;;) {
        struct expr_step *step = count < EXPR_PATH_STEPS_MAX ? &steps[count] : &beyond;

        if (accept(p, TOKEN_DOT)) {
            name = p->token;
            if (name.kind != TOKEN_IDENTIFIER && name.kind != TOKEN_NAME)
                return syntax_error(p);
            take(p);
            name_step(p, name, node, step);
        } else if (accept(p, TOKEN_OPEN_INDEX)) {
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
static bool parse_index(struct parser *p, struct expr_step *step)
{
    struct bytes digits = p->token.text;
    uint64_t index = 0;

    if (!expect(p, TOKEN_DIGITS))
        return false;
    for (size_t i = 0; i < digits.size && index <= EXPR_LIST_INDEX_MAX; i++)
        index = index * 10 + (digits.data[i] - '0');
    if (index > EXPR_LIST_INDEX_MAX)
        expr_note_wrapped(&p->report, PROBLEM_PATH,
                          "List index is not within the allowable range; index: [%.*s]",
                          BYTES_ARGS(digits));
    *step = (struct expr_step){.index = (uint32_t)index, .is_index = true};
    return expect(p, TOKEN_CLOSE_INDEX);
}

static void name_step(struct parser *p, struct token name, struct expr_node *path,
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

/* --- projections and updates ------------------------------------------------------------------ */

/* Appends the paths of a projection to the list that ends here; how many. */
static unsigned parse_paths(struct parser *p, struct expr_node **end)
{
    unsigned count = 0;

    do {
        *end = parse_path(p);
        if (*end == NULL)
            break;
        end = &(*end)->next;
        count++;
    } while (accept(p, TOKEN_COMMA));
    return count;
}

/* The same for the actions of all clauses. */
static unsigned parse_actions(struct parser *p, struct action_list **end)
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
            take(p); /* the keyword or "," */
            *end = parse_action(p, kind);
            if (*end == NULL)
                return count;
            end = &(*end)->next;
            count++;
        } while (p->token.kind == TOKEN_COMMA);
    }
    return count; /* anything else here is a syntax error, which finish sees */
}

static struct action_list *parse_action(struct parser *p, enum expr_action_kind kind)
{
    struct action_list *entry = arena_new(p->arena, struct action_list);
    struct expr_action *action = &entry->action;

    action->kind = kind;
    action->target = parse_path(p);
    if (action->target == NULL)
        return NULL;
    if (kind == ACTION_REMOVE)
        return entry;
    if (kind == ACTION_SET) {
        if (!expect(p, TOKEN_EQ))
            return NULL;
        action->value = parse_sum(p);
    } else {
        action->value = p->token.kind == TOKEN_VALUE ? parse_value(p) : syntax_error(p);
    }
    if (action->value == NULL)
        return NULL;
    expr_check_action(&p->report, action);
    return entry;
}

static struct expr_node *parse_sum(struct parser *p)
{
    struct expr_node *left;

    if (p->token.kind == TOKEN_OPEN) {
        if (!enter(p))
            return NULL;
        take(p);
        left = parse_sum(p);
        if (left == NULL || !expect(p, TOKEN_CLOSE))
            return NULL;
        p->depth--;
        if (left->kind == NODE_ARITHMETIC)
            return left;
    } else {
        left = parse_operand(p);
    }
    for (unsigned i = 0; left != NULL && i < SUM_OPERATORS_MAX; i++) {
        struct expr_node *sum, *right;
        struct node_list list;

        if (p->token.kind != TOKEN_PLUS && p->token.kind != TOKEN_MINUS)
            break;
        sum = node_new(p, NODE_ARITHMETIC);
        sum->operation = p->token.kind == TOKEN_PLUS ? OPERATOR_PLUS : OPERATOR_MINUS;
        p->operator_count++;
        take(p);
        right = parse_operand(p);
        if (right == NULL)
            return NULL;
        list = node_list_begin(sum);
        node_list_add(p, &list, left);
        node_list_add(p, &list, right);
        expr_check_update_operands(&p->report, sum);
        left = sum;
    }
    return left;
}

/* --- tokens and nodes ------------------------------------------------------------------------- */

static void take(struct parser *p)
{
    p->previous = p->token;
    p->token = lexer_next(&p->lexer);
}

static bool accept(struct parser *p, enum token_kind kind)
{
    if (p->token.kind != kind)
        return false;
    take(p);
    return true;
}

static bool expect(struct parser *p, enum token_kind kind)
{
    if (accept(p, kind))
        return true;
    syntax_error(p);
    return false;
}

/* The offender is the next token; finish writes the text. NULL, for any kind of result. */
static void *syntax_error(struct parser *p)
{
    p->failed = true;
    return NULL;
}

/* Parentheses that hold nothing but parentheses are redundant, whatever is inside. */
static struct expr_node *close_group(struct parser *p, struct expr_node *inside)
{
    p->depth--;
    if (inside->parenthesised)
        expr_note_wrapped(&p->report, PROBLEM_PARENTHESES, EXPR_REDUNDANT_PARENTHESES);
    inside->parenthesised = true;
    return inside;
}

static bool enter(struct parser *p)
{
    if (p->depth == DEPTH_MAX) {
        p->too_deep = true;
        return false;
    }
    p->depth++;
    return true;
}

static enum expr_operator comparison_operator(enum token_kind token)
{
    if (token < TOKEN_EQ || token > TOKEN_GE)
        return OPERATOR_NONE;
    _Static_assert(TOKEN_GE - TOKEN_EQ == OPERATOR_GE - OPERATOR_EQ, "same order");
    return (enum expr_operator)(OPERATOR_EQ + (token - TOKEN_EQ));
}

static struct expr_node *node_new(struct parser *p, enum expr_node_kind kind)
{
    struct expr_node *node = arena_new(p->arena, struct expr_node);

    node->kind = kind;
    return node;
}

static struct node_list node_list_begin(struct expr_node *owner)
{
    return (struct node_list){owner, &owner->first};
}

/* An operand of AND, OR and NOT is a condition; of anything else, a boolean function is misused. */
static void node_list_add(struct parser *p, struct node_list *list, struct expr_node *operand)
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
