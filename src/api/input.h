/* input.h - a request's body against its operation's input shape, and reading it afterwards.
 * input_check first finds what cannot be converted to the declared types (SerializationException),
 * then what breaks constraints (ValidationException, up to ten in one message). Whatever passes can
 * be read with the functions below without asking for types again.
 * In a JSON object the last of equal names counts, names the shape does not declare are ignored,
 * and null is the same as absent: for the check as for the readers.
 * Not here:  what is inside AttributeValues beyond types (item/), rules of operations.
 * Ownership: texts point into the JSON document, messages into the fault's arena.
 * Bounds:    recursion by INPUT_DEPTH_MAX, messages by INPUT_VALUE_BYTES_MAX for a value shown.
 * Source:    contract core-api.md 1.3, 1.5, 1.6.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"

struct op;
struct yyjson_val;

/* Structures inside each other whose types are checked. Only AttributeValues nest at will, and the
 * item rules refuse what is deeper long before this many: at VALUE_DEPTH_MAX containers. */
#define INPUT_DEPTH_MAX 64

/* Of a value or map key in a message; longer ones are cut: ten of them could hold the body. */
#define INPUT_VALUE_BYTES_MAX (128 << 10)

/* ERR_SERIALIZATION or ERR_VALIDATION, with the whole text. */
enum err input_check(const struct op *op, struct yyjson_val *root, struct fault *fault) MUST_CHECK;

/* --- reading a checked body ------------------------------------------------------------------ */

/* A member of an object (NULL object: an absent one); NULL if absent. Inlined, so that the length
 * of a name that is a literal is known: an operation asks for some thirty. */
struct yyjson_val *input_find(struct yyjson_val *object, struct bytes name);
static inline struct yyjson_val *input_member(struct yyjson_val *object, const char *name)
{
    return input_find(object, bytes_of_string(name));
}

/* False: absent, and *text is untouched. */
bool input_string(struct yyjson_val *object, const char *name, struct bytes *text);
/* Also true, 1, yes and false, 0, no as strings, in any case. */
bool input_bool(struct yyjson_val *object, const char *name, bool if_absent);
/* An integer or long: decimals are floored, what does not fit is the nearest that does. */
int64_t input_integer(struct yyjson_val *object, const char *name, int64_t if_absent);

/* The value as text: a string of the document; empty if it is none. */
struct bytes input_text(struct yyjson_val *json);

/* Walks a map's entries, each name once.
 *   struct input_walk walk = input_walk_begin(map);
 *   while (input_walk_next(&walk)) use(walk.name, walk.value);
 * Costs the square of the number of entries: for maps whose size is limited by a constraint. */
struct input_walk {
    struct yyjson_val *at; /* the next name */
    size_t left;
    struct bytes name;
    struct yyjson_val *value; /* never JSON's null */
};
struct input_walk input_walk_begin(struct yyjson_val *map);
bool input_walk_next(struct input_walk *walk) MUST_CHECK;

/* --- names of tables ------------------------------------------------------------------------- */

/* Where a request arrived. */
struct input_place {
    struct bytes partition; /* aws */
    struct bytes region;
    struct bytes account;
};

/* arn:<partition>:<service>:<region>:<account>:<resource> */
struct input_arn {
    struct bytes partition, service, region, account, resource;
};

/* False: it has not all the parts. What is in them is not looked at. */
bool input_arn_split(struct bytes text, struct input_arn *arn);
/* Whether it is of our partition, service and account; and of our Region. */
bool input_arn_is_ours(const struct input_arn *arn, const struct input_place *place);
bool input_arn_is_here(const struct input_arn *arn, const struct input_place *place);

/* What an ARN names: table/<table>, or table/<table>/<kind>/<label> of a stream, backup, export or
 * import. False: not that, or the table's name has not the form of one. */
struct input_resource {
    struct input_arn arn;
    struct bytes table;
    struct bytes label; /* anything */
};
bool input_table_arn(struct bytes text, struct input_resource *resource);
bool input_part_arn(struct bytes text, const char *kind, struct input_resource *resource);
/* 3 to 255 letters, digits, _ - and dots. */
bool input_is_table_name(struct bytes text);

struct input_table {
    struct bytes name;
    struct bytes given; /* as sent, name or ARN: what ConsumedCapacity shows */
};

/* The table a TableName means, from a name or the table's ARN. ERR_VALIDATION: not a name, or an
 * ARN of another partition or Region or of no table; ERR_ACCESS_DENIED: of another account.
 * Handlers call it before their other rules. */
enum err input_table(struct bytes text, const struct input_place *place, struct fault *fault,
                     struct input_table *table) MUST_CHECK;
