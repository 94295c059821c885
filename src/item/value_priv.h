/* value_priv.h - walking values, inlined where it is the work itself. */
#pragma once

#include "base/varint.h"
#include "item/value.h"

_Static_assert(VALUE_NS - VALUE_SS == VALUE_N - VALUE_S && VALUE_BS - VALUE_SS == VALUE_B - VALUE_S,
               "sets are numbered like their members");

/* value_read. */
static inline bool value_read_step(struct bytes *at, struct value *value)
{
    struct bytes rest = *at;
    struct value read;

    if (rest.size == 0 || rest.data[0] < VALUE_S || rest.data[0] > VALUE_M)
        return false;
    read.type = (enum value_type)rest.data[0];
    rest = bytes_skip(rest, 1);
    if (!varint_take_bytes(&rest, &read.payload))
        return false;
    *value = read;
    *at = rest;
    return true;
}

/* value_walk_next. */
static inline bool value_walk_step(struct value_walk *walk)
{
    bool whole;

    if (walk->left == 0)
        return false;
    walk->left--;
    if (walk->container >= VALUE_L) {
        whole = (walk->container == VALUE_L || varint_take_bytes(&walk->rest, &walk->name)) &&
                value_read_step(&walk->rest, &walk->value);
    } else {
        whole = varint_take_bytes(&walk->rest, &walk->value.payload);
        walk->value.type = walk->container - (VALUE_SS - VALUE_S);
    }
    if (!whole)
        walk->left = 0; /* the rest is damaged */
    return whole;
}

/* Of a BOOL. */
static inline bool value_is_true(struct value value)
{
    return value.payload.size == 1 && value.payload.data[0] != 0;
}

/* Sorts the entries or members that were written since the builder began; builder->count says how
 * many. The buffer is an arena's. Of a map's equal names the last remains. False: a set has equal
 * members, and nothing is changed. */
bool value_build_sort(struct value_builder *builder);

/* The service's words for a set without members, for one with members twice (as they were written,
 * from value_build_sort), and for what is nested too deep. */
enum err value_fault_empty_set(struct fault *fault, enum value_type type);
enum err value_fault_duplicates(struct fault *fault, const struct value_builder *set);
enum err value_fault_depth(struct fault *fault);
