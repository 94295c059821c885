/* tag_params.h - tags in requests. Source: contract core-api-tables.md 7. */
#pragma once

#include "api/req.h"

#define TAG_COUNT_MAX       50 /* of a table */
#define TAG_KEY_CHARS_MAX   128
#define TAG_VALUE_CHARS_MAX 256

/* A list of tags to be set on what has none yet; NULL: no list, no tags. ERR_VALIDATION: bad keys
 * and values, keys that come twice, too many. */
enum err tag_params_check(struct req *req, yyjson_val *tags) MUST_CHECK;
