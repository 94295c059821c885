/* ops_test.c - the rows of operations and shapes hang together. */
#include "api/ops.h"
#include "api/shape.h"
#include "unit.h"

#include <stdio.h>

static struct bytes target_of(const struct op *op, char *text, size_t size)
{
    struct bytes prefix = op_service_target(op->service);

    snprintf(text, size, "%.*s.%.*s", BYTES_ARGS(prefix), BYTES_ARGS(op->name));
    return bytes_of_string(text);
}

TEST(ops_are_sorted_and_found_by_their_targets)
{
    unsigned counts[SERVICE_COUNT] = {0};
    char text[128];

    for (unsigned i = 0; i < OP_COUNT; i++) {
        CHECK_U64(ops[i].id, i);
        CHECK(op_find(target_of(&ops[i], text, sizeof(text))) == &ops[i]);
        counts[ops[i].service]++;
        if (i != 0 && ops[i - 1].service == ops[i].service)
            CHECK(bytes_compare(ops[i - 1].name, ops[i].name) < 0);
    }
    CHECK_U64(counts[SERVICE_DYNAMODB], 62);
    CHECK_U64(counts[SERVICE_STREAMS], 4);
}

TEST(op_find_knows_no_other_targets)
{
    static const char *const bad[] = {
        "",
        ".",
        "PutItem",
        ".PutItem",
        "DynamoDB_20120810",
        "DynamoDB_20120810.",
        "DynamoDB_20120810.PutIte",
        "DynamoDB_20120810.PutItems",
        "DynamoDB_20120810.putItem",
        "DynamoDB_20120810..PutItem",
        "DynamoDB_20120810.PutItem.",
        "DynamoDB_20120810 PutItem",
        "DynamoDB_20111205.PutItem",
        "DynamoDB_20120810.ListStreams",
        "DynamoDBStreams_20120810.PutItem",
        "DynamoDB_20120810.ZZZ",
        "DynamoDB_20120810.AAA",
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CHECK(op_find(bytes_of_string(bad[i])) == NULL);
}

TEST(ops_that_are_served_are_those_with_a_handler)
{
    CHECK(op_find(BYTES("DynamoDB_20120810.PutItem"))->served);
    CHECK(!op_find(BYTES("DynamoDB_20120810.SearchVectors"))->served);
    CHECK(strcmp(op_access_name(ops[OP_ID_PutItem].access), "WRITE") == 0);
    CHECK(strcmp(op_access_name(ops[OP_ID_TagResource].access), "TAGGING") == 0);
}

TEST(shapes_hang_together)
{
    for (unsigned i = 0; i < OP_COUNT; i++)
        CHECK(ops[i].input->kind == SHAPE_STRUCTURE);
    for (unsigned i = 0; i < SHAPE_COUNT; i++) {
        const struct shape *shape = &shapes[i];

        CHECK(shape->name != NULL);
        CHECK(shape->max == 0 || shape->min <= shape->max);
        CHECK(shape->kind != SHAPE_MAP || shapes[shape->key].kind == SHAPE_STRING);
        for (unsigned m = 0; m < shape->member_count; m++) {
            CHECK_U64(shape_member_find(shape, shape->members[m].name), m); /* no name twice */
            CHECK(shape->members[m].name.data[0] >= 'A' && shape->members[m].name.data[0] <= 'Z');
        }
    }
    CHECK(shape_member_find(&shapes[SHAPE_PutItemInput], BYTES("tableName")) == -1);
    CHECK(shape_member_find(&shapes[SHAPE_DescribeLimitsInput], BYTES("x")) == -1);
}

TEST(shape_patterns_match_what_their_expressions_say)
{
    static const struct {
        const struct shape_pattern *pattern;
        const char *text;
        bool matches;
    } rows[] = {
        {&shape_pattern_name, "aZ09_.-", true},
        {&shape_pattern_name, "", false},
        {&shape_pattern_name, "a b", false},
        {&shape_pattern_name, "a:b", false},
        {&shape_pattern_name, "\xc3\xa9", false},
        {&shape_pattern_no_dollar, "a b", true},
        {&shape_pattern_no_dollar, "a$b", false},
        {&shape_pattern_no_dollar, "", false},
        {&shape_pattern_bucket, "my-bucket.1_x9", true},
        {&shape_pattern_bucket, "ab", true},
        {&shape_pattern_bucket, "a", false},
        {&shape_pattern_bucket, "-ab", false},
        {&shape_pattern_bucket, "ab-", false},
        {&shape_pattern_bucket, "a/b", false},
        {&shape_pattern_account, "123456789012", true},
        {&shape_pattern_account, "12345678901", false},
        {&shape_pattern_account, "1234567890123", false},
        {&shape_pattern_account, "12345678901x", false},
        {&shape_pattern_csv_delimiter, "|", true},
        {&shape_pattern_csv_delimiter, "\t", true},
        {&shape_pattern_csv_delimiter, "", false},
        {&shape_pattern_csv_delimiter, "a", false},
        {&shape_pattern_csv_delimiter, ",,", false},
        {&shape_pattern_csv_header, "", true},
        {&shape_pattern_csv_header, "a header!", true},
        {&shape_pattern_csv_header, "a\"b", false},
        {&shape_pattern_csv_header, "a,b", false},
        {&shape_pattern_csv_header, "\x7f", false},
        {&shape_pattern_hex_blocks, "0123456789abcdef", true},
        {&shape_pattern_hex_blocks, "0123456789abcdef0123456789abcdef", true},
        {&shape_pattern_hex_blocks, "0123456789abcdeF", false},
        {&shape_pattern_hex_blocks, "0123456789abcde", false},
        {&shape_pattern_hex_blocks, "", false},
        {&shape_pattern_text, "", true},
        {&shape_pattern_text, "a\r\n\t\xc3\xa9\xf0\x9f\x98\x80\xef\xbf\xbd", true},
        {&shape_pattern_text, "a\x01", false},
        {&shape_pattern_text, "\xef\xbf\xbe", false},
        {&shape_pattern_printable, "a b~", true},
        {&shape_pattern_printable, "", false},
        {&shape_pattern_printable, "a\n", false},
        {&shape_pattern_printable, "\xc3\xa9", false},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].pattern->matches(bytes_of_string(rows[i].text)) != rows[i].matches)
            unit_failed(__FILE__, __LINE__, "'%s' and %s", rows[i].text, rows[i].pattern->text);
    }
}
