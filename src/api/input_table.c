/* input_table.c - which table a TableName means.
 * Source: contract core-api.md 1.6, "Table name rule".
 */
#include "api/input_priv.h"

#define NAME_SIZE_MIN 3
#define NAME_SIZE_MAX 255
#define TABLE_STEP    BYTES("table/")

static bool take_part(struct bytes *rest, char end, struct bytes *part);
static enum err check_name(struct bytes name, struct fault *fault);
static enum err refuse_arn(struct fault *fault, const char *what, struct bytes text);

enum err input_table(struct bytes text, const struct input_place *place, struct fault *fault,
                     struct input_table *table)
{
    struct bytes name = text;
    struct input_arn arn;
    enum err err;

    if (input_arn_split(text, &arn)) {
        if (!bytes_equal(arn.partition, place->partition))
            return refuse_arn(fault, "AWS partition", text);
        if (!bytes_equal(arn.region, place->region))
            return refuse_arn(fault, "AWS region", text);
        if (!bytes_equal_string(arn.service, "dynamodb") ||
            !bytes_start_with(arn.resource, TABLE_STEP))
            return refuse_arn(fault, "resource type", text);
        name = bytes_skip(arn.resource, TABLE_STEP.size);
        if (name.size != 0 && memchr(name.data, '/', name.size) != NULL) /* index or stream */
            return refuse_arn(fault, "resource type", text);
        if (!bytes_equal(arn.account, place->account))
            return fault_set(fault, ERR_ACCESS_DENIED, "Access is denied");
    }
    err = check_name(name, fault);
    if (err != OK)
        return err;
    *table = (struct input_table){.name = name, .given = text};
    return OK;
}

enum err input_check_table_name(struct bytes text, struct fault *fault)
{
    return input_is_arn(text) ? OK : check_name(text, fault);
}

bool input_is_arn(struct bytes text)
{
    struct input_arn arn;

    return input_arn_split(text, &arn);
}

bool input_is_table_name(struct bytes text)
{
    return text.size >= NAME_SIZE_MIN && text.size <= NAME_SIZE_MAX &&
           shape_pattern_name.matches(text);
}

bool input_arn_split(struct bytes text, struct input_arn *arn)
{
    struct bytes rest = text, scheme;

    if (!take_part(&rest, ':', &scheme) || !bytes_equal_string(scheme, "arn"))
        return false;
    if (!take_part(&rest, ':', &arn->partition) || !take_part(&rest, ':', &arn->service) ||
        !take_part(&rest, ':', &arn->region) || !take_part(&rest, ':', &arn->account))
        return false;
    arn->resource = rest;
    return true;
}

bool input_arn_is_ours(const struct input_arn *arn, const struct input_place *place)
{
    return bytes_equal(arn->partition, place->partition) &&
           bytes_equal_string(arn->service, "dynamodb") &&
           bytes_equal(arn->account, place->account);
}

bool input_arn_is_here(const struct input_arn *arn, const struct input_place *place)
{
    return input_arn_is_ours(arn, place) && bytes_equal(arn->region, place->region);
}

bool input_table_arn(struct bytes text, struct input_resource *resource)
{
    if (!input_arn_split(text, &resource->arn) ||
        !bytes_start_with(resource->arn.resource, TABLE_STEP))
        return false;
    resource->table = bytes_skip(resource->arn.resource, TABLE_STEP.size);
    return input_is_table_name(resource->table);
}

bool input_part_arn(struct bytes text, const char *kind, struct input_resource *resource)
{
    struct bytes rest, step;

    if (!input_arn_split(text, &resource->arn) ||
        !bytes_start_with(resource->arn.resource, TABLE_STEP))
        return false;
    rest = bytes_skip(resource->arn.resource, TABLE_STEP.size);
    if (!take_part(&rest, '/', &resource->table) || !take_part(&rest, '/', &step))
        return false;
    resource->label = rest;
    return input_is_table_name(resource->table) && bytes_equal_string(step, kind);
}

/* What is before the next end of a part. */
static bool take_part(struct bytes *rest, char end, struct bytes *part)
{
    const uint8_t *at = rest->size == 0 ? NULL : memchr(rest->data, end, rest->size);

    if (at == NULL)
        return false;
    *part = bytes_make(rest->data, (size_t)(at - rest->data));
    *rest = bytes_skip(*rest, part->size + 1);
    return true;
}

static enum err check_name(struct bytes name, struct fault *fault)
{
    if (input_is_table_name(name))
        return OK;
    return fault_set(fault, ERR_VALIDATION,
                     "Invalid table/index name.  Table/index names must be between 3 and 255 "
                     "characters long, and may contain only the characters a-z, A-Z, 0-9, '_', "
                     "'-', and '.'");
}

static enum err refuse_arn(struct fault *fault, const char *what, struct bytes text)
{
    return fault_set(fault, ERR_VALIDATION, "1 validation error detected: Invalid %s in '%.*s'",
                     what, BYTES_ARGS(text));
}
