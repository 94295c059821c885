/* start_key.h - ExclusiveStartKey of Query and Scan, and the LastEvaluatedKey it came from: the key
 * attributes of the table and, reading an index, of that index too, each once.
 * Source: contract core-api-items.md 6, "ExclusiveStartKey checks".
 */
#pragma once

#include "api/req.h"

struct start_key {
    bool given;
    struct value attributes;              /* a map */
    const struct key_schema *table;       /* set by start_key_check_count */
    const struct index_definition *index; /* NULL: the table itself is read */
};

/* The parameter and its AV check, which has rules of its own for messages. */
enum err start_key_read(struct req *req, struct start_key *start) MUST_CHECK;

/* How many attributes there are; `message` if it is another number. */
enum err start_key_check_count(struct req *req, struct start_key *start,
                               const struct key_schema *table, const struct index_definition *index,
                               const char *message) MUST_CHECK;

/* One key attribute of what is read, the table or the index: that it is there, type, size. */
enum err start_key_check_piece(struct req *req, const struct start_key *start,
                               const struct key_attribute *attribute, bool hash) MUST_CHECK;

/* The table's key attributes. */
enum err start_key_check_table(struct req *req, const struct start_key *start) MUST_CHECK;

/* LastEvaluatedKey: the attributes of both schemas, in the arena. `index` may be NULL. */
struct value start_key_of(const struct key_schema *table, const struct key_schema *index,
                          struct value attributes, struct arena *arena);
