/* expr_update.c - items before and after an update.
 * First every action is decided against the item as it was: what it puts at its target, that it
 * erases it, or that nothing changes. Then the item is built once, along the sorted targets: what
 * is on no path to a target is copied as it is. So clause order means nothing, several REMOVEs in
 * one list speak of its old positions, and no action sees another's effect.
 * Semantics: contract core-api-expressions.md 7.1 and 8.3.
 */
#include "base/assert.h"
#include "expr/expr_priv.h"
#include "item/number.h"

/* An update may name one large attribute many times. Both bounds are far above what an item of the
 * size limit can need, so that it does not matter here how the service counts: encoded, an item of
 * 409,600 bytes has at most three times as many. */
#define ITEM_BYTES_MAX  ((size_t)4 << 20)
#define LISTS_BYTES_MAX ((size_t)16 << 20)

enum effect { EFFECT_NONE, EFFECT_PUT, EFFECT_ERASE };

struct change {
    enum effect effect;
    struct value value; /* to put */
};

struct updater {
    const struct expr_update *update;
    struct value item; /* before */
    struct arena *arena;
    struct fault *fault;
    struct change *changes; /* one for each action */
    size_t lists_bytes;     /* what list_append made so far */
};

static enum err decide(struct updater *u);
static enum err check_target(struct updater *u, const struct expr_path *target);
static enum err decide_add(struct updater *u, const struct expr_action *action,
                           struct change *change);
static enum err decide_delete(struct updater *u, const struct expr_action *action,
                              struct change *change);
static enum err check_depth(struct updater *u, const struct expr_path *target,
                            const struct change *change);

static enum err evaluate(struct updater *u, const struct expr_node *node, struct value *value);
static enum err evaluate_sum(struct updater *u, const struct expr_node *node, struct value *sum);
static enum err add(struct updater *u, struct value a, struct value b, bool subtract,
                    struct value *sum);
static enum err list_append(struct updater *u, struct value a, struct value b, struct value *list);
static struct value set_combine(struct value a, struct value b, bool subtract, struct arena *arena);
static enum err wrong_type(struct updater *u);
static enum err too_large(struct updater *u);

static void rebuild(const struct updater *u, struct expr_range range, struct value container,
                    struct value_builder *builder);
static void rebuild_entry(const struct updater *u, struct expr_range group,
                          const struct expr_cursor *old, struct value_builder *builder);
static bool any_put(const struct updater *u, struct expr_range range);
static void build_puts(const struct updater *u, struct expr_range range,
                       struct value_builder *builder);
static const struct change *change_of(const struct updater *u, struct expr_range group);

/* --- the interface ---------------------------------------------------------------------------- */

enum err expr_update_apply(const struct expr_update *update, struct value item, struct arena *arena,
                           struct fault *fault, struct value *updated)
{
    struct updater u = {.update = update, .item = item, .arena = arena, .fault = fault};
    struct value_builder builder;
    struct buf out;
    enum err err;

    ASSERT(item.type == VALUE_M);
    err = decide(&u);
    if (err != OK)
        return err;
    buf_init_arena(&out, arena, ITEM_BYTES_MAX);
    (void)buf_reserve(&out, item.payload.size + EXPR_BUILD_SLACK_BYTES);
    value_build_begin_payload(&builder, &out, VALUE_M);
    rebuild(&u, expr_range_all(&update->targets), item, &builder);
    value_build_end(&builder);
    if (out.overflowed)
        return too_large(&u);
    *updated = (struct value){VALUE_M, buf_finish_arena(&out)};
    ASSERT_SLOW(value_check(*updated));
    return OK;
}

bool expr_update_touched_old(const struct expr_update *update, struct value before,
                             struct arena *arena, struct value *touched)
{
    struct value found = expr_paths_project(&update->targets, before, arena);

    if (value_count(found) == 0)
        return false;
    *touched = found;
    return true;
}

/* Not a projection of the new item: a list index of the text is an old position, or beyond the end.
 */
bool expr_update_touched_new(const struct expr_update *update, struct value before,
                             struct arena *arena, struct value *touched)
{
    struct fault fault;
    struct updater u = {.update = update, .item = before, .arena = arena, .fault = &fault};
    struct expr_range all = expr_range_all(&update->targets);
    struct value_builder builder;
    struct buf out;
    enum err err;

    fault_init(&fault, arena);
    err = decide(&u);
    ASSERT(err == OK); /* it was applied to the same item */
    if (!any_put(&u, all))
        return false;
    buf_init_arena(&out, arena, ITEM_BYTES_MAX);
    value_build_begin_payload(&builder, &out, VALUE_M);
    build_puts(&u, all, &builder);
    value_build_end(&builder);
    ASSERT(!out.overflowed); /* it is part of the item after the update */
    *touched = (struct value){VALUE_M, buf_finish_arena(&out)};
    return true;
}

/* --- what each action does -------------------------------------------------------------------- */

/* Operands of all SET actions, then targets and the other actions, each in order of the text: which
 * of two run-time errors is told is (unverified). */
static enum err decide(struct updater *u)
{
    unsigned count = u->update->targets.count;
    enum err err = OK;

    u->changes = arena_new_array(u->arena, struct change, count);
    for (unsigned i = 0; i < count && err == OK; i++) {
        if (u->update->actions[i].kind != ACTION_SET)
            continue;
        u->changes[i].effect = EFFECT_PUT;
        err = evaluate(u, u->update->actions[i].value, &u->changes[i].value);
    }
    for (unsigned i = 0; i < count && err == OK; i++) {
        const struct expr_action *action = &u->update->actions[i];
        const struct expr_path *target = &u->update->targets.in_text[i];

        err = check_target(u, target);
        if (err == OK && action->kind == ACTION_REMOVE)
            u->changes[i].effect = EFFECT_ERASE;
        if (err == OK && action->kind == ACTION_ADD)
            err = decide_add(u, action, &u->changes[i]);
        if (err == OK && action->kind == ACTION_DELETE)
            err = decide_delete(u, action, &u->changes[i]);
        if (err == OK)
            err = check_depth(u, target, &u->changes[i]);
    }
    return err;
}

/* The parent must be there and of the type that the last step needs. */
static enum err check_target(struct updater *u, const struct expr_path *target)
{
    unsigned last = target->count - 1;
    struct value parent;

    if (expr_path_find_steps(target, last, u->item, &parent) &&
        parent.type == (target->steps[last].is_index ? VALUE_L : VALUE_M))
        return OK;
    return fault_set(u->fault, ERR_VALIDATION,
                     "The document path provided in the update expression is invalid for update");
}

static enum err decide_add(struct updater *u, const struct expr_action *action,
                           struct change *change)
{
    struct value more = action->value->value, value;

    change->effect = EFFECT_PUT;
    change->value = more;
    if (!expr_path_find(&action->target->path, u->item, &value))
        return OK;
    if (value.type != more.type)
        return wrong_type(u);
    if (more.type == VALUE_N)
        return add(u, value, more, false, &change->value);
    if (more.type == VALUE_L)
        return list_append(u, value, more, &change->value);
    change->value = set_combine(value, more, false, u->arena);
    return OK;
}

static enum err decide_delete(struct updater *u, const struct expr_action *action,
                              struct change *change)
{
    struct value less = action->value->value, value;

    if (!expr_path_find(&action->target->path, u->item, &value))
        return OK;
    if (value.type != less.type)
        return wrong_type(u);
    change->value = set_combine(value, less, true, u->arena);
    change->effect = value_count(change->value) == 0 ? EFFECT_ERASE : EFFECT_PUT;
    return OK;
}

/* Values are within bounds by themselves; a path may put one too deep. */
static enum err check_depth(struct updater *u, const struct expr_path *target,
                            const struct change *change)
{
    if (change->effect != EFFECT_PUT || target->count == 1 ||
        target->count - 1 + value_depth(change->value) <= VALUE_DEPTH_MAX)
        return OK;
    return fault_set(u->fault, ERR_VALIDATION, VALUE_DEPTH_MESSAGE);
}

/* --- values ----------------------------------------------------------------------------------- */

/* Depth is that of parsing. */
static enum err evaluate(struct updater *u, const struct expr_node *node, struct value *value)
{
    struct value a, b;
    enum err err;

    switch (node->kind) {
    case NODE_VALUE:
        *value = node->value;
        return OK;
    case NODE_PATH:
        if (expr_path_find(&node->path, u->item, value))
            return OK;
        return fault_set(
            u->fault, ERR_VALIDATION,
            "The provided expression refers to an attribute that does not exist in the item");
    case NODE_ARITHMETIC:
        return evaluate_sum(u, node, value);
    default:
        ASSERT(node->kind == NODE_FUNCTION);
        break;
    }
    if (node->function->id == EXPR_if_not_exists) {
        if (expr_path_find(&node->first->path, u->item, value))
            return OK;
        return evaluate(u, node->first->next, value);
    }
    ASSERT(node->function->id == EXPR_list_append);
    err = evaluate(u, node->first, &a);
    if (err == OK)
        err = evaluate(u, node->first->next, &b);
    return err != OK ? err : list_append(u, a, b, value);
}

static enum err evaluate_sum(struct updater *u, const struct expr_node *node, struct value *sum)
{
    struct value a, b;
    enum err err = evaluate(u, node->first, &a);

    if (err == OK)
        err = evaluate(u, node->first->next, &b);
    if (err != OK)
        return err;
    if (a.type != VALUE_N || b.type != VALUE_N)
        return wrong_type(u);
    return add(u, a, b, node->operation == OPERATOR_MINUS, sum);
}

static enum err add(struct updater *u, struct value a, struct value b, bool subtract,
                    struct value *sum)
{
    struct number *number = arena_alloc(u->arena, sizeof(*number));
    enum err err =
        (subtract ? number_subtract : number_add)(a.payload, b.payload, number, u->fault);

    if (err == OK)
        *sum = (struct value){VALUE_N, number_bytes(number)};
    return err;
}

static enum err list_append(struct updater *u, struct value a, struct value b, struct value *list)
{
    struct expr_cursor cursor;
    struct value_builder builder;
    struct buf out;

    if (a.type != VALUE_L || b.type != VALUE_L)
        return wrong_type(u);
    u->lists_bytes += a.payload.size + b.payload.size;
    if (u->lists_bytes > LISTS_BYTES_MAX)
        return too_large(u);
    buf_init_arena(&out, u->arena, LISTS_BYTES_MAX + EXPR_BUILD_SLACK_BYTES);
    (void)buf_reserve(&out, a.payload.size + b.payload.size + EXPR_BUILD_SLACK_BYTES);
    value_build_begin_payload(&builder, &out, VALUE_L);
    cursor = expr_cursor_begin(a);
    expr_cursor_copy_rest(&cursor, &builder);
    cursor = expr_cursor_begin(b);
    expr_cursor_copy_rest(&cursor, &builder);
    value_build_end(&builder);
    ASSERT(!out.overflowed);
    *list = (struct value){VALUE_L, buf_finish_arena(&out)};
    return OK;
}

/* Union, or what is in a and not in b: a merge, because members are sorted. */
static struct value set_combine(struct value a, struct value b, bool subtract, struct arena *arena)
{
    struct expr_cursor left = expr_cursor_begin(a), right = expr_cursor_begin(b);
    struct value_builder builder;
    struct buf out;

    buf_init_arena(&out, arena, a.payload.size + b.payload.size + EXPR_BUILD_SLACK_BYTES);
    value_build_begin_payload(&builder, &out, a.type);
    while (left.there && right.there) {
        int order = value_compare(left.walk.value, right.walk.value);

        if (order < 0 || (order == 0 && !subtract))
            expr_cursor_copy(&left, &builder);
        else if (order > 0 && !subtract)
            expr_cursor_copy(&right, &builder);
        if (order <= 0)
            expr_cursor_next(&left);
        if (order >= 0)
            expr_cursor_next(&right);
    }
    expr_cursor_copy_rest(&left, &builder);
    if (!subtract)
        expr_cursor_copy_rest(&right, &builder);
    value_build_end(&builder);
    ASSERT(!out.overflowed);
    return (struct value){a.type, buf_finish_arena(&out)};
}

static enum err wrong_type(struct updater *u)
{
    if (u->update->legacy)
        return fault_set(u->fault, ERR_VALIDATION, "Type mismatch for attribute to update");
    return fault_set(u->fault, ERR_VALIDATION,
                     "An operand in the update expression has an incorrect data type");
}

static enum err too_large(struct updater *u)
{
    return fault_set(u->fault, ERR_VALIDATION,
                     "Item size to update has exceeded the maximum allowed size");
}

/* --- building the item ------------------------------------------------------------------------ */

/* The targets' parents were found (check_target), so that every group finds its container. */
static void rebuild(const struct updater *u, struct expr_range range, struct value container,
                    struct value_builder *builder)
{
    struct expr_cursor cursor = expr_cursor_begin(container);
    struct expr_range group;

    ASSERT(container.type == expr_range_container(range));
    while (expr_range_next_group(&range, &group)) {
        const struct expr_step *step = expr_range_step(group);

        while (cursor.there && expr_cursor_order(&cursor, step) < 0) {
            expr_cursor_copy(&cursor, builder);
            expr_cursor_next(&cursor);
        }
        if (cursor.there && expr_cursor_order(&cursor, step) == 0) {
            rebuild_entry(u, group, &cursor, builder);
            expr_cursor_next(&cursor);
        } else {
            rebuild_entry(u, group, NULL, builder);
        }
    }
    expr_cursor_copy_rest(&cursor, builder);
}

/* One entry that targets name or go through; old is NULL when it was not there. */
static void rebuild_entry(const struct updater *u, struct expr_range group,
                          const struct expr_cursor *old, struct value_builder *builder)
{
    struct value_builder inside;

    if (!expr_range_is_whole(group)) {
        ASSERT(old != NULL);
        expr_build_next(builder, expr_range_step(group));
        value_build_begin(&inside, builder->out, old->walk.value.type);
        group.depth++;
        rebuild(u, group, old->walk.value, &inside);
        value_build_end(&inside);
        return;
    }
    switch (change_of(u, group)->effect) {
    case EFFECT_PUT:
        expr_build_next(builder, expr_range_step(group));
        value_append(builder->out, change_of(u, group)->value);
        break;
    case EFFECT_NONE:
        if (old != NULL)
            expr_cursor_copy(old, builder);
        break;
    case EFFECT_ERASE:
        break;
    }
}

static bool any_put(const struct updater *u, struct expr_range range)
{
    for (; range.from < range.to; range.from++)
        if (change_of(u, range)->effect == EFFECT_PUT)
            return true;
    return false;
}

/* Only what was put, with the containers around it. */
static void build_puts(const struct updater *u, struct expr_range range,
                       struct value_builder *builder)
{
    struct expr_range group;

    while (expr_range_next_group(&range, &group)) {
        struct value_builder inside;

        if (!any_put(u, group))
            continue;
        expr_build_next(builder, expr_range_step(group));
        if (expr_range_is_whole(group)) {
            value_append(builder->out, change_of(u, group)->value);
            continue;
        }
        group.depth++;
        value_build_begin(&inside, builder->out, expr_range_container(group));
        build_puts(u, group, &inside);
        value_build_end(&inside);
    }
}

/* Of the first path of the group. */
static const struct change *change_of(const struct updater *u, struct expr_range group)
{
    return &u->changes[u->update->targets.sorted[group.from]];
}
