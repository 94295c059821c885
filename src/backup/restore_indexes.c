/* restore_indexes.c - which indexes a restored table has: those of the source, or a choice of them.
 * A description in an override stands for the index of the source that has the same keys and
 * projects the same; it may have another name and another throughput.
 */
#include "api/index_params.h"
#include "api/name_list.h"
#include "api/table_params.h"
#include "api/throughput_params.h"
#include "backup/restore_priv.h"

/* What is being put together. */
struct choice {
    const struct table_definition *source;
    struct table_definition *target;
    struct table_index *indexes;
    uint32_t taken; /* of the source's, by position */
};

static enum err choose(struct req *req, struct choice *choice, enum index_kind kind,
                       const char *member);
static enum err add_described(struct req *req, struct choice *choice, enum index_kind kind,
                              yyjson_val *in);
static const struct table_index *find_match(struct choice *choice, enum index_kind kind,
                                            yyjson_val *in, struct req *req);
static bool has_keys(const struct key_schema *schema, yyjson_val *in);
static bool has_projection(const struct index_definition *index, yyjson_val *in, struct req *req);
static enum err add(struct req *req, struct choice *choice, const struct table_index *from,
                    struct bytes name, yyjson_val *in);
static enum err read_capacity(struct req *req, const struct table_definition *target,
                              const struct table_index *from, yyjson_val *in,
                              struct index_definition *index);
static enum err check_names(struct req *req, const struct table_definition *target);

enum err restore_indexes(struct req *req, const struct table_definition *source,
                         struct table_definition *target)
{
    struct choice choice = {
        .source = source,
        .target = target,
        .indexes = arena_new_array(req->arena, struct table_index, source->index_count),
    };
    enum err err = choose(req, &choice, INDEX_LOCAL, "LocalSecondaryIndexOverride");

    if (err == OK)
        err = choose(req, &choice, INDEX_GLOBAL, "GlobalSecondaryIndexOverride");
    target->indexes = choice.indexes;
    if (target->index_count != 0)
        target->next_index_id = (uint16_t)(target->index_count + 1);
    return err == OK ? check_names(req, target) : err;
}

/* An index that was not complete, or going, is none of the table's. */
static bool counts(const struct table_index *index, enum index_kind kind)
{
    return index->definition.kind == kind &&
           (index->status == INDEX_ACTIVE || index->status == INDEX_UPDATING);
}

static enum err choose(struct req *req, struct choice *choice, enum index_kind kind,
                       const char *member)
{
    yyjson_val *list = input_member(req->input, member), *in;
    yyjson_arr_iter at = yyjson_arr_iter_with(list);
    enum err err = OK;

    if (list != NULL) {
        while (err == OK && (in = yyjson_arr_iter_next(&at)) != NULL)
            err = add_described(req, choice, kind, in);
        return err;
    }
    for (unsigned i = 0; err == OK && i < choice->source->index_count; i++) {
        const struct table_index *from = &choice->source->indexes[i];

        if (counts(from, kind))
            err = add(req, choice, from, from->definition.name, NULL);
    }
    return err;
}

static enum err add_described(struct req *req, struct choice *choice, enum index_kind kind,
                              yyjson_val *in)
{
    const struct table_index *from = find_match(choice, kind, in, req);
    struct bytes name = {0};

    input_string(in, "IndexName", &name);
    if (from == NULL)
        return req_fail(req, ERR_VALIDATION,
                        RESTORE_INVALID "Index %.*s does not match a secondary index that existed "
                                        "in the source table and cannot be created during the "
                                        "restore operation",
                        BYTES_ARGS(name));
    if (input_member(in, "WarmThroughput") != NULL &&
        req->op->id == OP_ID_RestoreTableToPointInTime)
        return req_fail(req, ERR_VALIDATION,
                        RESTORE_INVALID "WarmThroughput cannot be overridden for index %.*s",
                        BYTES_ARGS(name));
    return add(req, choice, from, name, in);
}

/* NULL: there is none, or another description stands for it. Of two that are alike, the one with
 * the name. */
static const struct table_index *find_match(struct choice *choice, enum index_kind kind,
                                            yyjson_val *in, struct req *req)
{
    const struct table_index *found = NULL;
    struct bytes name = {0};

    input_string(in, "IndexName", &name);
    for (unsigned i = 0; i < choice->source->index_count; i++) {
        const struct table_index *index = &choice->source->indexes[i];

        if (!counts(index, kind) || (choice->taken & (UINT32_C(1) << i)) != 0 ||
            !has_keys(&index->definition.schema, input_member(in, "KeySchema")) ||
            !has_projection(&index->definition, input_member(in, "Projection"), req))
            continue;
        if (found == NULL || bytes_equal(index->definition.name, name))
            found = index;
    }
    if (found != NULL)
        choice->taken |= UINT32_C(1) << (found - choice->source->indexes);
    return found;
}

static bool has_keys(const struct key_schema *schema, yyjson_val *in)
{
    yyjson_arr_iter at = yyjson_arr_iter_with(in);
    unsigned count = 0;
    yyjson_val *key;

    if (yyjson_arr_size(in) != key_schema_count(schema))
        return false;
    for (; (key = yyjson_arr_iter_next(&at)) != NULL; count++) {
        struct bytes name = {0}, type = {0};

        input_string(key, "AttributeName", &name);
        input_string(key, "KeyType", &type);
        if (!bytes_equal(name, schema->attributes[count].name) ||
            !bytes_equal_string(type, count < schema->hash_count ? "HASH" : "RANGE"))
            return false;
    }
    return true;
}

static bool has_projection(const struct index_definition *index, yyjson_val *in, struct req *req)
{
    static const char *const types[] = {
        [INDEX_PROJECTS_ALL] = "ALL",
        [INDEX_PROJECTS_KEYS] = "KEYS_ONLY",
        [INDEX_PROJECTS_INCLUDED] = "INCLUDE",
    };
    struct name_list names = name_list_read(input_member(in, "NonKeyAttributes"), NULL, req->arena);
    struct bytes type = {0}, repeated;

    input_string(in, "ProjectionType", &type);
    if (!bytes_equal_string(type, types[index->projection]) ||
        names.count != index->included_count || name_list_repeats(&names, req->arena, &repeated))
        return false;
    for (size_t i = 0; i < names.count; i++) {
        bool found = false;

        for (unsigned j = 0; j < index->included_count; j++)
            found |= bytes_equal(names.names[i], index->included[j]);
        if (!found)
            return false;
    }
    return true;
}

static enum err add(struct req *req, struct choice *choice, const struct table_index *from,
                    struct bytes name, yyjson_val *in)
{
    struct table_definition *target = choice->target;
    struct table_index *index = &choice->indexes[target->index_count++];

    *index = (struct table_index){
        .id = (uint16_t)target->index_count,
        .definition = from->definition,
        .status = INDEX_ACTIVE,
    };
    index->definition.name = name;
    index->definition.capacity =
        (struct table_capacity){.on_demand_read_max = -1, .on_demand_write_max = -1};
    if (from->definition.kind == INDEX_LOCAL)
        return OK;
    return read_capacity(req, target, from, in, &index->definition);
}

/* Of a global index: what the description says, else what the source had, if it can be. */
static enum err read_capacity(struct req *req, const struct table_definition *target,
                              const struct table_index *from, yyjson_val *in,
                              struct index_definition *index)
{
    const struct table_throughput *had = &from->definition.capacity.throughput;
    struct table_capacity *capacity = &index->capacity;
    enum table_billing billing = target->settings.billing;
    yyjson_val *units = input_member(in, "ProvisionedThroughput");
    enum err err = OK;

    if (billing == TABLE_PAY_PER_REQUEST && units != NULL)
        return req_fail(req, ERR_VALIDATION,
                        TABLE_INVALID "ProvisionedThroughput should not be specified for index: "
                                      "%.*s when BillingMode is PAY_PER_REQUEST",
                        BYTES_ARGS(index->name));
    if (billing == TABLE_PROVISIONED && units == NULL && had->read_units == 0)
        return req_fail(req, ERR_VALIDATION, "Must specify provisioned throughput for index %.*s",
                        BYTES_ARGS(index->name));
    if (units != NULL) {
        err = throughput_params_units(req, units, &capacity->throughput);
    } else if (billing == TABLE_PROVISIONED) {
        capacity->throughput.read_units = had->read_units;
        capacity->throughput.write_units = had->write_units;
    }
    if (err == OK)
        err = index_params_limits(req, in, billing, index);
    if (err == OK && billing == TABLE_PAY_PER_REQUEST &&
        input_member(in, "OnDemandThroughput") == NULL) {
        capacity->on_demand_read_max = from->definition.capacity.on_demand_read_max;
        capacity->on_demand_write_max = from->definition.capacity.on_demand_write_max;
    }
    return err;
}

static enum err check_names(struct req *req, const struct table_definition *target)
{
    for (unsigned i = 0; i < target->index_count; i++)
        for (unsigned j = 0; j < i; j++)
            if (bytes_equal(target->indexes[i].definition.name, target->indexes[j].definition.name))
                return req_fail(req, ERR_VALIDATION, TABLE_INVALID "Duplicate index name: %.*s",
                                BYTES_ARGS(target->indexes[i].definition.name));
    return OK;
}
