/* value_from_ion.c - attribute values from Ion text, in one pass over its events.
 * Values are written in the order of the text; a struct or set that is not in order is sorted in
 * place when it is complete, and the last of equal names counts, as with JSON.
 * Source: contract backup-export-import.md 5.3, 6.3; where it is silent on what Ion could hold
 *         besides, there is no attribute value of it and the item is refused.
 */
#include "base/arena.h"
#include "base/assert.h"
#include "ion/ion_read.h"
#include "item/number.h"
#include "item/value_priv.h"

struct maker {
    struct ion_reader *reader;
    struct buf out;
    struct fault *fault;
};

static enum err make_value(struct maker *maker, const struct ion_event *event, unsigned depth);
static enum err make_map(struct maker *maker, struct value_builder *map, unsigned depth);
static enum err make_list(struct maker *maker, unsigned depth);
static enum err make_set(struct maker *maker, enum value_type type);
static enum err set_type(struct maker *maker, const struct ion_event *event, enum value_type *type);
static enum err fault_type(struct maker *maker, enum ion_type type);

enum err value_map_from_ion(struct ion_reader *reader, struct arena *arena, struct fault *fault,
                            struct value *map)
{
    struct maker maker = {.reader = reader, .fault = fault};
    struct value_builder builder;
    enum err err;

    ASSERT(reader->depth > 0);
    buf_init_arena(&maker.out, arena, SIZE_MAX);
    value_build_begin_payload(&builder, &maker.out, VALUE_M);
    err = make_map(&maker, &builder, 1);
    if (err != OK)
        return err;
    *map = (struct value){VALUE_M, buf_finish_arena(&maker.out)};
    return OK;
}

static enum err make_value(struct maker *maker, const struct ion_event *event, unsigned depth)
{
    enum value_type type = VALUE_L;
    struct value_builder map;
    struct number number;
    enum err err;

    if (depth > VALUE_DEPTH_MAX)
        return value_fault_depth(maker->fault);
    if (event->annotation_count != 0) {
        err = set_type(maker, event, &type);
        return err != OK ? err : make_set(maker, type);
    }
    switch (event->type) {
    case ION_STRING:
        value_append(&maker->out, (struct value){VALUE_S, event->text});
        return OK;
    case ION_NUMBER: /* nan and infinities get the words for what is not a number */
        err = number_parse(event->text, &number, maker->fault);
        if (err == OK)
            value_append(&maker->out, (struct value){VALUE_N, number_bytes(&number)});
        return err;
    case ION_BLOB:
        value_append(&maker->out, (struct value){VALUE_B, event->text});
        return OK;
    case ION_BOOL:
        value_append(&maker->out,
                     (struct value){VALUE_BOOL, event->is_true ? BYTES("\1") : BYTES("\0")});
        return OK;
    case ION_NULL:
        value_append(&maker->out, (struct value){VALUE_NULL, BYTES("")});
        return OK;
    case ION_LIST:
        return make_list(maker, depth);
    case ION_STRUCT:
        value_build_begin(&map, &maker->out, VALUE_M);
        return make_map(maker, &map, depth + 1);
    default:
        return fault_type(maker, event->type);
    }
}

/* The fields of a struct that was entered, and its end; `depth` is that of its values. */
static enum err make_map(struct maker *maker, struct value_builder *map, unsigned depth)
{
    struct bytes previous = {NULL, 0};
    bool ascending = true;
    struct ion_event event;
    enum err err;

    while ((err = ion_next(maker->reader, &event)) == OK && event.type != ION_LEAVE) {
        if (map->count > 0 && bytes_compare(previous, event.name) >= 0)
            ascending = false;
        previous = event.name;
        value_build_next_entry(map, event.name);
        err = make_value(maker, &event, depth);
        if (err != OK)
            return err;
    }
    if (err != OK)
        return err;
    if (!ascending)
        value_build_sort(map);
    value_build_end(map);
    return OK;
}

static enum err make_list(struct maker *maker, unsigned depth)
{
    struct value_builder list;
    struct ion_event event;
    enum err err;

    value_build_begin(&list, &maker->out, VALUE_L);
    while ((err = ion_next(maker->reader, &event)) == OK && event.type != ION_LEAVE) {
        value_build_next_element(&list);
        err = make_value(maker, &event, depth + 1);
        if (err != OK)
            return err;
    }
    if (err == OK)
        value_build_end(&list);
    return err;
}

static enum err make_set(struct maker *maker, enum value_type type)
{
    static const enum ion_type member_types[] = {
        [VALUE_SS] = ION_STRING, [VALUE_NS] = ION_NUMBER, [VALUE_BS] = ION_BLOB};
    struct value_builder set;
    struct ion_event event;
    enum err err;

    value_build_begin(&set, &maker->out, type);
    while ((err = ion_next(maker->reader, &event)) == OK && event.type != ION_LEAVE) {
        struct bytes member = event.text;
        struct number number;

        if (event.type != member_types[type] || event.annotation_count != 0)
            return fault_set(maker->fault, ERR_VALIDATION,
                             "Ion value of type %s cannot be a member of a set of type %s",
                             ion_type_name(event.type), value_type_name(type));
        if (type == VALUE_NS) {
            err = number_parse(event.text, &number, maker->fault);
            if (err != OK)
                return err;
            member = number_bytes(&number);
        }
        value_build_element(&set, (struct value){VALUE_S, member});
    }
    if (err != OK)
        return err;
    if (set.count == 0)
        return value_fault_empty_set(maker->fault, type);
    if (!value_build_sort(&set))
        return value_fault_duplicates(maker->fault, &set);
    value_build_end(&set);
    return OK;
}

/* $dynamodb_SS::[...] */
static enum err set_type(struct maker *maker, const struct ion_event *event, enum value_type *type)
{
    struct bytes prefix = BYTES("$dynamodb_");

    if (event->type == ION_LIST && event->annotation_count == 1 &&
        bytes_start_with(event->annotation, prefix) &&
        value_type_parse(bytes_skip(event->annotation, prefix.size), type) && *type >= VALUE_SS &&
        *type <= VALUE_BS)
        return OK;
    return fault_set(maker->fault, ERR_VALIDATION,
                     "Ion annotation %.*s is not supported on a value of type %s",
                     BYTES_ARGS(event->annotation), ion_type_name(event->type));
}

static enum err fault_type(struct maker *maker, enum ion_type type)
{
    return fault_set(maker->fault, ERR_VALIDATION,
                     "Ion value of type %s is not supported, there is no attribute value of it",
                     ion_type_name(type));
}
