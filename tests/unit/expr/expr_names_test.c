/* expr_names_test.c - names and values of a request, and the order of checks over all its
 * expressions (contract core-api-expressions.md 1).
 */
#include "expr_test.h"
#include "unit.h"

struct row {
    struct request request;
    const char *message; /* NULL: accepted */
    bool wrapped;
};

static void check_row(const struct row *row)
{
    struct arena arena;
    struct fault fault;
    struct expr_set set = {0};
    enum err err;

    arena_init(&arena);
    err = parse_request(&row->request, &arena, &fault, &set);
    CHECK_ERR(err, row->message == NULL ? OK : ERR_VALIDATION);
    if (err != OK && row->message != NULL)
        CHECK_TEXT(fault.message, row->message);
    CHECK(err == OK || fault.wrapped == row->wrapped);
    arena_fini(&arena);
}

TEST(expression_names_and_values_are_checked)
{
    static const struct row rows[] = {
        {{.names = "{}", .values = "{}"}, "ExpressionAttributeNames must not be empty", false},
        {{.values = "{}"}, "ExpressionAttributeValues must not be empty", false},
        {{.names = "{'#a':'x','a':''}"},
         "ExpressionAttributeNames contains invalid key: Syntax error; key: \"a\"",
         false},
        {{.names = "{'#':'x'}"},
         "ExpressionAttributeNames contains invalid key: Syntax error; key: \"#\"",
         false},
        {{.names = "{'#a-b':'x'}"},
         "ExpressionAttributeNames contains invalid key: Syntax error; key: \"#a-b\"",
         false},
        {{.names = "{'':'x'}"},
         "ExpressionAttributeNames contains invalid key: Syntax error; key: \"\"",
         false},
        {{.names = "{'#a':''}"},
         "ExpressionAttributeNames contains invalid value: Empty attribute name for key #a",
         false},
        /* all keys before any value, all names before any value */
        {{.values = "{':a':{},'b':{}}"},
         "ExpressionAttributeValues contains invalid key: Syntax error; key: \"b\"",
         false},
        {{.names = "{'#a':''}", .values = "{'b':{}}"},
         "ExpressionAttributeNames contains invalid value: Empty attribute name for key #a",
         false},
        {{.values = "{':a':{'S':'x'},':b':{}}"},
         "ExpressionAttributeValues contains invalid value: Supplied AttributeValue is empty, must "
         "contain exactly one of the supported datatypes for key :b",
         false},
        {{.values = "{':a':{'N':'x'}}"},
         "ExpressionAttributeValues contains invalid value: The parameter cannot be converted to a "
         "numeric value: x for key :a",
         false},
        /* what PutItem wraps stays marked */
        {{.values = "{':a':{'SS':[]}}"},
         "ExpressionAttributeValues contains invalid value: One or more parameter values were "
         "invalid: An string set  may not be empty for key :a",
         true},
        {{.values = "{':a':{'NULL':false}}"},
         "ExpressionAttributeValues contains invalid value: One or more parameter values were "
         "invalid: Null attribute value types must have the value of true for key :a",
         true},
        /* before any expression */
        {{.condition = "", .values = "{':a':{}}"},
         "ExpressionAttributeValues contains invalid value: Supplied AttributeValue is empty, must "
         "contain exactly one of the supported datatypes for key :a",
         false},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check_row(&rows[i]);
}

TEST(expressions_are_checked_in_the_services_order)
{
    static const struct row rows[] = {
        {{.update = "", .condition = "", .key_condition = "", .filter = "", .projection = ""},
         "Invalid UpdateExpression: The expression can not be empty;",
         true},
        {{.update = "SET a = b", .condition = "", .key_condition = "", .filter = ""},
         "Invalid ConditionExpression: The expression can not be empty;",
         true},
        {{.key_condition = "", .filter = "", .projection = ""},
         "Invalid KeyConditionExpression: The expression can not be empty;",
         true},
        {{.filter = "", .projection = ""},
         "Invalid FilterExpression: The expression can not be empty;",
         true},
        {{.projection = ""},
         "Invalid ProjectionExpression: The expression can not be empty;",
         true},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check_row(&rows[i]);
}

TEST(unused_names_and_values_are_told)
{
    static const struct row rows[] = {
        {{.projection = "a", .names = "{'#a':'x','#b':'y'}"},
         "Value provided in ExpressionAttributeNames unused in expressions: keys: {#a, #b}",
         false},
        {{.condition = "#a = :b",
          .names = "{'#a':'x','#b':'y'}",
          .values = "{':a':{'S':''},':b':{'S':''},':c':{'S':''}}"},
         "Value provided in ExpressionAttributeNames unused in expressions: keys: {#b}",
         false},
        {{.condition = "a = :b", .values = "{':a':{'S':''},':b':{'S':''},':c':{'S':''}}"},
         "Value provided in ExpressionAttributeValues unused in expressions: keys: {:a, :c}",
         false},
        /* used anywhere, also where nothing looks at it */
        {{.update = "SET a = if_not_exists(b, :a)",
          .condition = "#a = :b",
          .projection = "c.#b",
          .names = "{'#a':'x','#b':'y'}",
          .values = "{':a':{'S':''},':b':{'S':''}}"},
         NULL,
         false},
        /* the last of equal keys counts, and the first is not unused */
        {{.condition = "begins_with(a, :a)", .values = "{':a':{'N':'1'},':a':{'S':''}}"},
         NULL,
         false},
        /* null is absent */
        {{.condition = "a = :a", .values = "{':a':{'S':''},':b':null}"}, NULL, false},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check_row(&rows[i]);
}

/* Past a few, keys are looked up another way. */
TEST(many_names_and_values_are_found)
{
    struct arena arena;
    struct fault fault;
    struct expr_set set = {0};
    struct request request = {0};
    struct bytes text = BYTES("a IN (:v0"), values = BYTES("'first':0");

    arena_init(&arena);
    values = BYTES("':v0':{'N':'0'}");
    for (unsigned i = 1; i < 100; i++) {
        unsigned other = i * 37 % 100; /* in another order */

        text = arena_format(&arena, "%.*s,:v%u", BYTES_ARGS(text), i);
        values = arena_format(&arena, "%.*s,':v%u':{'N':'%u'}", BYTES_ARGS(values), other, other);
    }
    request.filter = (const char *)arena_format(&arena, "%.*s)", BYTES_ARGS(text)).data;
    request.values = (const char *)arena_format(&arena, "{%.*s}", BYTES_ARGS(values)).data;
    CHECK_OK(parse_request(&request, &arena, &fault, &set));
    CHECK(expr_condition_holds(set.filter, item_of("{'a':{'N':'63'}}", &arena)));
    CHECK(!expr_condition_holds(set.filter, item_of("{'a':{'N':'100'}}", &arena)));
    request.filter = "a = :v7 AND b = :v70 OR c = :v100";
    CHECK_ERR(parse_request(&request, &arena, &fault, &set), ERR_VALIDATION);
    CHECK_TEXT(fault.message, "Invalid FilterExpression: An expression attribute value used in "
                              "expression is not defined; attribute value: :v100");
    arena_fini(&arena);
}

TEST(names_and_values_are_bounded_together)
{
    static char large[(2 << 20) + 1];
    struct arena arena;
    struct fault fault;
    struct expr_set set = {0};
    struct request request = {.filter = "a = :v"};

    arena_init(&arena);
    memset(large, 'x', (2 << 20) - 2);
    request.values = (const char *)arena_format(&arena, "{':v':{'S':'%s'}}", large).data;
    CHECK_OK(parse_request(&request, &arena, &fault, &set));
    large[(2 << 20) - 2] = 'x';
    request.values = (const char *)arena_format(&arena, "{':v':{'S':'%s'}}", large).data;
    CHECK_ERR(parse_request(&request, &arena, &fault, &set), ERR_VALIDATION);
    arena_fini(&arena);
}
