/* value.c - reading values in place.
 * Every reader goes through value_read and value_walk_next, which check sizes against the bytes
 * that are there. Recursion follows the nesting and is counted down from a bound.
 */
#include "item/value.h"

#include "base/assert.h"
#include "base/varint.h"
#include "item/number.h"
#include "item/value_priv.h"

#define CONTAINER_SIZE_BYTES 3 /* what the service counts for a list or map itself */
#define ENTRY_SIZE_BYTES     1 /* ... and for each element or entry */

static const struct bytes type_names[] = {
    [VALUE_S] = BYTES("S"),       [VALUE_N] = BYTES("N"),       [VALUE_B] = BYTES("B"),
    [VALUE_BOOL] = BYTES("BOOL"), [VALUE_NULL] = BYTES("NULL"), [VALUE_SS] = BYTES("SS"),
    [VALUE_NS] = BYTES("NS"),     [VALUE_BS] = BYTES("BS"),     [VALUE_L] = BYTES("L"),
    [VALUE_M] = BYTES("M"),
};

static size_t size_of(struct value value, unsigned levels);
static unsigned depth_of(struct value value, unsigned levels);
static bool check(struct value value, unsigned levels);
static bool check_set(struct value set);
static bool check_container(struct value container, unsigned levels);

const char *value_type_name(enum value_type type)
{
    ASSERT(type >= VALUE_S && type <= VALUE_M);
    return (const char *)type_names[type].data;
}

bool value_type_parse(struct bytes name, enum value_type *type)
{
    for (unsigned i = VALUE_S; i <= VALUE_M; i++) {
        if (name.size == type_names[i].size && name.data[0] == type_names[i].data[0] &&
            bytes_equal(name, type_names[i])) {
            *type = (enum value_type)i;
            return true;
        }
    }
    return false;
}

bool value_read(struct bytes *at, struct value *value)
{
    return value_read_step(at, value);
}

struct value_walk value_walk_begin(struct value container)
{
    struct value_walk walk = {.rest = container.payload, .container = container.type};

    if (container.type < VALUE_SS || !varint_take(&walk.rest, &walk.left) ||
        walk.left > walk.rest.size) /* an entry has at least one byte */
        walk.left = 0;
    return walk;
}

bool value_walk_next(struct value_walk *walk)
{
    return value_walk_step(walk);
}

uint64_t value_count(struct value container)
{
    return value_walk_begin(container).left;
}

/* Every key and condition is looked up here, so it skips what it does not want unread. */
bool value_find(struct value map, struct bytes name, struct value *found)
{
    struct bytes rest = map.payload;
    struct bytes at, skipped;
    uint64_t left;

    if (map.type != VALUE_M || !varint_take(&rest, &left))
        return false;
    while (left-- > 0 && varint_take_bytes(&rest, &at)) {
        if (bytes_equal(at, name))
            return value_read(&rest, found);
        if (at.size > 0 && (name.size == 0 || at.data[0] > name.data[0]))
            return false; /* the names to come are greater still */
        if (rest.size == 0)
            return false;
        rest = bytes_skip(rest, 1);
        if (!varint_take_bytes(&rest, &skipped))
            return false;
    }
    return false;
}

bool value_at(struct value list, uint64_t index, struct value *found)
{
    struct value_walk walk = value_walk_begin(list);

    if (list.type != VALUE_L || index >= walk.left)
        return false;
    while (value_walk_step(&walk)) {
        if (index-- == 0) {
            *found = walk.value;
            return true;
        }
    }
    return false;
}

size_t value_size_bytes(struct value value)
{
    return size_of(value, VALUE_READ_DEPTH_MAX);
}

size_t value_item_size_bytes(struct value map)
{
    struct value_walk walk = value_walk_begin(map);
    size_t size = 0;

    while (value_walk_step(&walk))
        size += walk.name.size + size_of(walk.value, VALUE_READ_DEPTH_MAX - 1);
    return size;
}

unsigned value_depth(struct value value)
{
    return depth_of(value, VALUE_READ_DEPTH_MAX);
}

bool value_check(struct value value)
{
    return check(value, VALUE_DEPTH_MAX + 1);
}

static size_t size_of(struct value value, unsigned levels)
{
    struct value_walk walk;
    size_t size;

    switch (value.type) {
    case VALUE_S:
    case VALUE_B:
        return value.payload.size;
    case VALUE_N:
        return number_size_bytes(value.payload);
    case VALUE_BOOL:
    case VALUE_NULL:
        return 1;
    default:
        break;
    }
    size = value.type >= VALUE_L ? CONTAINER_SIZE_BYTES : 0;
    if (levels <= 1)
        return size;
    walk = value_walk_begin(value);
    while (value_walk_step(&walk)) {
        if (value.type >= VALUE_L)
            size += ENTRY_SIZE_BYTES;
        if (value.type == VALUE_M)
            size += walk.name.size;
        size += size_of(walk.value, levels - 1);
    }
    return size;
}

static unsigned depth_of(struct value value, unsigned levels)
{
    struct value_walk walk = value_walk_begin(value);
    unsigned deepest = 0;

    if (value.type < VALUE_L || levels <= 1)
        return 1;
    while (value_walk_step(&walk)) {
        unsigned depth = depth_of(walk.value, levels - 1);

        if (depth > deepest)
            deepest = depth;
    }
    return deepest + 1;
}

static bool check(struct value value, unsigned levels)
{
    switch (value.type) {
    case VALUE_S:
    case VALUE_B:
        return true;
    case VALUE_N:
        return number_valid(value.payload);
    case VALUE_BOOL:
        return value.payload.size == 1 && value.payload.data[0] <= 1;
    case VALUE_NULL:
        return value.payload.size == 0;
    case VALUE_SS:
    case VALUE_NS:
    case VALUE_BS:
        return check_set(value);
    case VALUE_L:
    case VALUE_M:
        return check_container(value, levels);
    }
    return false;
}

static bool check_set(struct value set)
{
    struct bytes rest = set.payload;
    struct bytes member, previous = {NULL, 0};
    uint64_t count;

    if (!varint_take(&rest, &count) || count == 0)
        return false;
    for (uint64_t i = 0; i < count; i++) {
        if (!varint_take_bytes(&rest, &member) || (set.type == VALUE_NS && !number_valid(member)) ||
            (i > 0 && bytes_compare(previous, member) >= 0))
            return false;
        previous = member;
    }
    return rest.size == 0;
}

static bool check_container(struct value container, unsigned levels)
{
    struct bytes rest = container.payload;
    struct bytes name, previous = {NULL, 0};
    struct value element;
    uint64_t count;

    if (!varint_take(&rest, &count) || (count > 0 && levels <= 1))
        return false;
    for (uint64_t i = 0; i < count; i++) {
        if (container.type == VALUE_M) {
            if (!varint_take_bytes(&rest, &name) || (i > 0 && bytes_compare(previous, name) >= 0))
                return false;
            previous = name;
        }
        if (!value_read(&rest, &element) || !check(element, levels - 1))
            return false;
    }
    return rest.size == 0;
}
