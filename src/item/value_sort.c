/* value_sort.c - the canonical order of what was written in another one, and the faults of sets.
 * Entries and members are sorted where they were written, once their container is complete.
 */
#include "base/arena.h"
#include "base/assert.h"
#include "base/base64.h"
#include "item/value_priv.h"

#include <stdlib.h>

#define INSERTION_SORT_MAX 16 /* entries; more are left to qsort */

/* An entry or member that was written: what it is sorted by, and where it is. */
struct slice {
    struct bytes key;
    struct bytes whole;
};

static void find_slices(const struct value_builder *builder, struct slice *slices);
static void sort_slices(struct slice *slices, size_t count);
static int compare_slices(const void *a, const void *b);

bool value_build_sort(struct value_builder *builder)
{
    struct buf *out = builder->out;
    size_t first = builder->start + 1, size = out->size - first;
    struct arena_mark mark = arena_mark(out->arena);
    struct slice *slices = arena_alloc(out->arena, builder->count * sizeof(*slices));
    uint8_t *sorted = arena_alloc(out->arena, size), *to = sorted;
    size_t count = 0;
    bool distinct;

    find_slices(builder, slices);
    sort_slices(slices, builder->count);
    for (size_t i = 0; i < builder->count; i++) {
        if (i + 1 < builder->count && bytes_equal(slices[i].key, slices[i + 1].key))
            continue;
        memcpy(to, slices[i].whole.data, slices[i].whole.size);
        to += slices[i].whole.size;
        count++;
    }
    distinct = count == builder->count || builder->type == VALUE_M;
    if (distinct) {
        memcpy(out->data + first, sorted, (size_t)(to - sorted));
        out->size = first + (size_t)(to - sorted);
        builder->count = count;
    }
    arena_release(out->arena, mark);
    return distinct;
}

enum err value_fault_empty_set(struct fault *fault, enum value_type type)
{
    /* The service's own words, two spaces included. */
    return fault_set_wrapped(fault, ERR_VALIDATION, "One or more parameter values were invalid: %s",
                             type == VALUE_SS   ? "An string set  may not be empty"
                             : type == VALUE_NS ? "An number set  may not be empty"
                                                : "Binary sets should not be empty");
}

enum err value_fault_duplicates(struct fault *fault, const struct value_builder *set)
{
    struct bytes rest = bytes_skip(buf_bytes(set->out), set->start + 1), member;
    struct buf text;

    if (set->type == VALUE_NS)
        return fault_set_wrapped(fault, ERR_VALIDATION, "Input collection contains duplicates");
    buf_init_arena(&text, fault->arena, SIZE_MAX);
    buf_append_lit(&text, "One or more parameter values were invalid: Input collection [");
    for (size_t i = 0; i < set->count && varint_take_bytes(&rest, &member); i++) {
        if (i > 0)
            buf_append_lit(&text, ", ");
        if (set->type == VALUE_BS)
            base64_append(&text, member);
        else
            buf_append_bytes(&text, member);
    }
    buf_append_lit(&text, "]");
    buf_append_string(&text, set->type == VALUE_SS ? " contains duplicates."
                                                   : "of type BS contains duplicates.");
    fault_set_bytes(fault, ERR_VALIDATION, buf_finish_arena(&text));
    fault->wrapped = true;
    return fault->err;
}

enum err value_fault_depth(struct fault *fault)
{
    return fault_set(fault, ERR_VALIDATION, VALUE_DEPTH_MESSAGE);
}

static void find_slices(const struct value_builder *builder, struct slice *slices)
{
    struct bytes rest = bytes_skip(buf_bytes(builder->out), builder->start + 1);

    for (size_t i = 0; i < builder->count; i++) {
        const uint8_t *start = rest.data;
        struct value value;
        bool whole = varint_take_bytes(&rest, &slices[i].key) &&
                     (builder->type != VALUE_M || value_read_step(&rest, &value));

        ASSERT(whole);
        slices[i].whole = bytes_make(start, (size_t)(rest.data - start));
    }
}

static void sort_slices(struct slice *slices, size_t count)
{
    if (count > INSERTION_SORT_MAX) {
        qsort(slices, count, sizeof(*slices), compare_slices);
        return;
    }
    for (size_t i = 1; i < count; i++) {
        struct slice moving = slices[i];
        size_t at = i;

        for (; at > 0 && compare_slices(&slices[at - 1], &moving) > 0; at--)
            slices[at] = slices[at - 1];
        slices[at] = moving;
    }
}

/* Equal keys stay in the order sent. */
static int compare_slices(const void *a, const void *b)
{
    const struct slice *left = a, *right = b;
    int order = bytes_compare(left->key, right->key);

    if (order != 0)
        return order;
    return (left->whole.data > right->whole.data) - (left->whole.data < right->whole.data);
}
