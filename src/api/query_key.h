/* query_key.h - what the key conditions of a Query mean: against the key schema of a table or an
 * index, checked in the contract's order and words, then as a range of storage keys.
 * Idea:   conditions hold for the first key attributes of the schema, without a gap: equality for
 *         all but the last of them, which may be a range if it is no partition-key attribute. So
 *         what they mean is one prefix of the encoded key, or one range behind such a prefix.
 * Source: contract core-api-items.md 6, "Per key attribute", "Multi-attribute GSI keys".
 */
#pragma once

#include "api/start_key.h"
#include "expr/expr.h"
#include "store/store.h"

struct query_key {
    const struct key_schema *schema;
    const struct expr_key_condition *conditions[KEY_ATTRIBUTES_MAX]; /* by key attribute */
    unsigned count;                                                  /* that have one */
};

/* What can be said about the number of conditions before the schema is known. Tables and most
 * indexes have two key attributes at most; only of an index there may be more. */
enum err query_key_check_count(struct req *req, const struct expr_set *set,
                               bool of_index) MUST_CHECK;

/* The conditions against the schema, and with each key attribute the start key's piece of it.
 * `index` is the name of the index whose schema it is, empty for a table. Points into the set. */
enum err query_key_read(struct req *req, const struct expr_set *set,
                        const struct key_schema *schema, struct bytes index,
                        const struct start_key *start, struct query_key *key) MUST_CHECK;

/* That the start key lies within the conditions. */
enum err query_key_check_start(struct req *req, const struct query_key *key,
                               const struct start_key *start) MUST_CHECK;

/* The values of the partition-key attributes; room for KEY_ATTRIBUTES_MAX. */
void query_key_partition(const struct query_key *key, struct value values[]);

/* The storage keys that meet the conditions; all keys of the partition begin with `partition`. */
struct store_range query_key_range(const struct query_key *key, struct bytes partition,
                                   struct arena *arena);
