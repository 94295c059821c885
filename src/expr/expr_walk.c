/* expr_walk.c - walking sorted paths and encoded values together. */
#include "base/assert.h"
#include "expr/expr_priv.h"

struct expr_range expr_range_all(const struct expr_paths *paths)
{
    return (struct expr_range){paths, 0, paths->count, 0};
}

bool expr_range_next_group(struct expr_range *range, struct expr_range *group)
{
    *group = *range;
    if (range->from == range->to)
        return false;
    do
        range->from++;
    while (range->from < range->to &&
           expr_step_compare(expr_range_step(*range), expr_range_step(*group)) == 0);
    group->to = range->from;
    return true;
}

const struct expr_step *expr_range_step(struct expr_range range)
{
    return &expr_paths_at(range.paths, range.from)->steps[range.depth];
}

bool expr_range_is_whole(struct expr_range group)
{
    return expr_paths_at(group.paths, group.from)->count == group.depth + 1;
}

enum value_type expr_range_container(struct expr_range range)
{
    return expr_range_step(range)->is_index ? VALUE_L : VALUE_M;
}

struct expr_cursor expr_cursor_begin(struct value container)
{
    struct expr_cursor cursor = {.walk = value_walk_begin(container)};

    cursor.entry = cursor.walk.rest.data;
    cursor.there = value_walk_next(&cursor.walk);
    return cursor;
}

void expr_cursor_next(struct expr_cursor *cursor)
{
    cursor->entry = cursor->walk.rest.data;
    cursor->there = value_walk_next(&cursor->walk);
    cursor->position++;
}

int expr_cursor_order(const struct expr_cursor *cursor, const struct expr_step *step)
{
    if (step->is_index)
        return (cursor->position > step->index) - (cursor->position < step->index);
    return bytes_compare(cursor->walk.name, step->name);
}

void expr_cursor_copy(const struct expr_cursor *cursor, struct value_builder *builder)
{
    buf_append(builder->out, cursor->entry, (size_t)(cursor->walk.rest.data - cursor->entry));
    builder->count++;
}

void expr_cursor_copy_rest(const struct expr_cursor *cursor, struct value_builder *builder)
{
    const struct bytes *rest = &cursor->walk.rest;

    if (!cursor->there)
        return;
    buf_append(builder->out, cursor->entry, (size_t)(rest->data + rest->size - cursor->entry));
    builder->count += cursor->walk.left + 1;
}

void expr_build_next(struct value_builder *builder, const struct expr_step *step)
{
    if (step->is_index)
        value_build_next_element(builder);
    else
        value_build_next_entry(builder, step->name);
}
