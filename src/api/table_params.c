/* table_params.c - common rules of the table operations. */
#include "api/table_params.h"

static enum err find(struct req *req, bool restoring, struct table **table)
{
    struct input_table name;
    enum err err = req_table_name(req, &name);

    if (err != OK)
        return err;
    *table = catalog_acquire(req->api->catalog, req->place.account, req->place.region, name.name);
    if (*table != NULL && !restoring && table_is_restoring(&(*table)->definition))
        table_release(table);
    if (*table == NULL)
        return req_fail(req, ERR_RESOURCE_NOT_FOUND,
                        "Requested resource not found: Table: %.*s not found",
                        BYTES_ARGS(name.name));
    req_take_table(req, *table);
    return OK;
}

enum err table_params_find(struct req *req, struct table **table)
{
    return find(req, false, table);
}

enum err table_params_find_any(struct req *req, struct table **table)
{
    return find(req, true, table);
}

enum err table_params_class(struct req *req, struct bytes name, enum table_class *class)
{
    if (bytes_equal_string(name, "STANDARD"))
        *class = TABLE_CLASS_STANDARD;
    else if (bytes_equal_string(name, "STANDARD_INFREQUENT_ACCESS"))
        *class = TABLE_CLASS_INFREQUENT_ACCESS;
    else
        return req_fail(req, ERR_VALIDATION,
                        "Invalid table-class parameter provided. Please try again with a valid "
                        "table-class value: [STANDARD, STANDARD_INFREQUENT_ACCESS].");
    return OK;
}

const char *table_params_class_name(enum table_class class)
{
    return class == TABLE_CLASS_STANDARD ? "STANDARD" : "STANDARD_INFREQUENT_ACCESS";
}

enum err table_params_replication_mode(struct req *req, bool *enabled)
{
    struct bytes mode = {0};

    input_string(req->input, "GlobalTableSettingsReplicationMode", &mode);
    if (bytes_equal_string(mode, "ENABLED_WITH_OVERRIDES"))
        return req_fail(req, ERR_VALIDATION,
                        "Value 'ENABLED_WITH_OVERRIDES' at 'GlobalTableSettingsReplicationMode' "
                        "failed to satisfy constraint: Only ENABLED and DISABLED settings "
                        "replication are supported for a Regional Table.");
    *enabled = bytes_equal_string(mode, "ENABLED");
    return OK;
}

enum err table_params_refuse_unserved(struct req *req, const struct table_unserved unserved[],
                                      size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (unserved[i].asked)
            return req_fail(req, ERR_VALIDATION,
                            TABLE_INVALID "This version of Stele does not serve %s yet",
                            unserved[i].member);
    return OK;
}
