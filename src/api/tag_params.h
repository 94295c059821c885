/* tag_params.h - tags in requests. Source: contract core-api-tables.md 7. */
#pragma once

#include "api/name_list.h"
#include "api/req.h"
#include "api/resource_params.h"

#define TAG_KEY_CHARS_MAX   128
#define TAG_VALUE_CHARS_MAX 256

/* A list of tags to be set; NULL: no list, no tags. ERR_VALIDATION: bad keys and values, keys that
 * come twice, too many. Bytes point into the request. */
enum err tag_params_read(struct req *req, yyjson_val *tags, struct table_tags *read) MUST_CHECK;

/* A list of keys whose tags go. ERR_VALIDATION: like tags. */
enum err tag_params_read_keys(struct req *req, yyjson_val *keys, struct name_list *read) MUST_CHECK;

/* `tags` with those of `set`; a key that is there gets the new value. ERR_VALIDATION: too many. */
enum err tag_params_merge(struct req *req, const struct table_tags *set,
                          struct table_tags *tags) MUST_CHECK;

/* The request's ResourceArn, before the other parameters are looked at. */
enum err tag_params_resource(struct req *req, struct resource *resource) MUST_CHECK;
/* The table of it, held until the reply; ERR_RESOURCE_NOT_FOUND also for a stream, which has no
 * tags, and for a table that is being created. */
enum err tag_params_find(struct req *req, const struct resource *resource,
                         struct table **table) MUST_CHECK;
/* The same for a change. ERR_RESOURCE_IN_USE: the table is being deleted. */
enum err tag_params_find_to_change(struct req *req, const struct resource *resource,
                                   struct table **table) MUST_CHECK;
/* Makes `tags` the table's, under the catalog's change lock. */
enum err tag_params_publish(struct req *req, const struct table *table,
                            const struct table_tags *tags) MUST_CHECK;
