/* expr_image.c - writing trees into a block, and making trees of it again.
 *
 *   struct expr_image | block: struct expr_set, what it points to | checks | values | pointers
 *
 * In the block, a pointer is an offset from its start, and a value is what it was when the image
 * was made: both are replaced in every copy.
 */
#include "expr/expr_image.h"

#include "base/assert.h"
#include "base/mem.h"

#include <stdlib.h>

/* As many as have room in a block: of what each is about, something is in there. */
#define POINTERS_MAX (EXPR_IMAGE_BYTES_MAX / sizeof(void *))
#define VALUES_MAX   (EXPR_IMAGE_BYTES_MAX / sizeof(struct value))
#define CHECKS_MAX   (EXPR_IMAGE_BYTES_MAX / sizeof(struct expr_key_condition))
_Static_assert(sizeof(struct expr_node) >= sizeof(struct expr_key_condition), "CHECKS_MAX");
_Static_assert(EXPR_IMAGE_BYTES_MAX <= UINT16_MAX, "places have 16 bits");

struct image_value {
    uint16_t at; /* in the block */
    uint16_t row;
};

enum image_check_kind { CHECK_BOUNDS, CHECK_TYPE_NAME };

struct image_check {
    enum image_check_kind kind;
    uint16_t row;
    uint16_t upper_row; /* BOUNDS */
};

struct expr_image {
    uint32_t block_bytes;
    uint16_t check_count;
    uint16_t value_count;
    uint16_t pointer_count;
    const struct image_check *checks;
    const struct image_value *values;
    const uint16_t *pointers; /* where they are in the block */
    _Alignas(struct expr_set) uint8_t block[];
};

struct writer {
    uint8_t *block; /* EXPR_IMAGE_BYTES_MAX */
    size_t size;
    bool refused; /* too large */
    unsigned pointer_count;
    unsigned value_count;
    unsigned check_count;
    uint16_t pointers[POINTERS_MAX];
    struct image_value values[VALUES_MAX];
    struct image_check checks[CHECKS_MAX];
};

/* The operands of key conditions, in order of the text. */
struct key_values {
    uint16_t rows[2 * EXPR_KEY_CONDITIONS_MAX];
    unsigned count;
};

static struct expr_update *put_update(struct writer *w, const struct expr_update *update);
static struct expr_condition *put_condition(struct writer *w,
                                            const struct expr_condition *condition);
static struct expr_projection *put_projection(struct writer *w,
                                              const struct expr_projection *projection);
static struct expr_key_condition *put_key_conditions(struct writer *w, const struct expr_set *set,
                                                     const struct expr_condition *tree);
static void find_key_values(const struct expr_node *node, struct key_values *values);
static void put_places(struct writer *w, struct expr_paths *paths, const struct expr_paths *from);
static struct expr_node *put_nodes(struct writer *w, const struct expr_node *node);
static void put_check(struct writer *w, const struct expr_node *node);
static void put_bounds(struct writer *w, uint16_t lower_row, uint16_t upper_row);
static void put_steps(struct writer *w, struct expr_path *path);
static void put_name(struct writer *w, struct bytes *name);
static void put_value(struct writer *w, const struct value *at, uint16_t row);
static void *put(struct writer *w, size_t size);
static void *pointed_at(struct writer *w, const void *pointer, void *target);
static struct expr_image *seal(const struct writer *w);
static void *append(void **end, const void *list, size_t size);
static void move_pointer(uint8_t *at, uintptr_t by);
static bool check_holds(const struct image_check *check, const struct expr_placeholder *values);

struct expr_image *expr_image_create(const struct expr_set *set,
                                     const struct expr_condition *key_condition,
                                     struct arena *arena)
{
    struct arena_mark mark = arena_mark(arena);
    struct writer *w = arena_alloc(arena, sizeof(*w));
    struct expr_image *image;
    struct expr_set *copy;

    w->block = arena_alloc(arena, EXPR_IMAGE_BYTES_MAX);
    w->size = 0;
    w->refused = false;
    w->pointer_count = w->value_count = w->check_count = 0;
    copy = put(w, sizeof(*copy));
    *copy = *set;
    copy->update = pointed_at(w, &copy->update, put_update(w, set->update));
    copy->condition = pointed_at(w, &copy->condition, put_condition(w, set->condition));
    copy->filter = pointed_at(w, &copy->filter, put_condition(w, set->filter));
    copy->projection = pointed_at(w, &copy->projection, put_projection(w, set->projection));
    copy->key_conditions =
        pointed_at(w, &copy->key_conditions, put_key_conditions(w, set, key_condition));
    image = w->refused ? NULL : seal(w);
    arena_release(arena, mark);
    return image;
}

bool expr_image_open(const struct expr_image *image, const struct expr_placeholders *values,
                     struct arena *arena, struct expr_set *set)
{
    void *block;
    uint8_t *at;

    for (unsigned i = 0; i < image->check_count; i++)
        if (!check_holds(&image->checks[i], values->rows))
            return false;
    at = block = arena_alloc(arena, image->block_bytes);
    memcpy(block, image->block, image->block_bytes);
    for (unsigned i = 0; i < image->pointer_count; i++)
        move_pointer(at + image->pointers[i], (uintptr_t)block);
    for (unsigned i = 0; i < image->value_count; i++)
        memcpy(at + image->values[i].at, &values->rows[image->values[i].row].value,
               sizeof(struct value));
    *set = *(const struct expr_set *)block;
    return true;
}

size_t expr_image_bytes(const struct expr_image *image)
{
    return sizeof(*image) + image->block_bytes + image->value_count * sizeof(struct image_value) +
           image->check_count * sizeof(struct image_check) +
           image->pointer_count * sizeof(uint16_t);
}

/* --- writing ---------------------------------------------------------------------------------- */

static struct expr_update *put_update(struct writer *w, const struct expr_update *update)
{
    unsigned count = update == NULL ? 0 : update->targets.count;
    struct expr_update *copy = update == NULL ? NULL : put(w, sizeof(*copy));
    struct expr_action *actions = copy == NULL ? NULL : put(w, count * sizeof(*actions));

    if (actions == NULL)
        return NULL;
    *copy = *update;
    copy->actions = pointed_at(w, &copy->actions, actions);
    put_places(w, &copy->targets, &update->targets);
    for (unsigned i = 0; i < count && !w->refused; i++) {
        struct expr_node *target = put_nodes(w, update->actions[i].target);
        struct expr_path *place = &copy->targets.in_text[i];

        actions[i].kind = update->actions[i].kind;
        actions[i].target = pointed_at(w, &actions[i].target, target);
        actions[i].value = pointed_at(w, &actions[i].value, put_nodes(w, update->actions[i].value));
        if (target != NULL)
            place->steps = pointed_at(w, &place->steps, (void *)target->path.steps);
    }
    return copy;
}

static struct expr_condition *put_condition(struct writer *w,
                                            const struct expr_condition *condition)
{
    struct expr_condition *copy = condition == NULL ? NULL : put(w, sizeof(*copy));

    if (copy != NULL)
        copy->root = pointed_at(w, &copy->root, put_nodes(w, condition->root));
    return copy;
}

static struct expr_projection *put_projection(struct writer *w,
                                              const struct expr_projection *projection)
{
    struct expr_projection *copy = projection == NULL ? NULL : put(w, sizeof(*copy));

    if (copy == NULL)
        return NULL;
    put_places(w, &copy->paths, &projection->paths);
    for (unsigned i = 0; i < projection->paths.count && !w->refused; i++)
        put_steps(w, &copy->paths.in_text[i]);
    return copy;
}

static struct expr_key_condition *put_key_conditions(struct writer *w, const struct expr_set *set,
                                                     const struct expr_condition *tree)
{
    unsigned count = set->key_condition_count, next = 0;
    struct expr_key_condition *copy = count == 0 ? NULL : put(w, count * sizeof(*copy));
    struct key_values values = {.count = 0};

    if (copy == NULL)
        return NULL;
    memcpy(copy, set->key_conditions, count * sizeof(*copy));
    find_key_values(tree->root, &values);
    for (unsigned i = 0; i < count; i++) {
        put_name(w, &copy[i].attribute);
        put_value(w, &copy[i].operands[0], values.rows[next++]);
        if (copy[i].operator!= EXPR_KEY_BETWEEN)
            continue;
        put_value(w, &copy[i].operands[1], values.rows[next++]);
        put_bounds(w, values.rows[next - 2], values.rows[next - 1]);
    }
    ASSERT(next == values.count);
    return copy;
}

/* In the order in which expr_key_conditions reads. Depth is that of parsing. */
static void find_key_values(const struct expr_node *node, struct key_values *values)
{
    if (node->kind == NODE_VALUE) {
        ASSERT(values->count < 2 * EXPR_KEY_CONDITIONS_MAX);
        values->rows[values->count++] = node->row;
    }
    for (const struct expr_node *operand = node->first; operand != NULL; operand = operand->next)
        find_key_values(operand, values);
}

/* Their order; the steps are yet to come. */
static void put_places(struct writer *w, struct expr_paths *paths, const struct expr_paths *from)
{
    size_t in_text_bytes = from->count * sizeof(paths->in_text[0]);
    size_t sorted_bytes = from->count * sizeof(paths->sorted[0]);

    *paths = *from;
    paths->in_text = pointed_at(w, &paths->in_text, put(w, in_text_bytes));
    paths->sorted = pointed_at(w, &paths->sorted, put(w, sorted_bytes));
    if (w->refused)
        return;
    memcpy(paths->in_text, from->in_text, in_text_bytes);
    memcpy(paths->sorted, from->sorted, sorted_bytes);
}

/* A node and those after it, with all below them. Depth is that of parsing. */
static struct expr_node *put_nodes(struct writer *w, const struct expr_node *node)
{
    struct expr_node *first = NULL, *last = NULL;

    for (; node != NULL && !w->refused; node = node->next) {
        struct expr_node *copy = put(w, sizeof(*copy));

        if (copy == NULL)
            break;
        ASSERT(node->undefined.size == 0);
        *copy = *node;
        copy->next = NULL;
        copy->first = pointed_at(w, &copy->first, put_nodes(w, node->first));
        if (node->kind == NODE_PATH)
            put_steps(w, &copy->path);
        else if (node->kind == NODE_VALUE)
            put_value(w, &copy->value, node->row);
        else
            put_check(w, node);
        if (last == NULL)
            first = copy;
        else
            last->next = pointed_at(w, &last->next, copy);
        last = copy;
    }
    return first;
}

/* What expr_check.c finds out from values and not from their types. */
static void put_check(struct writer *w, const struct expr_node *node)
{
    const struct expr_node *second = node->first->next;

    if (node->kind == NODE_BETWEEN && second->kind == NODE_VALUE &&
        second->next->kind == NODE_VALUE) {
        put_bounds(w, second->row, second->next->row);
    } else if (node->kind == NODE_FUNCTION && node->function->id == EXPR_attribute_type) {
        ASSERT(w->check_count < CHECKS_MAX);
        w->checks[w->check_count++] = (struct image_check){CHECK_TYPE_NAME, second->row, 0};
    }
}

static void put_bounds(struct writer *w, uint16_t lower_row, uint16_t upper_row)
{
    ASSERT(w->check_count < CHECKS_MAX);
    w->checks[w->check_count++] = (struct image_check){CHECK_BOUNDS, lower_row, upper_row};
}

static void put_steps(struct writer *w, struct expr_path *path)
{
    struct expr_step *steps = put(w, path->count * sizeof(*steps));

    if (steps == NULL)
        return;
    memcpy(steps, path->steps, path->count * sizeof(*steps));
    path->steps = pointed_at(w, &path->steps, steps);
    for (unsigned i = 0; i < path->count; i++)
        if (!steps[i].is_index)
            put_name(w, &steps[i].name);
}

static void put_name(struct writer *w, struct bytes *name)
{
    uint8_t *copy = put(w, name->size);

    if (copy == NULL)
        return;
    memcpy(copy, name->data, name->size);
    name->data = pointed_at(w, &name->data, copy);
}

static void put_value(struct writer *w, const struct value *at, uint16_t row)
{
    ASSERT(w->value_count < VALUES_MAX);
    w->values[w->value_count++] =
        (struct image_value){(uint16_t)((const uint8_t *)at - w->block), row};
}

/* Room in the block; NULL: there is none, and there will be no image. */
static void *put(struct writer *w, size_t size)
{
    uint8_t *at = w->block + w->size;

    size = (size + 7) & ~(size_t)7;
    if (w->refused || size > EXPR_IMAGE_BYTES_MAX - w->size) {
        w->refused = true;
        return NULL;
    }
    w->size += size;
    return at;
}

/* Notes the place of a pointer into the block. */
static void *pointed_at(struct writer *w, const void *pointer, void *target)
{
    if (target == NULL || w->refused)
        return target;
    ASSERT(w->pointer_count < POINTERS_MAX);
    w->pointers[w->pointer_count++] = (uint16_t)((const uint8_t *)pointer - w->block);
    return target;
}

static struct expr_image *seal(const struct writer *w)
{
    struct expr_image head = {
        .block_bytes = (uint32_t)w->size,
        .pointer_count = (uint16_t)w->pointer_count,
        .value_count = (uint16_t)w->value_count,
        .check_count = (uint16_t)w->check_count,
    };
    struct expr_image *image = mem_alloc(expr_image_bytes(&head));
    void *end = image->block + w->size;

    *image = head;
    image->checks = append(&end, w->checks, w->check_count * sizeof(w->checks[0]));
    image->values = append(&end, w->values, w->value_count * sizeof(w->values[0]));
    image->pointers = append(&end, w->pointers, w->pointer_count * sizeof(w->pointers[0]));
    memcpy(image->block, w->block, w->size);
    for (unsigned i = 0; i < w->pointer_count; i++)
        move_pointer(image->block + w->pointers[i], -(uintptr_t)w->block);
    return image;
}

static void *append(void **end, const void *list, size_t size)
{
    void *copy = *end;

    memcpy(copy, list, size);
    *end = (uint8_t *)copy + size;
    return copy;
}

/* --- reading ---------------------------------------------------------------------------------- */

static void move_pointer(uint8_t *at, uintptr_t by)
{
    uintptr_t target;

    memcpy(&target, at, sizeof(target));
    target += by;
    memcpy(at, &target, sizeof(target));
}

static bool check_holds(const struct image_check *check, const struct expr_placeholder *values)
{
    struct value value = values[check->row].value;
    enum value_type type;

    if (check->kind == CHECK_BOUNDS)
        return expr_bounds_ordered(value, values[check->upper_row].value);
    return value_type_parse(value.payload, &type);
}
