/* table.c - definitions: lifetimes, status over time, and the record that is stored. */
#include "table/table.h"

#include "base/assert.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <yyjson.h>

#define RECORD_FORMAT 1

struct table_life {
    _Atomic uint64_t definitions; /* not destroyed yet */
};

enum table_status table_status_now(const struct table *table, uint64_t now_ms)
{
    const struct table_definition *d = &table->definition;

    if (d->status == TABLE_DELETING)
        return TABLE_DELETING;
    return now_ms < d->status_until_ms ? d->status : TABLE_ACTIVE;
}

const struct table_settings *table_settings_now(const struct table *table, uint64_t now_ms)
{
    return table_status_now(table, now_ms) == TABLE_UPDATING ? &table->definition.before
                                                             : &table->definition.settings;
}

struct table *table_create(const struct table_definition *definition, struct table *earlier)
{
    struct table *table = mem_zalloc(sizeof(*table));
    struct table_definition *d = &table->definition;

    arena_init(&table->arena);
    atomic_init(&table->holders, 1);
    table->life = earlier != NULL ? earlier->life : mem_zalloc(sizeof(*table->life));
    atomic_fetch_add(&table->life->definitions, 1);
    *d = *definition;
    d->account = arena_copy(&table->arena, d->account);
    d->region = arena_copy(&table->arena, d->region);
    d->name = arena_copy(&table->arena, d->name);
    for (unsigned i = 0; i < key_schema_count(&d->schema); i++)
        d->schema.attributes[i].name = arena_copy(&table->arena, d->schema.attributes[i].name);
    for (unsigned i = 0; i < d->tags.count; i++) {
        d->tags.list[i].key = arena_copy(&table->arena, d->tags.list[i].key);
        d->tags.list[i].value = arena_copy(&table->arena, d->tags.list[i].value);
    }
    d->ttl_attribute = arena_copy(&table->arena, d->ttl_attribute);
    return table;
}

struct table *table_acquire(struct table *table)
{
    uint64_t before = atomic_fetch_add(&table->holders, 1);

    ASSERT(before > 0);
    return table;
}

void table_release(struct table **table)
{
    struct table *t = *table;

    if (t == NULL)
        return;
    *table = NULL;
    if (atomic_fetch_sub(&t->holders, 1) != 1)
        return;
    if (atomic_fetch_sub(&t->life->definitions, 1) == 1)
        free(t->life);
    arena_fini(&t->arena);
    free(t);
}

bool table_held_alone(const struct table *table)
{
    return atomic_load(&table->holders) == 1 && atomic_load(&table->life->definitions) == 1;
}

struct bytes table_arn(const struct table_definition *d, struct arena *arena)
{
    return arena_format(arena, "arn:aws:dynamodb:%.*s:%.*s:table/%.*s", BYTES_ARGS(d->region),
                        BYTES_ARGS(d->account), BYTES_ARGS(d->name));
}

/* --- the record ------------------------------------------------------------------------------ */

static yyjson_mut_val *text(yyjson_mut_doc *doc, struct bytes bytes)
{
    return yyjson_mut_strn(doc, (const char *)bytes.data, bytes.size);
}

static yyjson_mut_val *write_settings(yyjson_mut_doc *doc, const struct table_settings *s)
{
    const struct table_capacity *c = &s->capacity;
    yyjson_mut_val *out = yyjson_mut_obj(doc);

    yyjson_mut_obj_add_str(doc, out, "billing",
                           s->billing == TABLE_PROVISIONED ? "provisioned" : "on-demand");
    yyjson_mut_obj_add_uint(doc, out, "readUnits", c->throughput.read_units);
    yyjson_mut_obj_add_uint(doc, out, "writeUnits", c->throughput.write_units);
    yyjson_mut_obj_add_uint(doc, out, "increasedMs", c->throughput.increased_ms);
    yyjson_mut_obj_add_uint(doc, out, "decreasedMs", c->throughput.decreased_ms);
    yyjson_mut_obj_add_uint(doc, out, "decreasesToday", c->throughput.decreases_today);
    yyjson_mut_obj_add_bool(doc, out, "wasOnDemand", s->was_on_demand);
    yyjson_mut_obj_add_uint(doc, out, "onDemandMs", s->on_demand_ms);
    yyjson_mut_obj_add_sint(doc, out, "onDemandReadMax", c->on_demand_read_max);
    yyjson_mut_obj_add_sint(doc, out, "onDemandWriteMax", c->on_demand_write_max);
    yyjson_mut_obj_add_uint(doc, out, "warmReadUnits", c->warm_read_units);
    yyjson_mut_obj_add_uint(doc, out, "warmWriteUnits", c->warm_write_units);
    yyjson_mut_obj_add_uint(doc, out, "class", s->class);
    yyjson_mut_obj_add_uint(doc, out, "classChangedMs", s->class_changed_ms);
    yyjson_mut_obj_add_bool(doc, out, "deletionProtection", s->deletion_protection);
    return out;
}

/* What most tables do not have: absent from the record where there is none. */
static void write_extras(yyjson_mut_doc *doc, yyjson_mut_val *root,
                         const struct table_definition *d)
{
    if (d->tags.count > 0) {
        yyjson_mut_val *tags = yyjson_mut_obj_add_arr(doc, root, "tags");

        for (unsigned i = 0; i < d->tags.count; i++) {
            yyjson_mut_val *tag = yyjson_mut_arr_add_obj(doc, tags);

            yyjson_mut_obj_add_val(doc, tag, "key", text(doc, d->tags.list[i].key));
            yyjson_mut_obj_add_val(doc, tag, "value", text(doc, d->tags.list[i].value));
        }
    }
    if (d->ttl_attribute.size > 0)
        yyjson_mut_obj_add_val(doc, root, "ttlAttribute", text(doc, d->ttl_attribute));
    if (d->insights.changed_ms > 0) {
        yyjson_mut_val *insights = yyjson_mut_obj_add_obj(doc, root, "insights");

        yyjson_mut_obj_add_bool(doc, insights, "enabled", d->insights.enabled);
        yyjson_mut_obj_add_bool(doc, insights, "onlyThrottled", d->insights.only_throttled);
        yyjson_mut_obj_add_uint(doc, insights, "changedMs", d->insights.changed_ms);
    }
}

struct bytes table_record_write(const struct table_definition *d, struct arena *arena)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_val *keys = yyjson_mut_obj_add_arr(doc, root, "keys");
    struct bytes record;
    size_t size;
    char *json;

    yyjson_mut_doc_set_root(doc, root);
    yyjson_mut_obj_add_uint(doc, root, "id", d->id);
    yyjson_mut_obj_add_val(doc, root, "account", text(doc, d->account));
    yyjson_mut_obj_add_val(doc, root, "region", text(doc, d->region));
    yyjson_mut_obj_add_val(doc, root, "name", text(doc, d->name));
    yyjson_mut_obj_add_str(doc, root, "uuid", d->uuid);
    yyjson_mut_obj_add_uint(doc, root, "createdMs", d->created_ms);
    yyjson_mut_obj_add_uint(doc, root, "hashKeys", d->schema.hash_count);
    for (unsigned i = 0; i < key_schema_count(&d->schema); i++) {
        yyjson_mut_val *key = yyjson_mut_arr_add_obj(doc, keys);

        yyjson_mut_obj_add_val(doc, key, "name", text(doc, d->schema.attributes[i].name));
        yyjson_mut_obj_add_str(doc, key, "type", value_type_name(d->schema.attributes[i].type));
    }
    yyjson_mut_obj_add_uint(doc, root, "status", d->status);
    yyjson_mut_obj_add_uint(doc, root, "statusUntilMs", d->status_until_ms);
    yyjson_mut_obj_add_val(doc, root, "settings", write_settings(doc, &d->settings));
    if (d->status == TABLE_UPDATING)
        yyjson_mut_obj_add_val(doc, root, "before", write_settings(doc, &d->before));
    write_extras(doc, root, d);

    json = yyjson_mut_write(doc, 0, &size);
    ASSERT(json != NULL);
    record = arena_format(arena, "%c%s", RECORD_FORMAT, json);
    free(json);
    yyjson_mut_doc_free(doc);
    return record;
}

static struct bytes read_text(yyjson_val *object, const char *name, struct arena *arena)
{
    yyjson_val *value = yyjson_obj_get(object, name);

    return arena_copy(arena, bytes_make(yyjson_is_str(value) ? yyjson_get_str(value) : "",
                                        yyjson_is_str(value) ? yyjson_get_len(value) : 0));
}

static uint64_t read_uint(yyjson_val *object, const char *name)
{
    return yyjson_get_uint(yyjson_obj_get(object, name));
}

static int64_t read_max(yyjson_val *object, const char *name)
{
    yyjson_val *value = yyjson_obj_get(object, name);

    return yyjson_is_int(value) ? yyjson_get_sint(value) : -1;
}

static void read_settings(yyjson_val *in, struct table_settings *s)
{
    struct table_capacity *c = &s->capacity;
    yyjson_val *billing = yyjson_obj_get(in, "billing");

    s->billing =
        yyjson_equals_str(billing, "provisioned") ? TABLE_PROVISIONED : TABLE_PAY_PER_REQUEST;
    c->throughput.read_units = read_uint(in, "readUnits");
    c->throughput.write_units = read_uint(in, "writeUnits");
    c->throughput.increased_ms = read_uint(in, "increasedMs");
    c->throughput.decreased_ms = read_uint(in, "decreasedMs");
    c->throughput.decreases_today = (uint32_t)read_uint(in, "decreasesToday");
    s->was_on_demand = yyjson_get_bool(yyjson_obj_get(in, "wasOnDemand"));
    s->on_demand_ms = read_uint(in, "onDemandMs");
    c->on_demand_read_max = read_max(in, "onDemandReadMax");
    c->on_demand_write_max = read_max(in, "onDemandWriteMax");
    c->warm_read_units = read_uint(in, "warmReadUnits");
    c->warm_write_units = read_uint(in, "warmWriteUnits");
    s->class = (enum table_class)read_uint(in, "class");
    s->class_changed_ms = read_uint(in, "classChangedMs");
    s->deletion_protection = yyjson_get_bool(yyjson_obj_get(in, "deletionProtection"));
}

static void read_extras(yyjson_val *root, struct arena *arena, struct table_definition *d)
{
    yyjson_val *insights = yyjson_obj_get(root, "insights");
    yyjson_arr_iter at = yyjson_arr_iter_with(yyjson_obj_get(root, "tags"));
    yyjson_val *tag;

    while (d->tags.count < TABLE_TAGS_MAX && (tag = yyjson_arr_iter_next(&at)) != NULL)
        d->tags.list[d->tags.count++] = (struct table_tag){
            .key = read_text(tag, "key", arena),
            .value = read_text(tag, "value", arena),
        };
    d->ttl_attribute = read_text(root, "ttlAttribute", arena);
    d->insights = (struct table_insights){
        .enabled = yyjson_get_bool(yyjson_obj_get(insights, "enabled")),
        .only_throttled = yyjson_get_bool(yyjson_obj_get(insights, "onlyThrottled")),
        .changed_ms = read_uint(insights, "changedMs"),
    };
}

/* The few things without which a table cannot be served. */
static enum err read_definition(yyjson_val *root, struct arena *arena, struct table_definition *d)
{
    yyjson_val *keys = yyjson_obj_get(root, "keys");
    size_t key_count = yyjson_arr_size(keys);
    uint64_t hash_count = read_uint(root, "hashKeys");

    *d = (struct table_definition){.id = (uint32_t)read_uint(root, "id")};
    d->account = read_text(root, "account", arena);
    d->region = read_text(root, "region", arena);
    d->name = read_text(root, "name", arena);
    snprintf(d->uuid, sizeof(d->uuid), "%s", (const char *)read_text(root, "uuid", arena).data);
    d->created_ms = read_uint(root, "createdMs");
    d->status = (enum table_status)read_uint(root, "status");
    d->status_until_ms = read_uint(root, "statusUntilMs");
    read_settings(yyjson_obj_get(root, "settings"), &d->settings);
    read_settings(yyjson_obj_get(root, "before"), &d->before);
    read_extras(root, arena, d);
    if (d->id == 0 || d->name.size == 0 || hash_count == 0 || hash_count > key_count ||
        key_count > KEY_ATTRIBUTES_MAX || d->status > TABLE_DELETING)
        return ERR_CORRUPT;
    d->schema.hash_count = (uint8_t)hash_count;
    d->schema.range_count = (uint8_t)(key_count - hash_count);
    for (size_t i = 0; i < key_count; i++) {
        yyjson_val *key = yyjson_arr_get(keys, i);

        d->schema.attributes[i].name = read_text(key, "name", arena);
        if (!value_type_parse(read_text(key, "type", arena), &d->schema.attributes[i].type))
            return ERR_CORRUPT;
    }
    return OK;
}

enum err table_record_read(struct bytes record, struct arena *arena,
                           struct table_definition *definition)
{
    struct table_definition read;
    yyjson_doc *doc;
    enum err err;

    if (record.size < 1)
        return ERR_CORRUPT;
    if (record.data[0] != RECORD_FORMAT)
        return record.data[0] > RECORD_FORMAT ? ERR_NEWER_FORMAT : ERR_CORRUPT;
    doc = yyjson_read((const char *)record.data + 1, record.size - 1, 0);
    if (doc == NULL)
        return ERR_CORRUPT;
    err = read_definition(yyjson_doc_get_root(doc), arena, &read);
    yyjson_doc_free(doc);
    if (err == OK)
        *definition = read;
    return err;
}
