/* start_key.c - where a page begins, and where the one before it ended. */
#include "api/start_key.h"

#include "api/item_params.h"

#define INVALID_START "The provided starting key is invalid"

static bool stays_bare(struct bytes message);
static bool is_key(const struct key_schema *table, const struct key_schema *index,
                   struct bytes name);
static enum err check_value(struct req *req, const struct start_key *start,
                            const struct key_attribute *attribute, bool hash);

enum err start_key_read(struct req *req, struct start_key *start)
{
    enum err err;

    *start = (struct start_key){.given = input_member(req->input, "ExclusiveStartKey") != NULL};
    if (!start->given)
        return OK;
    err = item_params_key(req, req->input, "ExclusiveStartKey", &start->attributes);
    if (err != ERR_VALIDATION || stays_bare(req->fault.message))
        return err;
    return req_fail(req, err, INVALID_START ": %.*s", BYTES_ARGS(req->fault.message));
}

/* Messages about duplicates, number sets, numeric conversion, digits and magnitude stay bare. */
static bool stays_bare(struct bytes message)
{
    static const char *const bare[] = {"contains duplicates", "number set", "numeric value",
                                       "significant digits", "magnitude"};

    for (size_t i = 0; i < sizeof(bare) / sizeof(bare[0]); i++)
        if (memmem(message.data, message.size, bare[i], strlen(bare[i])) != NULL)
            return true;
    return false;
}

enum err start_key_check_count(struct req *req, struct start_key *start,
                               const struct key_schema *table, const struct index_definition *index,
                               const char *message)
{
    unsigned count = key_schema_count(table);

    start->table = table;
    start->index = index;
    if (!start->given)
        return OK;
    for (unsigned i = 0; index != NULL && i < key_schema_count(&index->schema); i++)
        count += key_schema_find(table, index->schema.attributes[i].name) < 0;
    return value_count(start->attributes) == count ? OK
                                                   : req_fail(req, ERR_VALIDATION, "%s", message);
}

enum err start_key_check_piece(struct req *req, const struct start_key *start,
                               const struct key_attribute *attribute, bool hash)
{
    struct value value;

    if (!start->given)
        return OK;
    if (start->index != NULL && !value_find(start->attributes, attribute->name, &value))
        return req_fail(req, ERR_VALIDATION, INVALID_START);
    return check_value(req, start, attribute, hash);
}

static enum err check_value(struct req *req, const struct start_key *start,
                            const struct key_attribute *attribute, bool hash)
{
    struct bytes index = BYTES("");
    struct value value;
    enum err err;

    if (!value_find(start->attributes, attribute->name, &value) || value.type != attribute->type)
        return req_fail(req, ERR_VALIDATION,
                        INVALID_START ": The provided key element does not match the schema");
    if (start->index != NULL && key_schema_find(start->table, attribute->name) < 0)
        index = start->index->name;
    err = item_params_check_key_value(req, attribute->name, value, hash, index);
    return err == OK ? OK
                     : req_fail(req, err, INVALID_START ": %.*s", BYTES_ARGS(req->fault.message));
}

enum err start_key_check_table(struct req *req, const struct start_key *start)
{
    enum err err = OK;

    if (!start->given)
        return OK;
    for (unsigned i = 0; err == OK && i < key_schema_count(start->table); i++)
        err = check_value(req, start, &start->table->attributes[i], i < start->table->hash_count);
    return err;
}

static bool is_key(const struct key_schema *table, const struct key_schema *index,
                   struct bytes name)
{
    return key_schema_find(table, name) >= 0 ||
           (index != NULL && key_schema_find(index, name) >= 0);
}

struct value start_key_of(const struct key_schema *table, const struct key_schema *index,
                          struct value attributes, struct arena *arena)
{
    struct value_walk walk = value_walk_begin(attributes);
    struct value_builder builder;
    struct buf payload;

    buf_init_arena(&payload, arena, SIZE_MAX);
    value_build_begin_payload(&builder, &payload, VALUE_M);
    while (value_walk_next(&walk))
        if (is_key(table, index, walk.name))
            value_build_entry(&builder, walk.name, walk.value);
    value_build_end(&builder);
    return (struct value){VALUE_M, buf_finish_arena(&payload)};
}
