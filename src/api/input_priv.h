/* input_priv.h - what the files of input share. */
#pragma once

#include "api/input.h"
#include "api/shape.h"
#include "base/buf.h"

#include <inttypes.h>
#include <yyjson.h>

/* Boundaries of the first pass and the second; input.c runs them in this order. */
enum err input_check_types(const struct shape *input, yyjson_val *root, struct fault *fault);
enum err input_check_constraints(const struct shape *input, yyjson_val *root, struct fault *fault);

/* Gathers the members of a structure from its JSON object, one slot for each row, NULL if absent.
 * One walk of the object, whatever the number of members. */
void input_slots(const struct shape *structure, yyjson_val *object,
                 yyjson_val *slots[SHAPE_MEMBERS_MAX]);

/* JSON's number as an integer, floored and clamped to min..max; and to its shape's own range. */
int64_t input_number(yyjson_val *json, int64_t min, int64_t max);
int64_t input_shape_number(const struct shape *shape, yyjson_val *json);

/* true, 1, yes / false, 0, no. False: none of them. */
bool input_bool_of_text(struct bytes text, bool *value);

/* The rule for names that the constraints let pass: 3 to 255 letters, digits, _ - and dots; an ARN
 * passes too. */
enum err input_check_table_name(struct bytes text, struct fault *fault);
bool input_is_arn(struct bytes text);

/* --- constraint errors ----------------------------------------------------------------------- */

#define REPORT_ENTRIES_MAX 10

#define REPORT_LENGTH_MIN "Member must have length greater than or equal to %" PRId64
#define REPORT_LENGTH_MAX "Member must have length less than or equal to %" PRId64
#define REPORT_PATTERN    "Member must satisfy regular expression pattern: %s"

/* Where a value stands: links up to the input. */
struct path {
    const struct path *parent;
    enum { PATH_MEMBER, PATH_ELEMENT, PATH_ENTRY } kind;
    struct bytes name; /* of a member, or a map's key */
    size_t position;   /* of an element, from 1 */
};

/* The entries so far, joined; zeroed at first. */
struct report {
    struct buf text;
    unsigned count;
};

/* Adds "Value '<json>' at '<path>' failed to satisfy constraint: <format>" unless there are ten;
 * NULL json is null. */
void report_entry(struct report *report, const struct shape *shape, yyjson_val *json,
                  const struct path *path, const char *format, ...) PRINTF_LIKE(5, 6);
/* The same with all that `each` of a container's keys or members has to satisfy. */
void report_all_of(struct report *report, const struct shape *container, yyjson_val *json,
                   const struct path *path, const char *who, const struct shape *each);
/* Ends the report: ERR_VALIDATION with the whole text in the fault, or OK if there was nothing. */
enum err report_finish(struct report *report, struct fault *fault);
