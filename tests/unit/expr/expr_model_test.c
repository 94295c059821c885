/* expr_model_test.c - random updates and projections of random items, against a plain model.
 * The model keeps an item as a tree and does each action where it belongs: it marks what is erased,
 * keeps appended elements aside, and sweeps at the end. Nothing of its way is that of the code it
 * checks: no sorting of paths, no walking of encoded bytes, sets as bit masks, numbers as integers.
 */
#include "base/assert.h"
#include "expr_test.h"
#include "unit.h"

#include <stdio.h>

#define ROUNDS      3000
#define CHILDREN    5 /* names a1..e1, or list elements at most at first */
#define APPENDS_MAX 4
#define ACTIONS_MAX 5
#define STEPS_MAX   4

enum tree_type { TREE_NUMBER, TREE_SET, TREE_LIST, TREE_MAP, TREE_TYPES };

struct tree {
    enum tree_type type;
    long number;                                       /* TREE_NUMBER */
    unsigned members;                                  /* TREE_SET: bits, of letters a.. */
    unsigned count;                                    /* TREE_LIST */
    struct tree *children[2 * CHILDREN + APPENDS_MAX]; /* TREE_LIST; TREE_MAP by name, or NULL */
    struct tree *appended[APPENDS_MAX];
    unsigned appended_index[APPENDS_MAX];
    unsigned appended_count;
    bool erased;
    bool wanted; /* projection */
};

struct place { /* a path */
    unsigned steps[STEPS_MAX];
    bool index[STEPS_MAX];
    unsigned count;
};

enum verb { VERB_SET, VERB_REMOVE, VERB_ADD, VERB_DELETE };
enum operand { OPERAND_LITERAL, OPERAND_PATH, OPERAND_SUM, OPERAND_DEFAULT, OPERAND_APPEND };

struct action {
    enum verb verb;
    enum operand operand;
    struct place target;
    struct place other;
    struct tree *literal;
};

struct model {
    struct arena arena;
    uint64_t random; /* state */
    struct tree *item;
    struct action actions[ACTIONS_MAX];
    unsigned count;
    const char *error; /* NULL: none */
};

static const char missing[] =
    "The provided expression refers to an attribute that does not exist in the item";
static const char wrong_type[] = "An operand in the update expression has an incorrect data type";
static const char wrong_path[] =
    "The document path provided in the update expression is invalid for update";

static unsigned pick(struct model *m, unsigned below)
{
    uint64_t bits = m->random += 0x9e3779b97f4a7c15u; /* splitmix64 */

    bits = (bits ^ bits >> 30) * 0xbf58476d1ce4e5b9u;
    bits = (bits ^ bits >> 27) * 0x94d049bb133111ebu;
    return (unsigned)((bits ^ bits >> 31) % below);
}

static struct tree *tree_random(struct model *m, unsigned depth, enum tree_type types)
{
    struct tree *tree = arena_new(&m->arena, struct tree);

    tree->type = (enum tree_type)pick(m, depth == 0 ? TREE_LIST : types);
    tree->number = (long)pick(m, 9) - 4;
    tree->members = 1 + pick(m, 15);
    if (tree->type == TREE_LIST)
        tree->count = pick(m, CHILDREN);
    for (unsigned i = 0; i < CHILDREN && tree->type >= TREE_LIST; i++)
        if (tree->type == TREE_LIST ? i < tree->count : pick(m, 3) != 0)
            tree->children[i] = tree_random(m, depth - 1, TREE_TYPES);
    return tree;
}

static struct tree *item_random(struct model *m)
{
    struct tree *item = arena_new(&m->arena, struct tree);

    item->type = TREE_MAP;
    for (unsigned i = 0; i < CHILDREN; i++)
        if (pick(m, 4) != 0)
            item->children[i] = tree_random(m, 3, TREE_TYPES);
    return item;
}

static struct tree *tree_copy(struct model *m, const struct tree *tree)
{
    struct tree *copy = arena_new(&m->arena, struct tree);

    *copy = *tree;
    for (unsigned i = 0; i < sizeof(copy->children) / sizeof(copy->children[0]); i++)
        if (tree->children[i] != NULL)
            copy->children[i] = tree_copy(m, tree->children[i]);
    return copy;
}

/* --- text ------------------------------------------------------------------------------------- */

static void append_json(struct buf *out, const struct tree *tree);

static void append_children(struct buf *out, const struct tree *tree)
{
    bool first = true;

    for (unsigned i = 0; i < sizeof(tree->children) / sizeof(tree->children[0]); i++) {
        if (tree->children[i] == NULL || tree->children[i]->erased)
            continue;
        if (!first)
            buf_append_byte(out, ',');
        first = false;
        if (tree->type == TREE_MAP)
            buf_append_format(out, "'%c1':", 'a' + i);
        append_json(out, tree->children[i]);
    }
}

static void append_json(struct buf *out, const struct tree *tree)
{
    switch (tree->type) {
    case TREE_NUMBER:
        buf_append_format(out, "{'N':'%ld'}", tree->number);
        break;
    case TREE_SET:
        buf_append_lit(out, "{'SS':[");
        for (unsigned bit = 0, first = 1; bit < 4; bit++) {
            if ((tree->members >> bit & 1) == 0)
                continue;
            buf_append_format(out, "%s'%c'", first ? "" : ",", 'a' + bit);
            first = 0;
        }
        buf_append_lit(out, "]}");
        break;
    default:
        buf_append_string(out, tree->type == TREE_LIST ? "{'L':[" : "{'M':{");
        append_children(out, tree);
        buf_append_string(out, tree->type == TREE_LIST ? "]}" : "}}");
        break;
    }
}

static const char *item_json(struct model *m, const struct tree *item)
{
    struct buf out;

    buf_init_arena(&out, &m->arena, SIZE_MAX);
    buf_append_byte(&out, '{');
    append_children(&out, item);
    buf_append_lit(&out, "}\0");
    return (const char *)out.data;
}

static void append_path(struct buf *out, const struct place *place)
{
    for (unsigned i = 0; i < place->count; i++)
        buf_append_format(out,
                          place->index[i] ? "[%u]"
                          : i == 0        ? "%c1"
                                          : ".%c1",
                          place->steps[i] + (place->index[i] ? 0 : 'a'));
}

/* --- paths ------------------------------------------------------------------------------------ */

/* Follows the item mostly, and goes wrong sometimes. */
static struct place place_random(struct model *m)
{
    const struct tree *at = m->item;
    struct place place = {.count = 0};

    do {
        bool list = at == NULL ? pick(m, 2) == 0 : at->type == TREE_LIST;
        unsigned step = pick(m, list ? CHILDREN + 3 : CHILDREN);

        if (place.count > 0 && pick(m, 20) == 0)
            list = !list;
        place.index[place.count] = list;
        place.steps[place.count++] = step;
        at = at == NULL ? NULL : at->children[step % CHILDREN];
        if (list && step >= CHILDREN)
            at = NULL;
    } while (place.count < STEPS_MAX &&
             ((at != NULL && at->type >= TREE_LIST && pick(m, 4) != 0) || pick(m, 25) == 0));
    return place;
}

static struct tree *find(struct tree *tree, const struct place *place, unsigned count)
{
    for (unsigned i = 0; i < count && tree != NULL; i++) {
        if (tree->type != (place->index[i] ? TREE_LIST : TREE_MAP))
            return NULL;
        if (place->index[i] && place->steps[i] >= tree->count)
            return NULL;
        tree = tree->children[place->steps[i]];
    }
    return tree;
}

static bool collide(const struct place *a, const struct place *b)
{
    for (unsigned i = 0; i < a->count && i < b->count; i++) {
        if (a->index[i] != b->index[i])
            return true;
        if (a->steps[i] != b->steps[i])
            return false;
    }
    return true;
}

/* --- updates ---------------------------------------------------------------------------------- */

static void actions_random(struct model *m)
{
    unsigned wanted = 1 + pick(m, ACTIONS_MAX);

    m->count = 0;
    for (unsigned tries = 0; tries < 20 && m->count < wanted; tries++) {
        struct action *action = &m->actions[m->count];
        bool free_place = true;

        *action = (struct action){
            .verb = (enum verb)pick(m, 4),
            .operand = (enum operand)pick(m, 5),
            .target = place_random(m),
            .other = place_random(m),
        };
        if (action->verb == VERB_ADD)
            action->literal = tree_random(m, 0, TREE_LIST);
        else
            action->literal = tree_random(m, 2, TREE_TYPES);
        if (action->verb == VERB_DELETE)
            action->literal->type = TREE_SET;
        if (action->verb == VERB_SET && action->operand == OPERAND_SUM)
            action->literal->type = TREE_NUMBER;
        if (action->verb == VERB_SET && action->operand == OPERAND_APPEND) {
            while (action->literal->type != TREE_LIST)
                action->literal = tree_random(m, 1, TREE_TYPES);
        }
        for (unsigned i = 0; i < m->count; i++)
            free_place = free_place && !collide(&m->actions[i].target, &action->target);
        m->count += free_place;
    }
}

static void append_operand(struct buf *text, const struct action *action, unsigned number)
{
    switch (action->operand) {
    case OPERAND_LITERAL:
        buf_append_format(text, ":v%u", number);
        break;
    case OPERAND_PATH:
        append_path(text, &action->other);
        break;
    case OPERAND_SUM:
        append_path(text, &action->other);
        buf_append_format(text, " - :v%u", number);
        break;
    case OPERAND_DEFAULT:
        buf_append_lit(text, "if_not_exists(");
        append_path(text, &action->other);
        buf_append_format(text, ", :v%u)", number);
        break;
    case OPERAND_APPEND:
        buf_append_format(text, "list_append(:v%u, ", number);
        append_path(text, &action->other);
        buf_append_byte(text, ')');
        break;
    }
}

static struct request request_of(struct model *m)
{
    static const char *const verbs[] = {"SET", "REMOVE", "ADD", "DELETE"};
    struct request request = {.update = NULL};
    struct buf text, values;

    buf_init_arena(&text, &m->arena, SIZE_MAX);
    for (unsigned verb = VERB_SET; verb <= VERB_DELETE; verb++) {
        bool first = true;

        for (unsigned i = 0; i < m->count; i++) {
            const struct action *action = &m->actions[i];

            if (action->verb != verb)
                continue;
            buf_append_format(&text, "%s ", first ? verbs[verb] : ",");
            first = false;
            append_path(&text, &action->target);
            if (verb == VERB_SET) {
                buf_append_lit(&text, " = ");
                append_operand(&text, action, i);
            } else if (verb != VERB_REMOVE) {
                buf_append_format(&text, " :v%u", i);
            }
            buf_append_byte(&text, ' ');
        }
    }
    request.update = (const char *)arena_copy(&m->arena, buf_finish_arena(&text)).data;
    buf_init_arena(&values, &m->arena, SIZE_MAX);
    for (unsigned i = 0; i < m->count; i++) {
        const struct action *action = &m->actions[i];

        if (action->verb == VERB_REMOVE ||
            (action->verb == VERB_SET && action->operand == OPERAND_PATH))
            continue;
        buf_append_format(&values, "%c':v%u':", values.size == 0 ? '{' : ',', i);
        append_json(&values, action->literal);
    }
    if (values.size != 0) {
        buf_append_lit(&values, "}\0");
        request.values = (const char *)values.data;
    }
    return request;
}

/* What a SET gives, from the item as it was. */
static struct tree *evaluate(struct model *m, const struct action *action)
{
    struct tree *other = find(m->item, &action->other, action->other.count), *value;

    if (action->operand == OPERAND_LITERAL || (action->operand == OPERAND_DEFAULT && other == NULL))
        return action->literal;
    if (other == NULL) {
        m->error = missing;
        return NULL;
    }
    if (action->operand == OPERAND_PATH || action->operand == OPERAND_DEFAULT)
        return other;
    if (other->type != action->literal->type) {
        m->error = wrong_type;
        return NULL;
    }
    value = tree_copy(m, action->literal);
    if (action->operand == OPERAND_SUM) {
        value->number = other->number - action->literal->number;
        return value;
    }
    for (unsigned i = 0; i < other->count; i++)
        value->children[value->count++] = other->children[i];
    return value;
}

/* What ADD and DELETE give; *erases: that there is nothing left. NULL: nothing to do. */
static struct tree *combine(struct model *m, const struct action *action, const struct tree *old,
                            bool *erases)
{
    struct tree *value = tree_copy(m, action->literal);

    if (old == NULL)
        return action->verb == VERB_ADD ? value : NULL;
    if (old->type != value->type) {
        m->error = wrong_type;
        return NULL;
    }
    value->number += old->number;
    if (action->verb == VERB_ADD)
        value->members |= old->members;
    else
        value->members = old->members & ~value->members;
    *erases = value->type == TREE_SET && value->members == 0;
    return value;
}

static void put(struct tree *parent, unsigned step, struct tree *value)
{
    unsigned at;

    if (parent->type == TREE_MAP || step < parent->count) {
        parent->children[step] = value;
        return;
    }
    for (at = parent->appended_count++; at > 0 && parent->appended_index[at - 1] > step; at--) {
        parent->appended[at] = parent->appended[at - 1];
        parent->appended_index[at] = parent->appended_index[at - 1];
    }
    parent->appended[at] = value;
    parent->appended_index[at] = step;
}

static void sweep(struct tree *tree)
{
    for (unsigned i = 0; i < tree->appended_count; i++)
        tree->children[tree->count++] = tree->appended[i];
    tree->appended_count = 0;
    for (unsigned i = 0; i < sizeof(tree->children) / sizeof(tree->children[0]); i++)
        if (tree->children[i] != NULL)
            sweep(tree->children[i]);
}

static struct tree *update(struct model *m)
{
    struct tree *after = tree_copy(m, m->item);
    struct tree *values[ACTIONS_MAX] = {NULL};

    m->error = NULL;
    for (unsigned i = 0; i < m->count && m->error == NULL; i++)
        if (m->actions[i].verb == VERB_SET)
            values[i] = evaluate(m, &m->actions[i]);
    for (unsigned verb = VERB_SET; verb <= VERB_DELETE; verb++) {
        for (unsigned i = 0; i < m->count && m->error == NULL; i++) {
            const struct action *action = &m->actions[i];
            const struct place *target = &action->target;
            struct tree *parent = find(after, target, target->count - 1);
            struct tree *old = find(m->item, target, target->count);
            bool erases = action->verb == VERB_REMOVE;

            if (action->verb != verb)
                continue;
            if (parent == NULL ||
                parent->type != (target->index[target->count - 1] ? TREE_LIST : TREE_MAP)) {
                m->error = wrong_path;
                break;
            }
            if (verb == VERB_ADD || verb == VERB_DELETE)
                values[i] = combine(m, action, old, &erases);
            if (erases && old != NULL)
                find(after, target, target->count)->erased = true;
            else if (values[i] != NULL)
                put(parent, target->steps[target->count - 1], tree_copy(m, values[i]));
        }
    }
    sweep(after);
    return after;
}

TEST(random_updates_agree_with_a_model)
{
    const uint64_t seed = 20260101;
    unsigned applied = 0, refused = 0;
    struct model m;

    arena_init(&m.arena);
    m.random = seed;
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct request request;
        struct value updated;
        struct expr_set set = {0};
        struct fault fault;
        const char *before, *expected, *got;

        arena_reset(&m.arena);
        m.item = item_random(&m);
        actions_random(&m);
        request = request_of(&m);
        before = item_json(&m, m.item);
        expected = item_json(&m, update(&m));
        expected = m.error != NULL ? m.error : canonical(expected, &m.arena);
        if (parse_request(&request, &m.arena, &fault, &set) != OK ||
            expr_update_apply(set.update, item_of(before, &m.arena), &m.arena, &fault, &updated) !=
                OK)
            got = (const char *)fault.message.data;
        else
            got = json_of(updated, &m.arena);
        m.error != NULL ? refused++ : applied++;
        if (strcmp(got, expected) != 0) {
            unit_failed(__FILE__, __LINE__,
                        "seed %llu, round %u: %s\n  values %s\n  before %s\n  gives  %s\n"
                        "  not    %s",
                        (unsigned long long)seed, round, request.update, request.values, before,
                        got, expected);
            break;
        }
    }
    CHECK(applied > ROUNDS / 4);
    CHECK(refused > ROUNDS / 10);
    arena_fini(&m.arena);
}

/* --- projections ------------------------------------------------------------------------------ */

/* Keeps what is wanted, and the containers around it; true if anything is. */
static bool keep_wanted(struct tree *tree)
{
    bool any = false;

    if (tree->wanted)
        return true;
    for (unsigned i = 0; i < CHILDREN && tree->type >= TREE_LIST; i++) {
        if (tree->children[i] == NULL)
            continue;
        tree->children[i]->erased = !keep_wanted(tree->children[i]);
        any = any || !tree->children[i]->erased;
    }
    return any;
}

TEST(random_projections_agree_with_a_model)
{
    const uint64_t seed = 20260102;
    unsigned found = 0;
    struct model m;

    arena_init(&m.arena);
    m.random = seed;
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct request request = {.projection = NULL};
        struct expr_set set = {0};
        struct fault fault;
        struct tree *kept;
        struct buf text;
        const char *before, *expected, *got;

        arena_reset(&m.arena);
        m.item = item_random(&m);
        actions_random(&m);
        before = item_json(&m, m.item);
        kept = tree_copy(&m, m.item);
        buf_init_arena(&text, &m.arena, SIZE_MAX);
        for (unsigned i = 0; i < m.count; i++) {
            struct tree *wanted = find(kept, &m.actions[i].target, m.actions[i].target.count);

            if (wanted != NULL) {
                wanted->wanted = true;
                found++;
            }
            buf_append_string(&text, i == 0 ? "" : ", ");
            append_path(&text, &m.actions[i].target);
        }
        request.projection = (const char *)arena_copy(&m.arena, buf_finish_arena(&text)).data;
        (void)keep_wanted(kept);
        expected = canonical(item_json(&m, kept), &m.arena);
        CHECK_OK(parse_request(&request, &m.arena, &fault, &set));
        got = json_of(expr_project(set.projection, item_of(before, &m.arena), &m.arena), &m.arena);
        if (strcmp(got, expected) != 0) {
            unit_failed(__FILE__, __LINE__,
                        "seed %llu, round %u: %s of\n  %s\n  gives %s\n  not %s",
                        (unsigned long long)seed, round, request.projection, before, got, expected);
            break;
        }
    }
    CHECK(found > ROUNDS);
    arena_fini(&m.arena);
}
