/* expr_project.c - what an item holds at some paths, as an item of its own.
 * The sorted paths and the item are walked together: at each depth a range of paths below one
 * container meets that container's entries, both in the container's order. What is taken whole is
 * copied as it is; only containers on the way are built again.
 */
#include "base/assert.h"
#include "expr/expr_priv.h"

static void project(struct expr_range range, struct value container, struct value_builder *builder);
static void project_inside(struct expr_range group, const struct expr_cursor *cursor,
                           struct value_builder *builder);

struct value expr_project(const struct expr_projection *projection, struct value item,
                          struct arena *arena)
{
    return expr_paths_project(&projection->paths, item, arena);
}

struct value expr_paths_project(const struct expr_paths *paths, struct value item,
                                struct arena *arena)
{
    struct value_builder builder;
    struct buf out;

    ASSERT(item.type == VALUE_M);
    /* The result is no larger than the item; only the head of what is being built comes on top. */
    buf_init_arena(&out, arena, item.payload.size + EXPR_BUILD_SLACK_BYTES);
    value_build_begin_payload(&builder, &out, VALUE_M);
    project(expr_range_all(paths), item, &builder);
    value_build_end(&builder);
    ASSERT(!out.overflowed);
    return (struct value){VALUE_M, buf_finish_arena(&out)};
}

static void project(struct expr_range range, struct value container, struct value_builder *builder)
{
    struct expr_cursor cursor = expr_cursor_begin(container);
    struct expr_range group;

    if (container.type != expr_range_container(range))
        return;
    while (expr_range_next_group(&range, &group)) {
        const struct expr_step *step = expr_range_step(group);

        while (cursor.there && expr_cursor_order(&cursor, step) < 0)
            expr_cursor_next(&cursor);
        if (!cursor.there || expr_cursor_order(&cursor, step) != 0)
            continue;
        if (expr_range_is_whole(group))
            expr_cursor_copy(&cursor, builder);
        else
            project_inside(group, &cursor, builder);
    }
}

/* A container of which only parts are wanted; it is left out when it has none of them. */
static void project_inside(struct expr_range group, const struct expr_cursor *cursor,
                           struct value_builder *builder)
{
    struct value_builder before = *builder, inside;
    size_t size = builder->out->size;

    expr_build_next(builder, expr_range_step(group));
    group.depth++;
    value_build_begin(&inside, builder->out, expr_range_container(group));
    project(group, cursor->walk.value, &inside);
    if (inside.count != 0) {
        value_build_end(&inside);
        return;
    }
    *builder = before;
    builder->out->size = size;
}
