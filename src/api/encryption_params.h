/* encryption_params.h - a table's encryption key, as the table operations set and describe it.
 * There is no key service yet: whatever key is named, the table's data is under the server's own
 * protection only. Names of keys become ARNs here, aliases ARNs that look like keys.
 * Source: contract core-api-tables.md 5 (row 26), security.md 7.1, observed-control-plane.md.
 */
#pragma once

#include "api/req.h"
#include "table/table.h"

/* What an SSESpecification asks for: *key_arn is empty for the server's own key. ERR_VALIDATION: it
 * contradicts itself, or names no key. */
enum err encryption_params_read(struct req *req, yyjson_val *in, struct bytes *key_arn) MUST_CHECK;

/* UpdateTable's: the new key is described after the time that changes of tables take. */
enum err encryption_params_change(struct req *req, yyjson_val *in,
                                  struct table_definition *next) MUST_CHECK;

bool encryption_params_changes(const struct table_definition *d, uint64_t now_ms);

/* SSEDescription. `changes`: the request just changed the key, which is told as it was. */
void encryption_params_describe(struct req *req, const struct table_definition *d, bool changes);
