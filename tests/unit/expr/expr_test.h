/* expr_test.h - rows of expressions: a request's texts in, what came of them out.
 * JSON in rows is written with ' for ", so that it can be read: "{'a':{'N':'1'}}".
 */
#pragma once

#include "base/arena.h"
#include "expr/expr.h"

/* One request's expressions; members not set are absent. */
struct request {
    const char *update;
    const char *condition;
    const char *key_condition;
    const char *filter;
    const char *projection;
    const char *names;
    const char *values;
};

enum err parse_request(const struct request *request, struct arena *arena, struct fault *fault,
                       struct expr_set *set);

/* Plainly, with this cache or none. */
enum err parse_with(struct expr_cache *cache, const struct request *request, struct arena *arena,
                    struct fault *fault, struct expr_set *set);

/* NULL for NULL. */
const struct yyjson_val *json_read(const char *json, struct arena *arena);
/* {'a':{'S':'x'}} as an item. */
struct value item_of(const char *json, struct arena *arena);
/* An item as JSON with ' for ". */
const char *json_of(struct value item, struct arena *arena);
/* The same text with sorted names, for comparing. */
const char *canonical(const char *json, struct arena *arena);
