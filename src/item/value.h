/* value.h - attribute values as bytes: one form from the request to the disk and back.
 * A value is read in place, without building a tree. The form is canonical: equal values have equal
 * bytes (sets and map entries are sorted, numbers normalised), so deep equality is memcmp.
 * Layout (frozen, docs/decisions/0001-stored-formats.md); sizes and counts are minimal LEB128:
 *   value       type u8 · payload size · payload
 *   S, B        the bytes            N  number.h            BOOL  00 or 01         NULL  nothing
 *   SS NS BS    count · (size · member)*, members ascending by memcmp, no two equal
 *   L           count · value*
 *   M           count · (name size · name · value)*, names ascending by memcmp, no two equal
 * Ownership:  a struct value points into the bytes it was read from.
 * Robustness: readers never leave their bytes, whatever these hold; value_check tells good from
 * bad. Bounds:     VALUE_DEPTH_MAX levels, checked when JSON is read and by value_check. Readers
 * recurse to VALUE_READ_DEPTH_MAX and take a container below it for an empty one. Source: contract
 * core-api-data.md section 1 and 4.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

struct yyjson_val;

/* Stored: never renumber. */
enum value_type {
    VALUE_S = 1,
    VALUE_N = 2,
    VALUE_B = 3,
    VALUE_BOOL = 4,
    VALUE_NULL = 5,
    VALUE_SS = 6,
    VALUE_NS = 7,
    VALUE_BS = 8,
    VALUE_L = 9,
    VALUE_M = 10,
};

/* A scalar or a set is one level, a list or map one more than the deepest value in it. An item is a
 * map around values of so many levels. */
#define VALUE_DEPTH_MAX 32
#define VALUE_DEPTH_MESSAGE                           \
    "Nesting Levels have exceeded supported limits: " \
    "Attributes in the item have nested levels beyond supported limit"
/* An update may put such a value under a path of 32 elements before its depth is checked. */
#define VALUE_READ_DEPTH_MAX (2 * VALUE_DEPTH_MAX + 1)

struct value {
    enum value_type type;
    struct bytes payload;
};

/* "S", "NULL", ... as on the wire. */
const char *value_type_name(enum value_type type);
/* False: no such type. */
bool value_type_parse(struct bytes name, enum value_type *type) MUST_CHECK;

/* --- reading --------------------------------------------------------------------------------- */

/* Takes the next encoded value off the front of *at. False at the end or at malformed bytes. */
bool value_read(struct bytes *at, struct value *value) MUST_CHECK;

/* Walks the members of a set, the elements of a list or the entries of a map, in stored order.
 *   struct value_walk walk = value_walk_begin(list);
 *   while (value_walk_next(&walk)) use(walk.name, walk.value);
 * Set members come as S, N or B values; name is only set for maps. */
struct value_walk {
    struct bytes rest;
    enum value_type container;
    uint64_t left;
    struct bytes name;
    struct value value;
};
struct value_walk value_walk_begin(struct value container);
bool value_walk_next(struct value_walk *walk) MUST_CHECK;

/* Members of a set, elements of a list, entries of a map; never more than there are bytes. */
uint64_t value_count(struct value container);

/* An entry of a map by name. */
bool value_find(struct value map, struct bytes name, struct value *found) MUST_CHECK;
/* An element of a list by position. */
bool value_at(struct value list, uint64_t index, struct value *found) MUST_CHECK;

static inline bool value_equal(struct value a, struct value b)
{
    return a.type == b.type && bytes_equal(a.payload, b.payload);
}

/* Order of two S, N or B values of the same type: <0, 0, >0. */
static inline int value_compare(struct value a, struct value b)
{
    return bytes_compare(a.payload, b.payload);
}

/* What the service counts for it (contract core-api-data.md 4). */
size_t value_size_bytes(struct value value);
/* The same for a whole item: names and values of a map's entries, without the map's own 3 bytes. */
size_t value_item_size_bytes(struct value map);

/* Levels of a value (see VALUE_DEPTH_MAX). */
unsigned value_depth(struct value value);

/* Whether the payload is well formed and canonical all the way down, and of no more levels than an
 * item may have: for what comes from a disk. */
bool value_check(struct value value) MUST_CHECK;

/* --- writing --------------------------------------------------------------------------------- */

void value_append(struct buf *out, struct value value);

/* Builds a container: entries go in ascending order of name (maps) or byte order (sets), lists in
 * theirs. Its payload is moved once, at the end, if count or size take more than a byte.
 *   value_build_begin(&map, out, VALUE_M);
 *   value_build_entry(&map, BYTES("a"), a);       a value that is at hand
 *   value_build_next_entry(&map, BYTES("b"));     one that is written in place:
 *   value_build_begin(&list, out, VALUE_L);       value_append, or a builder of its own
 *   value_build_end(&list);
 *   value_build_end(&map); */
struct value_builder {
    struct buf *out;
    size_t start; /* of the payload */
    uint64_t count;
    enum value_type type;
    bool payload_only;
};
/* A whole value with its type and size, ... */
void value_build_begin(struct value_builder *builder, struct buf *out, enum value_type type);
/* ... or only a map's payload, as items store it. */
void value_build_begin_payload(struct value_builder *builder, struct buf *out,
                               enum value_type type);
void value_build_entry(struct value_builder *builder, struct bytes name, struct value value);
void value_build_element(struct value_builder *builder, struct value value); /* lists, sets */
void value_build_next_entry(struct value_builder *builder, struct bytes name);
void value_build_next_element(struct value_builder *builder); /* lists */
void value_build_end(struct value_builder *builder);

/* --- JSON ------------------------------------------------------------------------------------ */

/* An AttributeValue in JSON, whose JSON types were already checked against its shape, as a value in
 * the arena. ERR_VALIDATION with the bare text of contract core-api-data.md 1.1; texts that
 * PutItem and UpdateItem wrap are marked (struct fault, wrapped). */
enum err value_from_json(const struct yyjson_val *json, struct arena *arena, struct fault *fault,
                         struct value *value) MUST_CHECK;

/* A map of AttributeValues (Item, Key, ExclusiveStartKey) as an M value: attributes are checked in
 * the order sent, the last of equal names counts. */
enum err value_map_from_json(const struct yyjson_val *json, struct arena *arena,
                             struct fault *fault, struct value *map) MUST_CHECK;

/* {"S":"..."} and so on. */
void value_append_json(struct buf *out, struct value value);
/* {"name":{"S":"..."},...}: an item. */
void value_map_append_json(struct buf *out, struct value map);

/* --- Ion text --------------------------------------------------------------------------------- */

struct ion_reader;

/* The struct that the reader just entered as an M value in the arena: an item. ERR_VALIDATION: not
 * an item, with the texts of value_from_json or one of Ion's own; the reader stands somewhere in
 * the struct, and ion_leave goes to its end. Also the errors of ion_next. */
enum err value_map_from_ion(struct ion_reader *reader, struct arena *arena, struct fault *fault,
                            struct value *map) MUST_CHECK;

/* "a", 103., {{YQ==}}, $dynamodb_SS::["a"], as exports have them. */
void value_append_ion(struct buf *out, struct value value);
/* {name:"a",...}: an item. */
void value_map_append_ion(struct buf *out, struct value map);

/* --- messages --------------------------------------------------------------------------------- */

/* As the service prints values in messages: {S:a}, {N:1}. */
struct bytes value_text(struct value value, struct arena *arena);
