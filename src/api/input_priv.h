/* input_priv.h - what the files of input share. */
#pragma once

#include <yyjson.h>

#include "api/input.h"
#include "api/shape.h"

/* Boundaries of the first pass and the second; input.c runs them in this order. */
enum err input_check_types(const struct shape *input, yyjson_val *root, struct fault *fault);
enum err input_check_constraints(const struct shape *input, yyjson_val *root, struct fault *fault);

/* Gathers the members of a structure from its JSON object, one slot for each row, NULL if absent.
 * One walk of the object, whatever the number of members. */
void input_slots(const struct shape *structure, yyjson_val *object,
                 yyjson_val *slots[SHAPE_MEMBERS_MAX]);

/* JSON's number as an integer, floored and clamped to min..max. */
int64_t input_number(yyjson_val *json, int64_t min, int64_t max);

/* true, 1, yes / false, 0, no. False: none of them. */
bool input_bool_of_text(struct bytes text, bool *value);

/* The rule for names that the constraints let pass: 3 to 255 letters, digits, _ - and dots; an ARN
 * passes too. */
enum err input_check_table_name(struct bytes text, struct fault *fault);
bool input_is_arn(struct bytes text);
