/* index_check.c - global indexes first, then local ones, each kind in its order. */
#include "table/index_check.h"

/* A key attribute of an index. */
struct index_key {
    const struct table_index *index;
    const struct key_attribute *attribute;
    bool hash;
};

/* Walks the key attributes of all indexes, those of indexes that are going aside. */
struct index_keys {
    const struct table_definition *table;
    unsigned index, attribute;
    bool local;
};

static bool next_key(struct index_keys *keys, struct index_key *key)
{
    for (;;) {
        const struct table_index *index;

        if (keys->index == keys->table->index_count) {
            if (keys->local)
                return false;
            keys->local = true;
            keys->index = keys->attribute = 0;
            continue;
        }
        index = &keys->table->indexes[keys->index];
        if ((index->definition.kind == INDEX_LOCAL) != keys->local ||
            index->status == INDEX_DELETING ||
            keys->attribute == key_schema_count(&index->definition.schema)) {
            keys->index++;
            keys->attribute = 0;
            continue;
        }
        *key = (struct index_key){
            .index = index,
            .attribute = &index->definition.schema.attributes[keys->attribute],
            .hash = keys->attribute < index->definition.schema.hash_count,
        };
        keys->attribute++;
        return true;
    }
}

static enum err type_mismatch(const struct index_key *key, struct value value, struct fault *fault)
{
    return fault_set(fault, ERR_VALIDATION,
                     "One or more parameter values were invalid: Type mismatch for Index Key %.*s "
                     "Expected: %s Actual: %s IndexName: %.*s",
                     BYTES_ARGS(key->attribute->name), value_type_name(key->attribute->type),
                     value_type_name(value.type), BYTES_ARGS(key->index->definition.name));
}

static bool is_empty(const struct index_key *key, struct value value)
{
    return value.type == key->attribute->type && value.type != VALUE_N && value.payload.size == 0;
}

static enum err empty(const struct index_key *key, struct fault *fault)
{
    return fault_set(fault, ERR_VALIDATION,
                     "One or more parameter values are not valid. A value specified for a "
                     "secondary index key is not supported. The AttributeValue for a key attribute "
                     "cannot contain an empty %s value. IndexName: %.*s, IndexKey: %.*s",
                     key->attribute->type == VALUE_S ? "string" : "binary",
                     BYTES_ARGS(key->index->definition.name), BYTES_ARGS(key->attribute->name));
}

enum err index_check_item(const struct table_definition *table, struct value attributes,
                          struct fault *fault)
{
    struct index_keys keys = {.table = table};
    struct index_key key;
    struct value value;

    while (next_key(&keys, &key)) {
        enum err err;

        if (!value_find(attributes, key.attribute->name, &value))
            continue;
        if (value.type != key.attribute->type)
            return type_mismatch(&key, value, fault);
        if (is_empty(&key, value))
            return empty(&key, fault);
        err = key_check_value(key.attribute->name, value, key.hash, fault); /* its length */
        if (err != OK)
            return err;
    }
    return OK;
}

enum err index_check_empty(const struct table_definition *table, struct value attributes,
                           struct fault *fault)
{
    struct index_keys keys = {.table = table};
    struct index_key key;
    struct value value;

    while (next_key(&keys, &key))
        if (value_find(attributes, key.attribute->name, &value) && is_empty(&key, value))
            return empty(&key, fault);
    return OK;
}

enum err index_check_literal(const struct table_definition *table, struct bytes attribute,
                             struct value literal, struct fault *fault)
{
    struct index_keys keys = {.table = table};
    struct index_key key;

    while (next_key(&keys, &key))
        if (bytes_equal(key.attribute->name, attribute) && literal.type != key.attribute->type)
            return type_mismatch(&key, literal, fault);
    return OK;
}

enum err index_check_updated(const struct table_definition *table, struct value before,
                             struct value after, struct fault *fault)
{
    struct index_keys keys = {.table = table};
    struct index_key key;
    struct value was, is;
    struct fault unused;

    while (next_key(&keys, &key)) {
        if (!value_find(after, key.attribute->name, &is) ||
            (value_find(before, key.attribute->name, &was) && value_equal(was, is)))
            continue;
        if (is.type != key.attribute->type)
            return fault_set(fault, ERR_VALIDATION,
                             "The update expression attempted to update the secondary index key to "
                             "unsupported type");
        if (is_empty(&key, is))
            return fault_set(fault, ERR_VALIDATION,
                             "The update expression attempted to update the secondary index key to "
                             "a value that is not supported. The AttributeValue for a key "
                             "attribute cannot contain an empty %s value.",
                             is.type == VALUE_S ? "string" : "binary");
        fault_init(&unused, fault->arena);
        if (key_check_value(key.attribute->name, is, key.hash, &unused) != OK)
            return fault_set(fault, ERR_VALIDATION,
                             "The update expression attempted to update the secondary index key "
                             "beyond allowed size limits");
    }
    return OK;
}

bool index_is_key(const struct table_definition *table, struct bytes attribute)
{
    struct index_keys keys = {.table = table};
    struct index_key key;

    while (next_key(&keys, &key))
        if (bytes_equal(key.attribute->name, attribute))
            return true;
    return false;
}
