/* shape.c - the rows of shapes.def as tables. */
#include "api/shape.h"

#define SHAPE(name, kind, ...)
#define STRUCTURE(name) static const struct shape_member members_##name[] = {
#define MEMBER(member, member_shape, need) \
    {{(const uint8_t *)#member, sizeof(#member) - 1}, &shapes[SHAPE_##member_shape], NEED_##need},
#define END_STRUCTURE \
    }                 \
    ;
#include "api/shapes.def"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

const struct shape shapes[SHAPE_COUNT] = {
#define SHAPE(id, shape_kind, ...) \
    [SHAPE_##id] = {.kind = SHAPE_##shape_kind, .name = #id, __VA_ARGS__},
#define STRUCTURE(id)                        \
    [SHAPE_##id] = {.kind = SHAPE_STRUCTURE, \
                    .name = #id,             \
                    .members = members_##id, \
                    .member_count = COUNT_OF(members_##id)},
#define MEMBER(name, shape, need)
#define END_STRUCTURE
#include "api/shapes.def"
};

/* Lets a structure outgrow the arrays that walkers keep on their stacks at build time only. */
#define SHAPE(name, kind, ...)
#define STRUCTURE(name) \
    _Static_assert(COUNT_OF(members_##name) <= SHAPE_MEMBERS_MAX, #name " has too many members");
#define MEMBER(name, shape, need)
#define END_STRUCTURE
#include "api/shapes.def"

int shape_member_find(const struct shape *structure, struct bytes name)
{
    const struct shape_member *members = structure->members;

    for (unsigned i = 0; i < structure->member_count; i++) {
        if (members[i].name.size == name.size &&
            memcmp(members[i].name.data, name.data, name.size) == 0)
            return (int)i;
    }
    return -1;
}
