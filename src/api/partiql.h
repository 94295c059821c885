/* partiql.h - what the three PartiQL operations share: a statement of a request, the pages of its
 * reads, its write.
 * Order:  partiql_read, the table, then partiql_select, or partiql_write_check and, under the
 *         door's hold, partiql_write_decide.
 * Source: contract core-api-partiql.md.
 */
#pragma once

#include "api/item_write.h"
#include "expr/partiql.h"

struct partiql_request {
    yyjson_val *in; /* Statement, Parameters and settings */
    const struct partiql_statement *statement;
    struct input_table name;
};

bool partiql_is_operation(const struct op *op);
/* Whether a checked input of theirs has a statement that may write: one that is no SELECT. */
bool partiql_writes(yyjson_val *input);

/* Reads a statement's text and checks what needs no table. */
enum err partiql_read(struct req *req, yyjson_val *in, struct partiql_request *request) MUST_CHECK;

static inline bool partiql_is_read(const struct partiql_request *request)
{
    return request->statement->kind == PARTIQL_SELECT;
}

/* The key of the one item that a WHERE means, as an M value. False: it does not say all of it. */
bool partiql_key(struct req *req, const struct partiql_statement *statement,
                 const struct key_schema *schema, struct value *key) MUST_CHECK;

/* Words for more than one operation. */
#define PARTIQL_NO_KEY                                           \
    "Where clause does not contain a mandatory equality on all " \
    "key attributes"
#define PARTIQL_EXISTS_ALONE "EXISTS can only be used in ExecuteTransaction write requests."

/* The types of a key that a WHERE names. */
enum err partiql_check_key_types(struct req *req, const struct key_schema *schema,
                                 struct value key) MUST_CHECK;
enum err partiql_refuse_key_type(struct req *req, struct bytes attribute) MUST_CHECK;

/* --- reads ------------------------------------------------------------------------------------ */

/* A SELECT of the one item that has this key, against the table's schema. */
enum err partiql_read_check(struct req *req, const struct partiql_request *request,
                            const struct table *table, struct value key) MUST_CHECK;
/* The row that such a SELECT has of an item, perhaps an empty one. The WHERE sees its attributes;
 * what is shown is taken from whole, which is more if those are an index's. False: the item is not
 * there, or the WHERE does not hold. */
bool partiql_row(struct req *req, const struct partiql_statement *statement,
                 struct value attributes, struct value whole, struct value *row) MUST_CHECK;

/* Fills the reply with a page of a SELECT: members Items, NextToken and so on. */
enum err partiql_select(struct req *req, const struct partiql_request *request,
                        struct table *table) MUST_CHECK;

/* --- writes, and EXISTS ----------------------------------------------------------------------- */

/* What needs no table; `write` is then what item_write.h makes of it. */
enum err partiql_write_read(struct req *req, const struct partiql_request *request,
                            struct item_write *write) MUST_CHECK;
/* What needs the table's schema. */
enum err partiql_write_check(struct req *req, const struct partiql_request *request,
                             struct item_write *write, const struct table *table) MUST_CHECK;
/* item_write_decide with what PartiQL has of its own: ERR_DUPLICATE_ITEM, no item created by an
 * UPDATE, a DELETE of nothing. */
enum err partiql_write_decide(struct req *req, const struct partiql_request *request,
                              struct item_write *write, struct table_change *change) MUST_CHECK;
/* The row that RETURNING wants; false: none. */
bool partiql_write_row(struct req *req, const struct partiql_request *request,
                       const struct item_write *write, const struct table_change *change,
                       struct value *row) MUST_CHECK;

/* --- tokens of pages -------------------------------------------------------------------------- */

struct partiql_position;

/* Text that only the same statement with the same parameters on the same table takes back, in the
 * arena. */
struct bytes partiql_token_write(struct req *req, const struct partiql_statement *statement,
                                 const struct table *table,
                                 const struct partiql_position *position);
enum err partiql_token_read(struct req *req, const struct partiql_statement *statement,
                            const struct table *table, struct bytes token,
                            struct partiql_position *position) MUST_CHECK;
