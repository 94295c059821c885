/* expr_path.c - document paths: equality, text, looking them up, keeping many of them sorted. */
#include "expr/expr_priv.h"

#include <stdlib.h>

static int compare_paths(const struct expr_path *a, const struct expr_path *b);
static int compare_places(const void *a, const void *b, void *paths);

bool expr_path_equal(const struct expr_path *a, const struct expr_path *b)
{
    return a->count == b->count && expr_path_relation(a, b) == EXPR_OVERLAP;
}

struct bytes expr_path_text(const struct expr_path *path, struct arena *arena)
{
    struct buf text;

    buf_init_arena(&text, arena, SIZE_MAX); /* bounded by the expression's and the names' size */
    buf_append_byte(&text, '[');
    for (unsigned i = 0; i < path->count; i++) {
        const struct expr_step *step = &path->steps[i];

        if (i != 0)
            buf_append_lit(&text, ", ");
        if (!step->is_index) {
            buf_append_bytes(&text, step->name);
            continue;
        }
        buf_append_byte(&text, '[');
        buf_append_u64(&text, step->index);
        buf_append_byte(&text, ']');
    }
    buf_append_byte(&text, ']');
    return buf_finish_arena(&text);
}

bool expr_path_find(const struct expr_path *path, struct value item, struct value *found)
{
    return expr_path_find_steps(path, path->count, item, found);
}

bool expr_path_find_steps(const struct expr_path *path, unsigned count, struct value item,
                          struct value *found)
{
    struct value value = item;

    for (unsigned i = 0; i < count; i++)
        if (!expr_step_find(&path->steps[i], value, &value))
            return false;
    *found = value;
    return true;
}

bool expr_step_find(const struct expr_step *step, struct value container, struct value *found)
{
    if (step->is_index)
        return container.type == VALUE_L && value_at(container, step->index, found);
    return container.type == VALUE_M && value_find(container, step->name, found);
}

void expr_paths_sort(struct expr_paths *paths, struct arena *arena)
{
    paths->sorted = arena_alloc(arena, paths->count * sizeof(paths->sorted[0]));
    for (unsigned i = 0; i < paths->count; i++)
        paths->sorted[i] = i;
    if (paths->count > 1)
        qsort_r(paths->sorted, paths->count, sizeof(paths->sorted[0]), compare_places, paths);
}

enum expr_relation expr_path_relation(const struct expr_path *a, const struct expr_path *b)
{
    for (unsigned i = 0; i < a->count && i < b->count; i++) {
        if (a->steps[i].is_index != b->steps[i].is_index)
            return EXPR_CONFLICT;
        if (expr_step_compare(&a->steps[i], &b->steps[i]) != 0)
            return EXPR_APART;
    }
    return EXPR_OVERLAP;
}

int expr_step_compare(const struct expr_step *a, const struct expr_step *b)
{
    if (a->is_index != b->is_index)
        return a->is_index ? -1 : 1;
    if (a->is_index)
        return (a->index > b->index) - (a->index < b->index);
    return bytes_compare(a->name, b->name);
}

/* A prefix before what it is a prefix of. */
static int compare_paths(const struct expr_path *a, const struct expr_path *b)
{
    for (unsigned i = 0; i < a->count && i < b->count; i++) {
        int order = expr_step_compare(&a->steps[i], &b->steps[i]);

        if (order != 0)
            return order;
    }
    return (a->count > b->count) - (a->count < b->count);
}

static int compare_places(const void *a, const void *b, void *paths)
{
    const struct expr_path *in_text = ((struct expr_paths *)paths)->in_text;
    unsigned left = *(const unsigned *)a, right = *(const unsigned *)b;
    int order = compare_paths(&in_text[left], &in_text[right]);

    return order != 0 ? order : (left > right) - (left < right);
}
