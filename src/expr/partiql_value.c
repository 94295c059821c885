/* partiql_value.c - literals, and parameters where literals may stand.
 * A literal is read into a small tree first, because the entries of maps and the members of sets
 * are stored in order and come in any; then it is written once, in the canonical form of value.h.
 */
#include "base/assert.h"
#include "expr/partiql_parser.h"
#include "item/number.h"

#include <stdlib.h>

struct literal {
    enum value_type type;
    struct bytes name;  /* of an entry of a map */
    struct value value; /* of what is no list, map or set of literals */
    bool whole;         /* it is in `value` */
    struct literal *first;
    struct literal *next;
    unsigned count;
};

static bool read(struct partiql_parser *p, unsigned depth, struct literal *literal);
static bool read_scalar(struct partiql_parser *p, struct literal *literal);
static bool read_number(struct partiql_parser *p, struct value *value);
static bool read_parameter(struct partiql_parser *p, struct value *value);
static bool read_elements(struct partiql_parser *p, unsigned depth, enum partiql_token_kind close,
                          struct literal *owner);
static bool read_name(struct partiql_parser *p, struct bytes *name);
static bool settle_map(struct partiql_parser *p, const struct literal *map);
static bool settle_set(struct partiql_parser *p, struct literal *set);
static void append(struct literal *literal, struct arena *arena, struct buf *out);
static struct literal **sorted(const struct literal *owner, struct arena *arena);
static int compare_names(const void *a, const void *b);
static int compare_values(const void *a, const void *b);
static bool too_deep(struct partiql_parser *p);

bool partiql_at_literal(const struct partiql_parser *p)
{
    switch (p->token.kind) {
    case PARTIQL_TOKEN_STRING:
    case PARTIQL_TOKEN_NUMBER:
    case PARTIQL_TOKEN_PLUS:
    case PARTIQL_TOKEN_MINUS:
    case PARTIQL_TOKEN_PARAMETER:
    case PARTIQL_TOKEN_TRUE:
    case PARTIQL_TOKEN_FALSE:
    case PARTIQL_TOKEN_NULL:
    case PARTIQL_TOKEN_OPEN_LIST:
    case PARTIQL_TOKEN_OPEN_MAP:
    case PARTIQL_TOKEN_OPEN_SET:
        return true;
    default:
        return false;
    }
}

struct expr_node *partiql_literal(struct partiql_parser *p)
{
    struct literal literal = {0};
    struct expr_node *node;
    struct bytes written;
    struct buf out;
    bool found;

    if (!read(p, 1, &literal))
        return NULL;
    node = partiql_node(p, NODE_VALUE);
    if (literal.whole) {
        node->value = literal.value;
        return node;
    }
    buf_init_arena(&out, p->arena, SIZE_MAX); /* about as large as the text and the parameters */
    append(&literal, p->arena, &out);
    written = buf_finish_arena(&out);
    found = value_read(&written, &node->value);
    ASSERT(found);
    ASSERT_SLOW(value_check(node->value));
    return node;
}

static bool read(struct partiql_parser *p, unsigned depth, struct literal *literal)
{
    enum partiql_token_kind kind = p->token.kind;
    bool ok;

    if (depth > VALUE_DEPTH_MAX)
        return too_deep(p);
    if (kind == PARTIQL_TOKEN_PARAMETER) {
        partiql_take(p);
        literal->whole = true;
        if (!read_parameter(p, &literal->value))
            return false;
        literal->type = literal->value.type;
        return depth - 1 + value_depth(literal->value) <= VALUE_DEPTH_MAX || too_deep(p);
    }
    if (kind != PARTIQL_TOKEN_OPEN_LIST && kind != PARTIQL_TOKEN_OPEN_MAP &&
        kind != PARTIQL_TOKEN_OPEN_SET)
        return read_scalar(p, literal);
    if (!partiql_enter(p))
        return false;
    if (kind == PARTIQL_TOKEN_OPEN_SET && partiql_ahead(p) == PARTIQL_TOKEN_CLOSE_SET)
        return partiql_refuse_token(p, "Empty bags are not supported");
    partiql_take(p);
    literal->type = kind == PARTIQL_TOKEN_OPEN_MAP ? VALUE_M : VALUE_L;
    ok = kind == PARTIQL_TOKEN_OPEN_LIST
             ? read_elements(p, depth, PARTIQL_TOKEN_CLOSE_LIST, literal)
         : kind == PARTIQL_TOKEN_OPEN_MAP
             ? read_elements(p, depth, PARTIQL_TOKEN_CLOSE_MAP, literal) && settle_map(p, literal)
             : read_elements(p, depth, PARTIQL_TOKEN_CLOSE_SET, literal) && settle_set(p, literal);
    p->depth--;
    return ok;
}

static bool read_scalar(struct partiql_parser *p, struct literal *literal)
{
    struct bytes text = p->token.text;
    struct value *value = &literal->value;

    literal->whole = true;
    switch (p->token.kind) {
    case PARTIQL_TOKEN_STRING:
        *value = (struct value){VALUE_S, partiql_unquote(text, p->arena)};
        break;
    case PARTIQL_TOKEN_TRUE:
        *value = (struct value){VALUE_BOOL, BYTES("\1")};
        break;
    case PARTIQL_TOKEN_FALSE:
        *value = (struct value){VALUE_BOOL, BYTES("\0")};
        break;
    case PARTIQL_TOKEN_NULL:
        *value = (struct value){VALUE_NULL, BYTES("")};
        break;
    case PARTIQL_TOKEN_NUMBER:
    case PARTIQL_TOKEN_PLUS:
    case PARTIQL_TOKEN_MINUS:
        literal->type = VALUE_N;
        return read_number(p, value);
    default:
        return partiql_fail_term(p);
    }
    partiql_take(p);
    literal->type = value->type;
    return true;
}

/* With its sign. */
static bool read_number(struct partiql_parser *p, struct value *value)
{
    bool negative = partiql_accept(p, PARTIQL_TOKEN_MINUS);
    struct number *number;
    struct bytes text;

    if (!negative)
        (void)partiql_accept(p, PARTIQL_TOKEN_PLUS);
    text = p->token.text;
    if (!partiql_accept(p, PARTIQL_TOKEN_NUMBER))
        return partiql_fail_term(p);
    if (negative)
        text = arena_format(p->arena, "-%.*s", BYTES_ARGS(text));
    number = arena_alloc(p->arena, sizeof(*number));
    if (number_parse(text, number, p->fault) != OK)
        return false;
    *value = (struct value){VALUE_N, number_bytes(number)};
    return true;
}

/* One that the request lacks stands for a NULL: that it does is told at the end. */
static bool read_parameter(struct partiql_parser *p, struct value *value)
{
    *value = p->parameters_used < p->parameter_count ? p->parameters[p->parameters_used]
                                                     : (struct value){VALUE_NULL, BYTES("")};
    p->parameters_used++;
    return true;
}

static bool read_elements(struct partiql_parser *p, unsigned depth, enum partiql_token_kind close,
                          struct literal *owner)
{
    struct literal **end = &owner->first;

    if (partiql_accept(p, close))
        return true;
    do {
        struct literal *element = arena_new(p->arena, struct literal);

        if (owner->type == VALUE_M && !read_name(p, &element->name))
            return false;
        if (!read(p, depth + 1, element))
            return false;
        *end = element;
        end = &element->next;
        owner->count++;
    } while (partiql_accept(p, PARTIQL_TOKEN_COMMA));
    return partiql_expect(p, close);
}

/* 'name' and a colon. */
static bool read_name(struct partiql_parser *p, struct bytes *name)
{
    if (p->token.kind != PARTIQL_TOKEN_STRING)
        return partiql_fail_term(p);
    *name = partiql_unquote(p->token.text, p->arena);
    partiql_take(p);
    return partiql_expect(p, PARTIQL_TOKEN_COLON);
}

/* Names that are not empty, and none twice. */
static bool settle_map(struct partiql_parser *p, const struct literal *map)
{
    struct literal **entries = sorted(map, p->arena);

    for (unsigned i = 0; i < map->count; i++) {
        if (entries[i]->name.size == 0)
            return partiql_refuse(p, PARTIQL_EMPTY_NAME);
        if (i > 0 && bytes_equal(entries[i - 1]->name, entries[i]->name))
            return partiql_refuse(p, "Duplicate keys in tuple. Key: %.*s",
                                  BYTES_ARGS(entries[i]->name));
    }
    return true;
}

/* Members of one type that sets can have, and none twice. Words as for sets in JSON; those about
 * types are (unverified). */
static bool settle_set(struct partiql_parser *p, struct literal *set)
{
    static const enum value_type sets[] = {
        [VALUE_S] = VALUE_SS, [VALUE_N] = VALUE_NS, [VALUE_B] = VALUE_BS};
    struct literal **members;

    for (const struct literal *member = set->first; member != NULL; member = member->next) {
        if (!member->whole || member->type > VALUE_B || member->type != set->first->type)
            return partiql_refuse(p, "Unsupported data type in Bag. DynamoDB only supports either "
                                     "numbers or strings in bags");
    }
    set->type = sets[set->first->type];
    members = sorted(set, p->arena);
    for (unsigned i = 1; i < set->count; i++)
        if (value_equal(members[i - 1]->value, members[i]->value)) {
            (void)!fault_set(p->fault, ERR_VALIDATION, "Input collection contains duplicates");
            return false;
        }
    return true;
}

/* --- writing ---------------------------------------------------------------------------------- */

/* Depth is VALUE_DEPTH_MAX at most. */
static void append(struct literal *literal, struct arena *arena, struct buf *out)
{
    struct value_builder builder;
    struct literal **elements;

    if (literal->whole) {
        value_append(out, literal->value);
        return;
    }
    value_build_begin(&builder, out, literal->type);
    elements = sorted(literal, arena);
    for (unsigned i = 0; i < literal->count; i++) {
        if (literal->type == VALUE_M) {
            value_build_next_entry(&builder, elements[i]->name);
            append(elements[i], arena, out);
        } else if (literal->type == VALUE_L) {
            value_build_next_element(&builder);
            append(elements[i], arena, out);
        } else {
            value_build_element(&builder, elements[i]->value);
        }
    }
    value_build_end(&builder);
}

/* The elements as they are stored: a list's in its own order. */
static struct literal **sorted(const struct literal *owner, struct arena *arena)
{
    struct literal **elements = arena_alloc(arena, owner->count * sizeof(struct literal *));
    unsigned count = 0;

    for (struct literal *element = owner->first; element != NULL; element = element->next)
        elements[count++] = element;
    if (owner->type != VALUE_L && count > 1)
        qsort(elements, count, sizeof(elements[0]),
              owner->type == VALUE_M ? compare_names : compare_values);
    return elements;
}

static int compare_names(const void *a, const void *b)
{
    const struct literal *x = *(struct literal *const *)a, *y = *(struct literal *const *)b;

    return bytes_compare(x->name, y->name);
}

static int compare_values(const void *a, const void *b)
{
    const struct literal *x = *(struct literal *const *)a, *y = *(struct literal *const *)b;

    return value_compare(x->value, y->value);
}

static bool too_deep(struct partiql_parser *p)
{
    (void)!fault_set(p->fault, ERR_VALIDATION, "Nesting Levels have exceeded supported limits");
    return false;
}
