/* expr_cache_test.c - what is kept of expressions, and that it is never another's.
 * That trees from a cache are those of parsing is seen in all tests of expressions: parse_request.
 */
#include "expr/expr_cache.h"
#include "expr/expr_image.h"
#include "expr_same.h"
#include "expr_test.h"
#include "unit.h"

#include <stdio.h>
#include <yyjson.h>

#define ENTRIES_MAX (EXPR_CACHE_SETS * EXPR_CACHE_WAYS)
#define BETWEEN     "Invalid FilterExpression: The BETWEEN operator requires "

static enum err parse_times(struct expr_cache *cache, const struct request *request, unsigned times)
{
    enum err err = OK;

    for (unsigned i = 0; i < times; i++) {
        struct expr_set set = {0};
        struct arena arena;
        struct fault fault;

        arena_init(&arena);
        err = parse_with(cache, request, &arena, &fault, &set);
        arena_fini(&arena);
    }
    return err;
}

TEST(expressions_are_kept_when_they_come_again)
{
    const struct request request = {
        .update = "SET #a.b[3] = if_not_exists(c, :l), d = d + :n REMOVE e ADD f :n DELETE g :ss",
        .condition = "a BETWEEN :n AND :n AND (NOT size(b) IN (:n, c) OR attribute_type(d, :s))",
        .key_condition = "pk = :s AND sk BETWEEN :n AND :n",
        .filter = "contains(a.b, :s) AND :t <> c",
        .projection = "b, a[1].#a, a[0], c",
        .names = "{'#a':'x y'}",
        .values = "{':s':{'S':'S'},':n':{'N':'1'},':l':{'L':[]},':ss':{'SS':['a']},"
                  "':t':{'BOOL':true}}",
    };
    struct expr_cache *cache = expr_cache_create();
    struct expr_set plain = {0}, first = {0}, second = {0};
    struct arena arena, other;
    struct fault fault;

    arena_init(&arena);
    arena_init(&other);
    CHECK_ERR(parse_with(NULL, &request, &arena, &fault, &plain), OK);
    CHECK_ERR(parse_times(cache, &request, 1), OK);
    CHECK_U64(expr_cache_use(cache).entries, 0);
    CHECK_ERR(parse_times(cache, &request, 1), OK);
    CHECK_U64(expr_cache_use(cache).entries, 1);
    CHECK_U64(expr_cache_use(cache).hits, 0);

    /* each has its own, and needs neither the cache nor the other's arena */
    CHECK_ERR(parse_with(cache, &request, &other, &fault, &first), OK);
    CHECK_ERR(parse_with(cache, &request, &arena, &fault, &second), OK);
    CHECK_U64(expr_cache_use(cache).hits, 2);
    CHECK(same_set(&first, &plain));
    arena_fini(&other);
    expr_cache_destroy(&cache);
    CHECK(same_set(&second, &plain));
    arena_fini(&arena);
}

TEST(cached_expressions_refuse_the_values_that_parsed_ones_refuse)
{
    static const char text[] = "a BETWEEN :lo AND :hi AND attribute_type(b, :t) AND #n = c";
    static const char names[] = "{'#n':'n'}";
    static const struct {
        const char *text;
        const char *names;
        const char *values;
        const char *message; /* NULL: accepted */
    } rows[] = {
        {text, names, "{':lo':{'N':'2'},':hi':{'N':'10'},':t':{'S':'NS'}}", NULL},
        {text, names, "{':lo':{'N':'2'},':hi':{'N':'2'},':t':{'S':'NULL'}}", NULL},
        {text, names, "{':lo':{'N':'10'},':hi':{'N':'2'},':t':{'S':'NS'}}",
         BETWEEN "upper bound to be greater than or equal to lower bound; "
                 "lower bound operand: AttributeValue: {N:10}, "
                 "upper bound operand: AttributeValue: {N:2}"},
        {text, names, "{':lo':{'S':'a'},':hi':{'N':'2'},':t':{'S':'NS'}}",
         BETWEEN "same data type for lower and upper bounds; "
                 "lower bound operand: AttributeValue: {S:a}, "
                 "upper bound operand: AttributeValue: {N:2}"},
        {text, names, "{':lo':{'N':'1'},':hi':{'N':'2'},':t':{'S':'ns'}}",
         "Invalid FilterExpression: Invalid attribute type name found; type: ns, "
         "valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}"},
        {text, names, "{':lo':{'N':'1'},':hi':{'N':'2'},':t':{'N':'1'}}",
         "Invalid FilterExpression: Incorrect operand type for operator or function; "
         "operator or function: attribute_type, operand type: N"},
        {text, names, "{':lo':{'N':'1'},':hi':{'N':'2'},':t':{'S':'NS'},':u':{'S':'NS'}}",
         "Value provided in ExpressionAttributeValues unused in expressions: keys: {:u}"},
        {text, names, "{':lo':{'N':'1'},':hi':{'N':'2'}}",
         "Invalid FilterExpression: An expression attribute value used in expression is not "
         "defined; attribute value: :t"},
        {text, names, "{':lo':{'N':'1'},':hi':{'N':'2'},':t':{'S':5}}",
         "ExpressionAttributeValues contains invalid value: Supplied AttributeValue is empty, must "
         "contain exactly one of the supported datatypes for key :t"},
        {text, names, "{':lo':{'N':'1'},':hi':{'N':'x'},':t':{'S':'S'}}",
         "ExpressionAttributeValues contains invalid value: The parameter cannot be converted to "
         "a numeric value: x for key :hi"},
        {text, "{'#n':'n','#m':'m'}", "{':lo':{'N':'1'},':hi':{'N':'2'},':t':{'S':'S'}}",
         "Value provided in ExpressionAttributeNames unused in expressions: keys: {#m}"},
        {text, NULL, "{':lo':{'N':'1'},':hi':{'N':'2'},':t':{'S':'S'}}",
         "Invalid FilterExpression: An expression attribute name used in the document path is not "
         "defined; attribute name: #n"},
        {text, "{'#n':'c'}", "{':lo':{'N':'1'},':hi':{'N':'2'},':t':{'S':'S'}}",
         "Invalid FilterExpression: The first operand must be distinct from the remaining "
         "operands for this operator or function; operator: =, first operand: [c]"},
    };
    struct expr_cache *cache = expr_cache_create();
    const struct request good = {.filter = text, .names = names, .values = rows[0].values};

    CHECK_ERR(parse_times(cache, &good, 3), OK);
    CHECK_U64(expr_cache_use(cache).hits, 1);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct request request = {
            .filter = rows[i].text, .names = rows[i].names, .values = rows[i].values};
        struct expr_set set = {0};
        struct arena arena;
        struct fault fault;
        enum err err;

        arena_init(&arena);
        err = parse_with(cache, &request, &arena, &fault, &set);
        CHECK((err == OK) == (rows[i].message == NULL));
        if (err == ERR_VALIDATION)
            CHECK_TEXT(fault.message, rows[i].message);
        CHECK_ERR(parse_with(NULL, &request, &arena, &fault, &set), err);
        arena_fini(&arena);
    }
    CHECK_U64(expr_cache_use(cache).hits, 3);
    CHECK_U64(expr_cache_use(cache).entries, 1);
    expr_cache_destroy(&cache);
}

TEST(key_conditions_from_a_cache_refuse_bounds_out_of_order)
{
    const struct request good = {.key_condition = "pk = :p AND sk BETWEEN :a AND :b",
                                 .values = "{':p':{'S':'x'},':a':{'S':'a'},':b':{'S':'b'}}"};
    const struct request bad = {.key_condition = good.key_condition,
                                .values = "{':p':{'S':'x'},':a':{'S':'b'},':b':{'S':'a'}}"};
    struct expr_cache *cache = expr_cache_create();

    CHECK_ERR(parse_times(cache, &good, 3), OK);
    CHECK_ERR(parse_times(cache, &bad, 3), ERR_VALIDATION);
    CHECK_ERR(parse_times(cache, &good, 1), OK);
    CHECK_U64(expr_cache_use(cache).hits, 2);
    expr_cache_destroy(&cache);
}

TEST(values_of_other_types_are_other_expressions)
{
    const struct request good = {.filter = "begins_with(a, :v)", .values = "{':v':{'S':'x'}}"};
    const struct request bad = {.filter = good.filter, .values = "{':v':{'N':'1'}}"};
    const struct request binary = {.filter = good.filter, .values = "{':v':{'B':'AQ=='}}"};
    struct expr_cache *cache = expr_cache_create();

    CHECK_ERR(parse_times(cache, &good, 3), OK);
    CHECK_ERR(parse_times(cache, &bad, 3), ERR_VALIDATION);
    CHECK_U64(expr_cache_use(cache).entries, 1);
    CHECK_ERR(parse_times(cache, &binary, 3), OK);
    CHECK_U64(expr_cache_use(cache).entries, 2);
    CHECK_U64(expr_cache_use(cache).hits, 2);
    expr_cache_destroy(&cache);
}

TEST(a_cache_of_expressions_is_bounded)
{
    const size_t entry_bytes_max = EXPR_CACHE_KEY_BYTES_MAX + 2 * EXPR_IMAGE_BYTES_MAX;
    struct expr_cache *cache = expr_cache_create();
    size_t empty = expr_cache_use(cache).bytes;
    const struct request kept = {.filter = "attribute_exists(kept)"};
    struct request request = {0};
    static char large[4096];
    char text[256];

    for (unsigned i = 0; i < 5000; i++) { /* texts that come once take nothing */
        (void)snprintf(text, sizeof(text), "attribute_exists(once%u)", i);
        request.filter = text;
        CHECK_ERR(parse_times(cache, &request, 1), OK);
    }
    CHECK_U64(expr_cache_use(cache).bytes, empty);

    CHECK_ERR(parse_times(cache, &kept, 3), OK);
    for (unsigned i = 0; i < 5000; i++) {
        (void)snprintf(text, sizeof(text), "attribute_exists(twice%u) OR attribute_exists(b)", i);
        request.filter = text;
        CHECK_ERR(parse_times(cache, &request, 2), OK);
        CHECK_ERR(parse_times(cache, &kept, 1), OK);
        CHECK(expr_cache_use(cache).entries <= ENTRIES_MAX);
        CHECK(expr_cache_use(cache).bytes <= empty + ENTRIES_MAX * (size_t)1024);
    }
    CHECK_U64(expr_cache_use(cache).entries, ENTRIES_MAX);
    CHECK_U64(expr_cache_use(cache).hits, 5001); /* what is asked for stays */

    /* a key that is too large, and trees that are */
    memset(large, ' ', sizeof(large) - 1);
    memcpy(large, kept.filter, strlen(kept.filter));
    request.filter = large;
    CHECK_ERR(parse_times(cache, &request, 4), OK);
    large[0] = 'a';
    large[1] = 0;
    for (unsigned i = 0; i < 200; i++)
        (void)snprintf(large + strlen(large), 16, ",a%u", i);
    request = (struct request){.projection = large};
    CHECK_ERR(parse_times(cache, &request, 4), OK);
    CHECK_U64(expr_cache_use(cache).entries, ENTRIES_MAX);
    CHECK_U64(expr_cache_use(cache).hits, 5001);
    CHECK(expr_cache_use(cache).bytes <= empty + ENTRIES_MAX * entry_bytes_max);
    expr_cache_destroy(&cache);
    CHECK(cache == NULL);
}

/* Of one kind, with no names or values. */
static struct expr_request request_of(enum expr_kind kind, const char *text, yyjson_val *json)
{
    struct expr_request request = {0};

    yyjson_set_str(json, text);
    request.texts[kind] = json;
    return request;
}

TEST(a_hash_decides_nothing_about_expressions)
{
    struct expr_cache *cache = expr_cache_create();
    yyjson_val json = {0}, other_json = {0}; /* no containers, which cannot become texts */
    struct expr_request request = request_of(EXPR_KIND_CONDITION, "attribute_exists(a)", &json);
    struct expr_request other = request_of(EXPR_KIND_FILTER, "attribute_exists(a)", &other_json);
    struct expr_cache_key key, other_key;
    struct expr_set set = {0};
    struct arena arena;

    arena_init(&arena);
    expr_cache_key_init(&key, cache, &request);
    CHECK(!expr_cache_find(cache, &key, &request, &arena, &set) && !key.again);
    CHECK(!expr_cache_find(cache, &key, &request, &arena, &set) && key.again);
    expr_cache_keep(cache, &key, &set, NULL, &arena);
    CHECK(expr_cache_find(cache, &key, &request, &arena, &set));
    expr_cache_key_init(&other_key, cache, &other);
    CHECK(other_key.hash != key.hash);
    other_key.hash = key.hash;
    CHECK(!expr_cache_find(cache, &other_key, &other, &arena, &set));
    arena_fini(&arena);
    expr_cache_destroy(&cache);
}
