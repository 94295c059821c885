/* stream_params.h - a table's stream, as the table operations set and describe it.
 * Source: contract core-api-tables.md 1 (rows 27, 28), 2 and 5 (row 23); observed-control-plane.md.
 */
#pragma once

#include "api/req.h"
#include "table/table.h"

/* CreateTable's StreamSpecification (NULL: none). The stream begins at created_ms. */
enum err stream_params_create(struct req *req, uint64_t created_ms,
                              struct table_stream *stream) MUST_CHECK;

/* UpdateTable's: the stream begins, a new one always, or ends. */
enum err stream_params_change(struct req *req, yyjson_val *in,
                              struct table_definition *next) MUST_CHECK;

/* StreamSpecification, LatestStreamLabel and LatestStreamArn, as far as there are. */
void stream_params_describe(struct req *req, const struct table_definition *d);

/* KEYS_ONLY and so on; a view that is on. */
const char *stream_params_view_name(enum table_stream_view view);
