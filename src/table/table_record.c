/* table_record.c - the record of a definition: a format byte and a JSON text. */
#include "base/assert.h"
#include "table/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <yyjson.h>

#define RECORD_FORMAT 1

static const char *const projection_names[] = {
    [INDEX_PROJECTS_ALL] = "all",
    [INDEX_PROJECTS_KEYS] = "keys",
    [INDEX_PROJECTS_INCLUDED] = "included",
};

static const char *const view_names[TABLE_STREAM_VIEW_COUNT] = {
    [TABLE_STREAM_OFF] = "off",
    [TABLE_STREAM_KEYS_ONLY] = "keys",
    [TABLE_STREAM_NEW_IMAGE] = "new",
    [TABLE_STREAM_OLD_IMAGE] = "old",
    [TABLE_STREAM_NEW_AND_OLD_IMAGES] = "both",
};

static yyjson_mut_val *text(yyjson_mut_doc *doc, struct bytes bytes)
{
    return yyjson_mut_strn(doc, (const char *)bytes.data, bytes.size);
}

static yyjson_mut_val *write_keys(yyjson_mut_doc *doc, const struct key_schema *schema)
{
    yyjson_mut_val *keys = yyjson_mut_arr(doc);

    for (unsigned i = 0; i < key_schema_count(schema); i++) {
        yyjson_mut_val *key = yyjson_mut_arr_add_obj(doc, keys);

        yyjson_mut_obj_add_val(doc, key, "name", text(doc, schema->attributes[i].name));
        yyjson_mut_obj_add_str(doc, key, "type", value_type_name(schema->attributes[i].type));
    }
    return keys;
}

static void add_throughput(yyjson_mut_doc *doc, yyjson_mut_val *out,
                           const struct table_throughput *t)
{
    yyjson_mut_obj_add_uint(doc, out, "readUnits", t->read_units);
    yyjson_mut_obj_add_uint(doc, out, "writeUnits", t->write_units);
    yyjson_mut_obj_add_uint(doc, out, "increasedMs", t->increased_ms);
    yyjson_mut_obj_add_uint(doc, out, "decreasedMs", t->decreased_ms);
    yyjson_mut_obj_add_uint(doc, out, "decreasesToday", t->decreases_today);
}

static void add_limits(yyjson_mut_doc *doc, yyjson_mut_val *out, const struct table_capacity *c)
{
    yyjson_mut_obj_add_sint(doc, out, "onDemandReadMax", c->on_demand_read_max);
    yyjson_mut_obj_add_sint(doc, out, "onDemandWriteMax", c->on_demand_write_max);
    yyjson_mut_obj_add_uint(doc, out, "warmReadUnits", c->warm_read_units);
    yyjson_mut_obj_add_uint(doc, out, "warmWriteUnits", c->warm_write_units);
}

static yyjson_mut_val *write_settings(yyjson_mut_doc *doc, const struct table_settings *s)
{
    yyjson_mut_val *out = yyjson_mut_obj(doc);

    yyjson_mut_obj_add_str(doc, out, "billing",
                           s->billing == TABLE_PROVISIONED ? "provisioned" : "on-demand");
    add_throughput(doc, out, &s->capacity.throughput);
    yyjson_mut_obj_add_bool(doc, out, "wasOnDemand", s->was_on_demand);
    yyjson_mut_obj_add_uint(doc, out, "onDemandMs", s->on_demand_ms);
    add_limits(doc, out, &s->capacity);
    yyjson_mut_obj_add_uint(doc, out, "class", s->class);
    yyjson_mut_obj_add_uint(doc, out, "classChangedMs", s->class_changed_ms);
    if (s->class_changed_before_ms != 0)
        yyjson_mut_obj_add_uint(doc, out, "classChangedBeforeMs", s->class_changed_before_ms);
    yyjson_mut_obj_add_bool(doc, out, "deletionProtection", s->deletion_protection);
    return out;
}

static yyjson_mut_val *write_capacity(yyjson_mut_doc *doc, const struct table_capacity *c)
{
    yyjson_mut_val *out = yyjson_mut_obj(doc);

    add_throughput(doc, out, &c->throughput);
    add_limits(doc, out, c);
    return out;
}

static void add_insights(yyjson_mut_doc *doc, yyjson_mut_val *root,
                         const struct table_insights *insights)
{
    yyjson_mut_val *out;

    if (insights->changed_ms == 0)
        return;
    out = yyjson_mut_obj_add_obj(doc, root, "insights");
    yyjson_mut_obj_add_bool(doc, out, "enabled", insights->enabled);
    yyjson_mut_obj_add_bool(doc, out, "onlyThrottled", insights->only_throttled);
    yyjson_mut_obj_add_uint(doc, out, "changedMs", insights->changed_ms);
}

static void add_index(yyjson_mut_doc *doc, yyjson_mut_val *list, const struct table_index *index)
{
    const struct index_definition *d = &index->definition;
    yyjson_mut_val *out = yyjson_mut_arr_add_obj(doc, list);

    yyjson_mut_obj_add_uint(doc, out, "id", index->id);
    yyjson_mut_obj_add_val(doc, out, "name", text(doc, d->name));
    yyjson_mut_obj_add_str(doc, out, "kind", d->kind == INDEX_LOCAL ? "local" : "global");
    yyjson_mut_obj_add_uint(doc, out, "hashKeys", d->schema.hash_count);
    yyjson_mut_obj_add_val(doc, out, "keys", write_keys(doc, &d->schema));
    yyjson_mut_obj_add_str(doc, out, "projection", projection_names[d->projection]);
    if (d->projection == INDEX_PROJECTS_INCLUDED) {
        yyjson_mut_val *included = yyjson_mut_obj_add_arr(doc, out, "included");

        for (unsigned i = 0; i < d->included_count; i++)
            yyjson_mut_arr_append(included, text(doc, d->included[i]));
    }
    if (d->kind == INDEX_GLOBAL)
        yyjson_mut_obj_add_val(doc, out, "capacity", write_capacity(doc, &d->capacity));
    yyjson_mut_obj_add_uint(doc, out, "status", index->status);
    yyjson_mut_obj_add_uint(doc, out, "statusUntilMs", index->status_until_ms);
    if (index->status == INDEX_UPDATING)
        yyjson_mut_obj_add_val(doc, out, "before", write_capacity(doc, &index->before));
    add_insights(doc, out, &index->insights);
}

static void add_policy(yyjson_mut_doc *doc, yyjson_mut_val *root, const char *name,
                       const struct table_policy *policy)
{
    yyjson_mut_val *out;

    if (policy->revision_ms == 0)
        return;
    out = yyjson_mut_obj_add_obj(doc, root, name);
    yyjson_mut_obj_add_val(doc, out, "text", text(doc, policy->text));
    yyjson_mut_obj_add_uint(doc, out, "revisionMs", policy->revision_ms);
}

static void add_stream(yyjson_mut_doc *doc, yyjson_mut_val *root, const struct table_stream *stream)
{
    yyjson_mut_val *out = yyjson_mut_obj_add_obj(doc, root, "stream");

    yyjson_mut_obj_add_str(doc, out, "view", view_names[stream->view]);
    yyjson_mut_obj_add_uint(doc, out, "labelMs", stream->label_ms);
    yyjson_mut_obj_add_bool(doc, out, "changes", stream->changes);
}

static void add_encryption(yyjson_mut_doc *doc, yyjson_mut_val *root,
                           const struct table_encryption *encryption)
{
    yyjson_mut_val *out = yyjson_mut_obj_add_obj(doc, root, "encryption");

    yyjson_mut_obj_add_val(doc, out, "key", text(doc, encryption->key_arn));
    yyjson_mut_obj_add_val(doc, out, "keyBefore", text(doc, encryption->key_arn_before));
    yyjson_mut_obj_add_uint(doc, out, "untilMs", encryption->until_ms);
}

static void add_filling(yyjson_mut_doc *doc, yyjson_mut_val *root,
                        const struct table_filling *filling)
{
    yyjson_mut_val *out = yyjson_mut_obj_add_obj(doc, root, "filling");

    yyjson_mut_obj_add_val(doc, out, "jobKind", text(doc, filling->job_kind));
    yyjson_mut_obj_add_val(doc, out, "jobId", text(doc, filling->job_id));
    if (filling->source_arn.size == 0)
        return;
    yyjson_mut_obj_add_val(doc, out, "source", text(doc, filling->source_arn));
    yyjson_mut_obj_add_val(doc, out, "backup", text(doc, filling->backup_arn));
    yyjson_mut_obj_add_uint(doc, out, "restoreMs", filling->restore_ms);
    if (filling->source_id != 0)
        yyjson_mut_obj_add_uint(doc, out, "sourceId", filling->source_id);
}

static void add_ttl(yyjson_mut_doc *doc, yyjson_mut_val *root, const struct table_ttl *ttl)
{
    yyjson_mut_val *out = yyjson_mut_obj_add_obj(doc, root, "ttl");

    yyjson_mut_obj_add_uint(doc, out, "nextId", ttl->next_id);
    yyjson_mut_obj_add_uint(doc, out, "id", ttl->index.id);
    yyjson_mut_obj_add_uint(doc, out, "status", ttl->index.status);
    yyjson_mut_obj_add_uint(doc, out, "goneBefore", ttl->gone_before);
}

/* What most tables do not have: absent from the record where there is none. */
static void write_extras(yyjson_mut_doc *doc, yyjson_mut_val *root,
                         const struct table_definition *d)
{
    if (d->next_index_id != 0)
        yyjson_mut_obj_add_uint(doc, root, "nextIndexId", d->next_index_id);
    if (d->index_count > 0) {
        yyjson_mut_val *indexes = yyjson_mut_obj_add_arr(doc, root, "indexes");

        for (unsigned i = 0; i < d->index_count; i++)
            add_index(doc, indexes, &d->indexes[i]);
    }
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
    if (d->ttl.next_id != 0)
        add_ttl(doc, root, &d->ttl);
    add_insights(doc, root, &d->insights);
    if (d->stream.label_ms != 0)
        add_stream(doc, root, &d->stream);
    if (d->recovery.period_days != 0) {
        yyjson_mut_val *recovery = yyjson_mut_obj_add_obj(doc, root, "recovery");

        yyjson_mut_obj_add_uint(doc, recovery, "periodDays", d->recovery.period_days);
        yyjson_mut_obj_add_uint(doc, recovery, "fromMs", d->recovery.from_ms);
    }
    if (d->encryption.key_arn.size != 0 || d->encryption.until_ms != 0)
        add_encryption(doc, root, &d->encryption);
    add_policy(doc, root, "policy", &d->policy);
    add_policy(doc, root, "streamPolicy", &d->stream_policy);
    if (table_is_filling(d))
        add_filling(doc, root, &d->filling);
}

struct bytes table_record_write(const struct table_definition *d, struct arena *arena)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    struct bytes record;
    size_t size;
    char *json;

    yyjson_mut_doc_set_root(doc, root);
    yyjson_mut_obj_add_val(doc, root, "keys", write_keys(doc, &d->schema));
    yyjson_mut_obj_add_uint(doc, root, "id", d->id);
    yyjson_mut_obj_add_val(doc, root, "account", text(doc, d->account));
    yyjson_mut_obj_add_val(doc, root, "region", text(doc, d->region));
    yyjson_mut_obj_add_val(doc, root, "name", text(doc, d->name));
    yyjson_mut_obj_add_str(doc, root, "uuid", d->uuid);
    yyjson_mut_obj_add_uint(doc, root, "createdMs", d->created_ms);
    yyjson_mut_obj_add_uint(doc, root, "hashKeys", d->schema.hash_count);
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

static struct bytes text_of(yyjson_val *value, struct arena *arena)
{
    return arena_copy(arena, bytes_make(yyjson_is_str(value) ? yyjson_get_str(value) : "",
                                        yyjson_is_str(value) ? yyjson_get_len(value) : 0));
}

static struct bytes read_text(yyjson_val *object, const char *name, struct arena *arena)
{
    return text_of(yyjson_obj_get(object, name), arena);
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

static void read_capacity(yyjson_val *in, struct table_capacity *c)
{
    c->throughput.read_units = read_uint(in, "readUnits");
    c->throughput.write_units = read_uint(in, "writeUnits");
    c->throughput.increased_ms = read_uint(in, "increasedMs");
    c->throughput.decreased_ms = read_uint(in, "decreasedMs");
    c->throughput.decreases_today = (uint32_t)read_uint(in, "decreasesToday");
    c->on_demand_read_max = read_max(in, "onDemandReadMax");
    c->on_demand_write_max = read_max(in, "onDemandWriteMax");
    c->warm_read_units = read_uint(in, "warmReadUnits");
    c->warm_write_units = read_uint(in, "warmWriteUnits");
}

static void read_settings(yyjson_val *in, struct table_settings *s)
{
    yyjson_val *billing = yyjson_obj_get(in, "billing");

    s->billing =
        yyjson_equals_str(billing, "provisioned") ? TABLE_PROVISIONED : TABLE_PAY_PER_REQUEST;
    read_capacity(in, &s->capacity);
    s->was_on_demand = yyjson_get_bool(yyjson_obj_get(in, "wasOnDemand"));
    s->on_demand_ms = read_uint(in, "onDemandMs");
    s->class = (enum table_class)read_uint(in, "class");
    s->class_changed_ms = read_uint(in, "classChangedMs");
    s->class_changed_before_ms = read_uint(in, "classChangedBeforeMs");
    s->deletion_protection = yyjson_get_bool(yyjson_obj_get(in, "deletionProtection"));
}

static void read_insights(yyjson_val *in, struct table_insights *insights)
{
    insights->enabled = yyjson_get_bool(yyjson_obj_get(in, "enabled"));
    insights->only_throttled = yyjson_get_bool(yyjson_obj_get(in, "onlyThrottled"));
    insights->changed_ms = read_uint(in, "changedMs");
}

static void read_policy(yyjson_val *in, struct arena *arena, struct table_policy *policy)
{
    policy->text = read_text(in, "text", arena);
    policy->revision_ms = read_uint(in, "revisionMs");
}

static enum err read_stream(yyjson_val *in, struct arena *arena, struct table_stream *stream)
{
    struct bytes name = read_text(in, "view", arena);
    int view = in == NULL ? TABLE_STREAM_OFF : TABLE_STREAM_VIEW_COUNT;

    for (int i = 0; i < TABLE_STREAM_VIEW_COUNT; i++)
        if (bytes_equal_string(name, view_names[i]))
            view = i;
    if (view == TABLE_STREAM_VIEW_COUNT)
        return ERR_CORRUPT;
    stream->view = (enum table_stream_view)view;
    stream->label_ms = read_uint(in, "labelMs");
    stream->changes = yyjson_get_bool(yyjson_obj_get(in, "changes"));
    return OK;
}

static void read_encryption(yyjson_val *in, struct arena *arena,
                            struct table_encryption *encryption)
{
    encryption->key_arn = read_text(in, "key", arena);
    encryption->key_arn_before = read_text(in, "keyBefore", arena);
    encryption->until_ms = read_uint(in, "untilMs");
}

static void read_filling(yyjson_val *in, struct arena *arena, struct table_filling *filling)
{
    filling->job_kind = read_text(in, "jobKind", arena);
    filling->job_id = read_text(in, "jobId", arena);
    filling->source_arn = read_text(in, "source", arena);
    filling->backup_arn = read_text(in, "backup", arena);
    filling->restore_ms = read_uint(in, "restoreMs");
    filling->source_id = (uint32_t)read_uint(in, "sourceId");
}

/* Older records have the attribute alone: nobody built the index yet. */
static enum err read_ttl(yyjson_val *in, bool expires, struct table_ttl *ttl)
{
    if (in == NULL) {
        if (expires)
            *ttl = (struct table_ttl){.index = {.id = 1, .status = INDEX_CREATING}, .next_id = 2};
        return OK;
    }
    ttl->next_id = (uint16_t)read_uint(in, "nextId");
    ttl->index.id = (uint16_t)read_uint(in, "id");
    ttl->index.status = (enum index_status)read_uint(in, "status");
    ttl->gone_before = (uint16_t)read_uint(in, "goneBefore");
    if (ttl->index.status > INDEX_ACTIVE || ttl->index.id >= ttl->next_id ||
        ttl->gone_before > ttl->next_id || expires != (ttl->index.id != 0))
        return ERR_CORRUPT;
    return OK;
}

static void read_extras(yyjson_val *root, struct arena *arena, struct table_definition *d)
{
    yyjson_val *recovery = yyjson_obj_get(root, "recovery");
    yyjson_arr_iter at = yyjson_arr_iter_with(yyjson_obj_get(root, "tags"));
    yyjson_val *tag;

    while (d->tags.count < TABLE_TAGS_MAX && (tag = yyjson_arr_iter_next(&at)) != NULL)
        d->tags.list[d->tags.count++] = (struct table_tag){
            .key = read_text(tag, "key", arena),
            .value = read_text(tag, "value", arena),
        };
    d->ttl_attribute = read_text(root, "ttlAttribute", arena);
    read_insights(yyjson_obj_get(root, "insights"), &d->insights);
    d->recovery = (struct table_recovery){
        .period_days = (uint32_t)read_uint(recovery, "periodDays"),
        .from_ms = read_uint(recovery, "fromMs"),
    };
    read_encryption(yyjson_obj_get(root, "encryption"), arena, &d->encryption);
    read_policy(yyjson_obj_get(root, "policy"), arena, &d->policy);
    read_policy(yyjson_obj_get(root, "streamPolicy"), arena, &d->stream_policy);
    read_filling(yyjson_obj_get(root, "filling"), arena, &d->filling);
}

static enum err read_schema(yyjson_val *in, struct arena *arena, struct key_schema *schema)
{
    yyjson_val *keys = yyjson_obj_get(in, "keys");
    size_t key_count = yyjson_arr_size(keys);
    uint64_t hash_count = read_uint(in, "hashKeys");

    if (hash_count == 0 || hash_count > key_count || key_count > KEY_ATTRIBUTES_MAX)
        return ERR_CORRUPT;
    schema->hash_count = (uint8_t)hash_count;
    schema->range_count = (uint8_t)(key_count - hash_count);
    for (size_t i = 0; i < key_count; i++) {
        yyjson_val *key = yyjson_arr_get(keys, i);

        schema->attributes[i].name = read_text(key, "name", arena);
        if (!value_type_parse(read_text(key, "type", arena), &schema->attributes[i].type))
            return ERR_CORRUPT;
    }
    return OK;
}

static bool read_projection(yyjson_val *in, struct arena *arena, struct index_definition *d)
{
    yyjson_val *included = yyjson_obj_get(in, "included");
    struct bytes name = read_text(in, "projection", arena);

    d->included_count = (unsigned)yyjson_arr_size(included);
    d->included = arena_new_array(arena, struct bytes, d->included_count);
    for (unsigned i = 0; i < d->included_count; i++)
        d->included[i] = text_of(yyjson_arr_get(included, i), arena);
    for (size_t i = 0; i < sizeof(projection_names) / sizeof(projection_names[0]); i++) {
        if (bytes_equal_string(name, projection_names[i])) {
            d->projection = (enum index_projection)i;
            return true;
        }
    }
    return false;
}

static enum err read_index(yyjson_val *in, struct arena *arena, struct table_index *index)
{
    struct index_definition *d = &index->definition;
    enum err err = read_schema(in, arena, &d->schema);

    if (err != OK)
        return err;
    index->id = (uint16_t)read_uint(in, "id");
    d->name = read_text(in, "name", arena);
    d->kind = yyjson_equals_str(yyjson_obj_get(in, "kind"), "local") ? INDEX_LOCAL : INDEX_GLOBAL;
    read_capacity(yyjson_obj_get(in, "capacity"), &d->capacity);
    index->status = (enum index_status)read_uint(in, "status");
    index->status_until_ms = read_uint(in, "statusUntilMs");
    read_capacity(yyjson_obj_get(in, "before"), &index->before);
    read_insights(yyjson_obj_get(in, "insights"), &index->insights);
    if (index->id == 0 || d->name.size == 0 || index->status > INDEX_DELETING ||
        !read_projection(in, arena, d))
        return ERR_CORRUPT;
    return OK;
}

static enum err read_indexes(yyjson_val *root, struct arena *arena, struct table_definition *d)
{
    yyjson_val *list = yyjson_obj_get(root, "indexes"), *element;
    yyjson_arr_iter at = yyjson_arr_iter_with(list);
    struct table_index *indexes;
    enum err err = OK;

    if (yyjson_arr_size(list) > INDEX_LOCAL_MAX + INDEX_GLOBAL_MAX)
        return ERR_CORRUPT;
    indexes = arena_new_array(arena, struct table_index, yyjson_arr_size(list));
    d->next_index_id = (uint16_t)read_uint(root, "nextIndexId");
    d->indexes = indexes;
    while (err == OK && (element = yyjson_arr_iter_next(&at)) != NULL) {
        struct table_index *index = &indexes[d->index_count++];

        *index = (struct table_index){0};
        err = read_index(element, arena, index);
        if (err == OK && index->id >= d->next_index_id)
            err = ERR_CORRUPT;
    }
    return err;
}

/* The few things without which a table cannot be served. */
static enum err read_definition(yyjson_val *root, struct arena *arena, struct table_definition *d)
{
    enum err err;

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
    if (d->id == 0 || d->name.size == 0 || d->status > TABLE_DELETING)
        return ERR_CORRUPT;
    err = read_stream(yyjson_obj_get(root, "stream"), arena, &d->stream);
    if (err == OK)
        err = read_ttl(yyjson_obj_get(root, "ttl"), d->ttl_attribute.size != 0, &d->ttl);
    if (err == OK)
        err = read_schema(root, arena, &d->schema);
    return err == OK ? read_indexes(root, arena, d) : err;
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
