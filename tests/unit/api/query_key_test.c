/* query_key_test.c - key conditions against schemas of several attributes, and the ranges of
 * storage keys they give: the same items as the condition's text picks one by one.
 */
#include "api/query_key.h"
#include "expr/expr_test.h"
#include "unit.h"

static const struct key_schema simple = {
    .hash_count = 1,
    .range_count = 1,
    .attributes = {{BYTES("h"), VALUE_S}, {BYTES("r"), VALUE_S}}};
static const struct key_schema hashes = {
    .hash_count = 2, .attributes = {{BYTES("h"), VALUE_S}, {BYTES("i"), VALUE_N}}};
static const struct key_schema multi = {.hash_count = 2,
                                        .range_count = 3,
                                        .attributes = {{BYTES("h"), VALUE_S},
                                                       {BYTES("i"), VALUE_N},
                                                       {BYTES("r"), VALUE_S},
                                                       {BYTES("s"), VALUE_N},
                                                       {BYTES("t"), VALUE_B}}};

static const struct {
    const char *name;
    const char *value;
} values[] = {
    {":h", "{'S':'a'}"},        {":i", "{'N':'1'}"},    {":r", "{'S':'b'}"},
    {":q", "{'S':'b\\u0000'}"}, {":s", "{'N':'-2'}"},   {":n", "{'N':'30'}"},
    {":t", "{'B':'AA=='}"},     {":u", "{'B':'/w=='}"}, {":e", "{'S':''}"},
};

struct bed {
    struct arena arena;
    struct req req;
    struct expr_set set;
    struct query_key key;
};

static void bed_open(struct bed *bed)
{
    *bed = (struct bed){0};
    arena_init(&bed->arena);
    bed->req.arena = &bed->arena;
    fault_init(&bed->req.fault, &bed->arena);
}

/* The text as a key condition, and as a filter, which is to pick the same items. */
static enum err read_text(struct bed *bed, const struct key_schema *schema, const char *text)
{
    struct start_key none = {0};
    struct bytes used = BYTES("{");
    struct request request = {.key_condition = text, .filter = text};

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        if (strstr(text, values[i].name) != NULL)
            used = arena_format(&bed->arena, "%.*s%s'%s':%s", BYTES_ARGS(used),
                                used.size > 1 ? "," : "", values[i].name, values[i].value);
    request.values = (const char *)arena_format(&bed->arena, "%.*s}", BYTES_ARGS(used)).data;
    CHECK_OK(parse_request(&request, &bed->arena, &bed->req.fault, &bed->set));
    return query_key_read(&bed->req, &bed->set, schema,
                          schema == &simple ? BYTES("") : BYTES("Idx"), &none, &bed->key);
}

#define MISSED "Query condition missed key schema element: "
#define UNFIT  "Query key condition not supported"

TEST(query_key_wants_all_hash_attributes_and_sort_attributes_without_a_gap)
{
    static const struct {
        const struct key_schema *schema;
        const char *text;
        const char *message; /* NULL: fine */
    } rows[] = {
        {&simple, "h = :h", NULL},
        {&simple, "r = :r", MISSED "h"},
        {&simple, "h = :h AND x = :r", MISSED "r"},
        {&simple, "h = :h AND r = :r AND s = :s", "Conditions can be of length 1 or 2 only"},
        {&simple, "h < :h", UNFIT},
        {&hashes, "h = :h AND i = :i", NULL},
        {&hashes, "i = :i AND h = :h", NULL},
        {&hashes, "h = :h", MISSED "i"},
        {&hashes, "i = :i", MISSED "h"},
        {&hashes, "h = :h AND x = :i", MISSED "i"},
        {&hashes, "h = :h AND i > :i", UNFIT},
        {&hashes, "h = :h AND i = :i AND r = :r", UNFIT},
        {&multi, "h = :h AND i = :i", NULL},
        {&multi, "s < :s AND r = :r AND i = :i AND h = :h", NULL},
        {&multi, "h = :h AND i = :i AND r = :r AND s = :s AND t = :t", NULL},
        {&multi, "h = :h AND i = :i AND r = :r AND s = :s AND begins_with(t, :t)", NULL},
        {&multi, "h = :h AND i = :i AND r BETWEEN :r AND :q", NULL},
        {&multi, "h = :h AND r = :r", MISSED "i"},
        {&multi, "h = :h AND i = :i AND s = :s", MISSED "r"},
        {&multi, "h = :h AND i = :i AND r = :r AND t = :t", MISSED "s"},
        {&multi, "h = :h AND i = :i AND x = :s", MISSED "r"},
        {&multi, "h = :h AND i = :i AND r = :r AND s = :s AND t = :t AND x = :n", UNFIT},
        {&multi, "h = :h AND i = :i AND r > :r AND s = :s", UNFIT},
        {&multi, "h = :h AND i = :i AND r BETWEEN :r AND :q AND s > :s", UNFIT},
        {&multi, "h = :h AND i >= :i AND r = :r", UNFIT},
        {&multi, "h = :h AND i = :h",
         "One or more parameter values were invalid: Condition parameter type does not match "
         "schema type"},
        {&simple, "h = :h AND r = :e",
         "One or more parameter values are not valid. The AttributeValue for a key attribute "
         "cannot contain an empty string value. Key: r"},
        {&multi, "h = :h AND i = :i AND r = :e",
         "One or more parameter values are not valid. A value specified for a secondary index key "
         "is not supported. The AttributeValue for a key attribute cannot contain an empty string "
         "value. IndexName: Idx, IndexKey: r"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bed bed;
        enum err err;

        bed_open(&bed);
        err = read_text(&bed, rows[i].schema, rows[i].text);
        CHECK_ERR(err, rows[i].message != NULL ? ERR_VALIDATION : OK);
        CHECK_TEXT(err == OK ? BYTES("") : bed.req.fault.message,
                   rows[i].message != NULL ? rows[i].message : "");
        arena_fini(&bed.arena);
    }
}

/* The key of an item as an index would store it: components only. */
static struct bytes components_of(const struct value parts[], unsigned count, struct arena *arena)
{
    struct buf key;

    buf_init_arena(&key, arena, SIZE_MAX);
    for (unsigned i = 0; i < count; i++)
        key_append_component(&key, parts[i]);
    return buf_finish_arena(&key);
}

static void check_range(const char *text)
{
    static const char *const r[] = {"a", "b", "b\\u0000", "b\\u0001", "bb", "\\u00ff"};
    static const char *const s[] = {"-1e9", "-2.5", "-2", "0", "30", "30.5"};
    static const char *const t[] = {"AA==", "AAA=", "AP8=", "AQ==", "/w==", "//8="};
    struct bed bed;
    struct value partition[KEY_ATTRIBUTES_MAX];
    struct store_range range;
    unsigned found = 0;

    bed_open(&bed);
    CHECK_OK(read_text(&bed, &multi, text));
    query_key_partition(&bed.key, partition);
    range = query_key_range(&bed.key, components_of(partition, multi.hash_count, &bed.arena),
                            &bed.arena);
    for (unsigned i = 0; i < 4 * 6 * 6 * 6; i++) {
        struct arena_mark mark = arena_mark(&bed.arena);
        struct bytes json =
            arena_format(&bed.arena,
                         "{'h':{'S':'%s'},'i':{'N':'%s'},'r':{'S':'%s'},'s':{'N':'%s'},'t':{"
                         "'B':'%s'}}",
                         (i & 1) != 0 ? "a" : "aa", (i & 2) != 0 ? "1" : "10", r[i / 4 % 6],
                         s[i / 24 % 6], t[i / 144]);
        struct value item = item_of((const char *)json.data, &bed.arena);
        struct value parts[KEY_ATTRIBUTES_MAX];
        struct bytes key;
        bool within;

        for (unsigned j = 0; j < key_schema_count(&multi); j++)
            CHECK(value_find(item, multi.attributes[j].name, &parts[j]));
        key = components_of(parts, key_schema_count(&multi), &bed.arena);
        within = bytes_compare(key, range.from) >= 0 && bytes_compare(key, range.to) < 0;

        if (within != expr_condition_holds(bed.set.filter, item))
            unit_failed(__FILE__, __LINE__, "%s: %.*s is %s the range", text, BYTES_ARGS(json),
                        within ? "in" : "not in");
        found += within;
        arena_release(&bed.arena, mark);
    }
    CHECK(found > 0 && found <= 216);
    arena_fini(&bed.arena);
}

TEST(query_key_range_holds_what_the_condition_picks)
{
    static const char *const texts[] = {
        "h = :h AND i = :i",
        "h = :h AND i = :i AND r = :r",
        "h = :h AND i = :i AND r < :q",
        "h = :h AND i = :i AND r <= :q",
        "h = :h AND i = :i AND r > :r",
        "h = :h AND i = :i AND r >= :q",
        "h = :h AND i = :i AND r BETWEEN :r AND :q",
        "h = :h AND i = :i AND begins_with(r, :r)",
        "h = :h AND i = :i AND begins_with(r, :q)",
        "h = :h AND i = :i AND r = :q AND s = :s",
        "h = :h AND i = :i AND r = :q AND s < :n",
        "h = :h AND i = :i AND r = :q AND s <= :s",
        "h = :h AND i = :i AND r = :r AND s > :s",
        "h = :h AND i = :i AND r = :r AND s >= :n",
        "h = :h AND i = :i AND r = :r AND s BETWEEN :s AND :n",
        "h = :h AND i = :i AND r = :r AND s = :n AND t = :u",
        "h = :h AND i = :i AND r = :r AND s = :n AND t < :u",
        "h = :h AND i = :i AND r = :r AND s = :n AND t <= :t",
        "h = :h AND i = :i AND r = :r AND s = :n AND t > :t",
        "h = :h AND i = :i AND r = :r AND s = :n AND t >= :u",
        "h = :h AND i = :i AND r = :r AND s = :n AND t BETWEEN :t AND :u",
        "h = :h AND i = :i AND r = :r AND s = :n AND begins_with(t, :t)",
        "h = :h AND i = :i AND r = :r AND s = :n AND begins_with(t, :u)",
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        check_range(texts[i]);
}

TEST(query_key_start_lies_within_the_conditions)
{
    static const struct {
        const char *text;
        const char *start;
        const char *message;
    } rows[] = {
        {"h = :h AND i = :i", "{'h':{'S':'a'},'i':{'N':'1'},'r':{'S':'z'}}", ""},
        {"h = :h AND i = :i", "{'h':{'S':'a'},'i':{'N':'2'},'r':{'S':'z'}}",
         "The provided starting key is outside query boundaries based on provided conditions"},
        {"h = :h AND i = :i AND r = :r", "{'h':{'S':'a'},'i':{'N':'2'},'r':{'S':'b'}}",
         "The query can return at most one row and cannot be restarted"},
        {"h = :h AND i = :i AND r = :r", "{'h':{'S':'a'},'i':{'N':'1'},'r':{'S':'c'}}",
         "The provided starting key does not match the range key predicate"},
        {"h = :h AND i = :i AND r = :r AND s > :s",
         "{'h':{'S':'a'},'i':{'N':'1'},'r':{'S':'b'},'s':{'N':'-3'}}",
         "The provided starting key does not match the range key predicate"},
        {"h = :h AND i = :i AND r = :r AND s > :s",
         "{'h':{'S':'a'},'i':{'N':'1'},'r':{'S':'b'},'s':{'N':'-1'}}", ""},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct start_key start = {.given = true};
        struct bed bed;
        enum err err;

        bed_open(&bed);
        CHECK_OK(read_text(&bed, &multi, rows[i].text));
        start.attributes = item_of(rows[i].start, &bed.arena);
        err = query_key_check_start(&bed.req, &bed.key, &start);
        CHECK_TEXT(err == OK ? BYTES("") : bed.req.fault.message, rows[i].message);
        arena_fini(&bed.arena);
    }
}
