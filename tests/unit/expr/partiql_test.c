/* partiql_test.c - PartiQL statements: contract core-api-partiql.md 2, 5 and 6. */
#include "expr/partiql.h"
#include "expr_test.h"
#include "unit.h"

#include <string.h>

#define F     "Statement wasn't well formed, can't be processed: "
#define COUNT "Number of parameters in request and statement don't match."
#define IN_LIST                                                                             \
    "IN operator must have a left hand argument of type Variable Reference and right hand " \
    "argument of type Seq with at least one member"
#define TYPE "Incorrect operand type for operator or function"

static const char item_json[] =
    "{'pk':{'S':'a'},'n':{'N':'5'},'s':{'S':'hello'},'b':{'B':'AQI='},'t':{'BOOL':true},"
    "'nul':{'NULL':true},'ss':{'SS':['x','y']},'l':{'L':[{'N':'1'},{'S':'q'}]},"
    "'m':{'M':{'k':{'N':'7'},'two words':{'S':'w'}}}}";

static enum err parse(const char *text, const char *parameters, struct arena *arena,
                      struct fault *fault, struct partiql_statement **statement)
{
    fault_init(fault, arena);
    return partiql_parse(bytes_of_string(text), json_read(parameters, arena), arena, fault,
                         statement);
}

TEST(partiql_refuses)
{
    static const struct {
        const char *text;
        const char *message;
        const char *parameters;
    } rows[] = {
        {"", F "Expected data manipulation", NULL},
        {"FOO", F "Expected data manipulation", NULL},
        {"CREATE TABLE t", F "Expected data manipulation", NULL},
        {"SELECT FROM t", F "Cannot have empty SELECT list", NULL},
        {"SELECT * t", F "Expected FROM after SELECT list", NULL},
        {"SELECT *, a FROM t",
         F "Other expressions may not be present in the select list when '*' is used without dot "
           "notation.",
         NULL},
        {"SELECT COUNT(*) FROM t", "Unexpected path component at 1:8:5", NULL},
        {"SELECT a,\n  size(b) FROM t", "Unexpected path component at 2:3:4", NULL},
        {"SELECT 1 FROM t", "Unexpected path component at 1:8:1", NULL},
        {"SELECT a.\"\" FROM t", "Path component cannot be an empty string", NULL},
        {"SELECT a. FROM t", F "Invalid path dot component", NULL},
        {"SELECT a[b] FROM t", "Unexpected path component at 1:10:1", NULL},
        {"SELECT a[-1] FROM t", "Unexpected path component at 1:10:1", NULL},
        {"SELECT a[1.5] FROM t", "Unexpected path component at 1:10:3", NULL},
        {"SELECT a[4294967295] FROM t",
         "List index is not within the allowable range; index: [4294967295] at 1:10:10", NULL},
        {"SELECT a, a.b FROM t",
         "Two document paths overlap with each other; must remove or rewrite one of these paths; "
         "path one: [a], path two: [a, b]",
         NULL},
        {"SELECT a[0], a.b FROM t",
         "Two document paths conflict with each other; must remove or rewrite one of these paths; "
         "path one: [a, [0]], path two: [a, b]",
         NULL},
        {"SELECT select FROM t", F "Expected identifier for simple path", NULL},
        {"SELECT * FROM", F "Expected identifier for simple path", NULL},
        {"SELECT * FROM 't'", F "Expected identifier for simple path", NULL},
        {"SELECT * FROM \"\"", "Path component cannot be an empty string", NULL},
        {"SELECT * FROM \"t\".\"\"", "Path component cannot be an empty string", NULL},
        {"SELECT * FROM \"t\".\"i\".\"x\"",
         "A path may contain at most 2 components in the FROM clause", NULL},
        {"SELECT * FROM t AS x", "Aliasing is not supported", NULL},
        {"SELECT * FROM t LIMIT 5", "Unsupported clause: LIMIT at 1:23:1", NULL},
        {"SELECT * FROM t;;", F "Unexpected token after expression", NULL},
        {"SELECT * FROM t WHERE", F "Unexpected term", NULL},
        {"SELECT * FROM t WHERE a",
         "WHERE clause must contain an expression that resolves to a boolean", NULL},
        {"SELECT * FROM t WHERE a =", F "Missing right-hand side expression of infix operator",
         NULL},
        {"SELECT * FROM t WHERE a = b c", F "Unexpected token after expression", NULL},
        {"SELECT * FROM t WHERE a = 'open", F "Unexpected term", NULL},
        {"SELECT * FROM t WHERE a = 12x", F "Unexpected term", NULL},
        {"SELECT * FROM t WHERE a LIKE 'x'",
         "Unsupported operator in Condition Expression. Operator: like", NULL},
        {"SELECT * FROM t WHERE a IS STRING", F "Expected type name", NULL},
        {"SELECT * FROM t WHERE 1 IS MISSING", F "Unexpected keyword", NULL},
        {"SELECT * FROM t WHERE a IN b", IN_LIST, NULL},
        {"SELECT * FROM t WHERE a IN [1", F "Unexpected token", NULL},
        {"SELECT * FROM t WHERE a BETWEEN 1 AND", F "Expected expression after AND", NULL},
        {"SELECT * FROM t WHERE (a = 1", F "Unexpected token", NULL},
        {"SELECT * FROM t WHERE foo(a, 1)", "Unrecognized function: foo", NULL},
        {"SELECT * FROM t WHERE EXISTS(SELECT * FROM t)", F "Unexpected keyword", NULL},
        {"SELECT * FROM t ORDER a", F "Unexpected token", NULL},
        {"EXISTS (SELECT * FROM t", F "Unexpected token", NULL},
        {"INSERT t VALUE {}", F "Unexpected token", NULL},
        {"INSERT INTO t VALUES ('a')", F "Unexpected term", NULL},
        {"INSERT INTO \"t\".\"i\" VALUE {}", F "Unexpected term", NULL},
        {"INSERT INTO t VALUE 'a'", F "Unexpected term", NULL},
        {"INSERT INTO t VALUE {'a': 1} IF NOT EXISTS", F "Unexpected token after expression", NULL},
        {"INSERT INTO t VALUE {'a' 1}", F "Unexpected token", NULL},
        {"INSERT INTO t VALUE {\"a\": 1}", F "Unexpected term", NULL},
        {"INSERT INTO t VALUE {'a': b}", F "Unexpected term", NULL},
        {"INSERT INTO t VALUE {'a': <<>>}", "Empty bags are not supported at 1:27:2", NULL},
        {"INSERT INTO t VALUE {'a': <<'x', 1>>}",
         "Unsupported data type in Bag. DynamoDB only supports either numbers or strings in bags",
         NULL},
        {"INSERT INTO t VALUE {'a': <<TRUE>>}",
         "Unsupported data type in Bag. DynamoDB only supports either numbers or strings in bags",
         NULL},
        {"INSERT INTO t VALUE {'a': <<1, 1.0>>}", "Input collection contains duplicates", NULL},
        {"INSERT INTO t VALUE {'a': 1e200}",
         "Number overflow. Attempting to store a number with magnitude larger than supported range",
         NULL},
        {"UPDATE t WHERE pk = 'a'", F "Expected data manipulation", NULL},
        {"UPDATE t SET", F "Expected assignment for SET", NULL},
        {"UPDATE t SET a WHERE pk = 'a'", F "Unexpected token", NULL},
        {"UPDATE t SET a = WHERE pk = 'a'", F "Unexpected keyword", NULL},
        {"UPDATE t SET a = 1 SET a.b = 2 WHERE pk = 'a'",
         "Two document paths overlap with each other; must remove or rewrite one of these paths; "
         "path one: [a], path two: [a, b]",
         NULL},
        {"UPDATE t SET a = size(b) WHERE pk = 'a'",
         "The function is not allowed in an update expression; function: size", NULL},
        {"UPDATE t SET a = 1 WHERE pk = 'a' RETURNING *",
         F "Expected ( MODIFIED | ALL ) ( NEW | OLD ) in each returning element.", NULL},
        {"UPDATE t SET a = 1 WHERE pk = 'a' RETURNING ALL NEW", F "Unexpected token", NULL},
        {"DELETE t WHERE pk = 'a'", F "Expected FROM after DELETE", NULL},
        {"SELECT * FROM t WHERE a = ?", COUNT, NULL},
        {"SELECT * FROM t WHERE a = ?", COUNT, "[{'S':'a'},{'S':'b'}]"},
        {"SELECT * FROM t", COUNT, "[{'S':'a'}]"},
        {"SELECT * FROM t WHERE a = ?",
         "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes",
         "[{}]"},
        {"SELECT * FROM t WHERE a < TRUE", TYPE, NULL},
        {"SELECT * FROM t WHERE a >= ?", TYPE, "[{'L':[]}]"},
        {"SELECT * FROM t WHERE a > ?", COUNT, NULL},
        {"SELECT * FROM t WHERE a BETWEEN 1 AND NULL", TYPE, NULL},
        {"SELECT * FROM t WHERE begins_with(a, 1)", TYPE, NULL},
        {"SELECT * FROM t WHERE attribute_type(a, 'X')",
         "Invalid attribute type name found; type: X, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}",
         NULL},
        {"SELECT * FROM t WHERE a IN ?", IN_LIST, "[{'S':'x'}]"},
        {"UPDATE t SET a = a + 'x' WHERE pk = 'a'", TYPE, NULL},
        {"UPDATE t SET a = list_append(a, 'x') WHERE pk = 'a'", TYPE, NULL},
        {"UPDATE t SET a = set_add(a, ['x']) WHERE pk = 'a'",
         "The second argument to SET_ADD must be a value with type SET at 1:26:1", NULL},
        {"INSERT INTO t VALUE {'a': 1, 'b': 2, 'a': 3}", "Duplicate keys in tuple. Key: a", NULL},
        {"INSERT INTO t VALUE {'': 1}", "Path component cannot be an empty string", NULL},
        {"SELECT * FROM t WHERE a = a",
         "The first operand must be distinct from the remaining operands for this operator or "
         "function; operator: =, first operand: [a]",
         NULL},
        {"SELECT * FROM t WHERE a BETWEEN 2 AND 1",
         "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; "
         "lower bound operand: AttributeValue: {N:2}, upper bound operand: AttributeValue: {N:1}",
         NULL},
        {"SELECT a b FROM t", "Aliasing is not supported", NULL},
        {"SELECT * FROM t GROUP BY a", "Unsupported clause: GROUP BY", NULL},
        {"INSERT INTO t VALUE ?", TYPE, "[{'S':'x'}]"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct partiql_statement *statement;
        struct fault fault;
        struct arena arena;
        enum err err;

        arena_init(&arena);
        err = parse(rows[i].text, rows[i].parameters, &arena, &fault, &statement);
        if (err != ERR_VALIDATION || !bytes_equal_string(fault.message, rows[i].message))
            unit_failed(__FILE__, __LINE__, "%s: %s, \"%.*s\"", rows[i].text, err_name(err),
                        BYTES_ARGS(fault.message));
        arena_fini(&arena);
    }
}

TEST(partiql_conditions_hold)
{
    static const struct {
        const char *condition;
        bool holds;
    } rows[] = {
        {"pk = 'a'", true},
        {"\"pk\" = 'a'", true},
        {"'a' = pk", true},
        {"PK = 'a'", false},
        {"n = 5", true},
        {"n = 5.0", true},
        {"n = 0.5e1", true},
        {"n = 50E-1", true},
        {"n = .5", false},
        {"n > -6 And n < 6", true},
        {"n <> 4", true},
        {"n != 4", true},
        {"n <> 5", false},
        {"n <> 'x'", true},
        {"n = '5'", false},
        {"absent = 1", false},
        {"absent <> 1", false},
        {"1 <> absent", false},
        {"NOT absent = 1", true},
        {"NOT (absent <> 1)", true},
        {"NOT NOT n = 5", true},
        {"n BETWEEN 5 AND 6", true},
        {"n NOT BETWEEN 5 AND 6", false},
        {"n BETWEEN 6 AND 7 OR s BETWEEN 'h' AND 'i'", true},
        {"n IN [1, 5]", true},
        {"n IN (1, 5)", true},
        {"n NOT IN (1, 5)", false},
        {"s IN ['x', n]", false},
        {"absent IS MISSING", true},
        {"absent IS NOT MISSING", false},
        {"n IS MISSING", false},
        {"m.k IS NOT MISSING", true},
        {"nul IS NULL", true},
        {"nul IS MISSING", false},
        {"absent IS NULL", false},
        {"n IS NOT NULL", true},
        {"begins_with(s, 'he')", true},
        {"BEGINS_WITH(s, 'lo')", false},
        {"contains(s, 'ell')", true},
        {"contains(ss, 'x')", true},
        {"contains(l, 1)", true},
        {"contains(l, '1')", false},
        {"attribute_type(s, 'S')", true},
        {"attribute_type(s, 'N')", false},
        {"size(s) = 5", true},
        {"SIZE(l) >= 3", false},
        {"size(absent) <> 3", false},
        {"\"size\" = 3", false},
        {"m.k = 7", true},
        {"m.\"two words\" = 'w'", true},
        {"m['two words'] = 'w'", true},
        {"attribute_exists(m.k) AND attribute_not_exists(m.z)", true},
        {"n = +5", true},
        {"\"m\" . \"k\" = 7", true},
        {"l[0] = 1", true},
        {"l [ 1 ] = 'q'", true},
        {"l[2] IS MISSING", true},
        {"l = [1, 'q']", true},
        {"l = ['q', 1]", false},
        {"ss = <<'y', 'x'>>", true},
        {"m = {'two words': 'w', 'k': 7}", true},
        {"m = {'k': 7}", false},
        {"t = TRUE", true},
        {"t = false", false},
        {"nul = null", true},
        {"s = 'it''s'", false},
        {"'it''s' = 'it''s'", true},
        {"n = 5 OR n = 6 AND n = 7", true},
        {"(n = 5 OR n = 6) AND n = 7", false},
        {"NOT n = 5 OR n = 5", true},
        {"NOT n = 6 AND n = 6", false},
        {"n = 5 -- AND n = 6", true},
        {"n /* the\nnumber */ = 5", true},
        {"\"old\" = 1 OR \"New\" = 1 OR n = 5", true},
    };
    struct arena arena;

    arena_init(&arena);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bytes text = arena_format(&arena, "SELECT * FROM t WHERE %s", rows[i].condition);
        struct partiql_statement *statement;
        struct fault fault;

        if (parse((const char *)text.data, NULL, &arena, &fault, &statement) != OK) {
            unit_failed(__FILE__, __LINE__, "%s: %.*s", rows[i].condition,
                        BYTES_ARGS(fault.message));
            continue;
        }
        if (expr_condition_holds(statement->where, item_of(item_json, &arena)) != rows[i].holds)
            unit_failed(__FILE__, __LINE__, "%s", rows[i].condition);
    }
    arena_fini(&arena);
}

TEST(partiql_literals_are_values)
{
    static const struct {
        const char *literal;
        const char *value;
        const char *parameters;
    } rows[] = {
        {"'x'", "{'S':'x'}", NULL},
        {"''", "{'S':''}", NULL},
        {"-1.50", "{'N':'-1.5'}", NULL},
        {"- 1", "{'N':'-1'}", NULL},
        {"1e3", "{'N':'1000'}", NULL},
        {"NULL", "{'NULL':true}", NULL},
        {"[]", "{'L':[]}", NULL},
        {"{}", "{'M':{}}", NULL},
        {"[[], {'b': [1], 'a': <<2, 1>>}, ?]",
         "{'L':[{'L':[]},{'M':{'a':{'NS':['1','2']},'b':{'L':[{'N':'1'}]}}},{'B':'AQ=='}]}",
         "[{'B':'AQ=='}]"},
        {"<<?, ?>>", "{'BS':['AQ==','Ag==']}", "[{'B':'Ag=='},{'B':'AQ=='}]"},
        {"{'b': 1, 'a': +2}", "{'M':{'a':{'N':'2'},'b':{'N':'1'}}}", NULL},
        {"?", "{'M':{'x':{'SS':['1']}}}", "[{'M':{'x':{'SS':['1']}}}]"},
    };
    struct arena arena;

    arena_init(&arena);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bytes text = arena_format(&arena, "INSERT INTO t VALUE {'v': %s}", rows[i].literal);
        struct bytes expected = arena_format(&arena, "{'v':%s}", rows[i].value);
        struct partiql_statement *statement;
        struct fault fault;

        if (parse((const char *)text.data, rows[i].parameters, &arena, &fault, &statement) != OK)
            unit_failed(__FILE__, __LINE__, "%s: %.*s", rows[i].literal, BYTES_ARGS(fault.message));
        else if (!value_equal(statement->item, item_of((const char *)expected.data, &arena)))
            unit_failed(__FILE__, __LINE__, "%s is %s", rows[i].literal,
                        json_of(statement->item, &arena));
    }
    arena_fini(&arena);
}

TEST(partiql_updates)
{
    static const struct {
        const char *clauses;
        const char *item; /* or the fault */
    } rows[] = {
        {"SET a = 1", "{'a':{'N':'1'},'l':{'L':[{'N':'1'}]},'n':{'N':'5'},'ss':{'SS':['x']}}"},
        {"SET n = n + 1 - 3 + n", "{'l':{'L':[{'N':'1'}]},'n':{'N':'8'},'ss':{'SS':['x']}}"},
        {"SET n = n - (n - 1)", "{'l':{'L':[{'N':'1'}]},'n':{'N':'1'},'ss':{'SS':['x']}}"},
        {"SET n=n-1", "{'l':{'L':[{'N':'1'}]},'n':{'N':'4'},'ss':{'SS':['x']}}"},
        {"SET n = -1", "{'l':{'L':[{'N':'1'}]},'n':{'N':'-1'},'ss':{'SS':['x']}}"},
        {"REMOVE n, ss REMOVE l[0]", "{'l':{'L':[]}}"},
        {"SET l[9] = 2, n = 6 REMOVE ss SET b = n",
         "{'b':{'N':'5'},'l':{'L':[{'N':'1'},{'N':'2'}]},'n':{'N':'6'}}"},
        {"SET l = list_append(l, ['q'])",
         "{'l':{'L':[{'N':'1'},{'S':'q'}]},'n':{'N':'5'},'ss':{'SS':['x']}}"},
        {"SET l = LIST_APPEND(list_append([0], l), [2])",
         "{'l':{'L':[{'N':'0'},{'N':'1'},{'N':'2'}]},'n':{'N':'5'},'ss':{'SS':['x']}}"},
        {"SET a = if_not_exists(a, n + 1), n = if_not_exists(n, 1)",
         "{'a':{'N':'6'},'l':{'L':[{'N':'1'}]},'n':{'N':'5'},'ss':{'SS':['x']}}"},
        {"SET ss = set_add(ss, <<'y', 'x'>>)",
         "{'l':{'L':[{'N':'1'}]},'n':{'N':'5'},'ss':{'SS':['x','y']}}"},
        {"SET s2 = set_add(s2, <<1>>)",
         "{'l':{'L':[{'N':'1'}]},'n':{'N':'5'},'s2':{'NS':['1']},'ss':{'SS':['x']}}"},
        {"SET s2 = set_delete(s2, <<'x'>>)",
         "{'l':{'L':[{'N':'1'}]},'n':{'N':'5'},'ss':{'SS':['x']}}"},
        {"SET ss = set_delete(ss, <<'x', 'y'>>)", "{'l':{'L':[{'N':'1'}]},'n':{'N':'5'}}"},
        {"SET ss = set_delete(ss, <<'y'>>)",
         "{'l':{'L':[{'N':'1'}]},'n':{'N':'5'},'ss':{'SS':['x']}}"},
        {"SET n = set_add(n, <<'y'>>)",
         "An operand in the update expression has an incorrect data type"},
        {"SET a = set_delete(b, <<'y'>>)",
         "The first argument to SET_DELETE must equal the assignment value"},
        {"SET a.b = 1",
         "The document path provided in the update expression is invalid for update"},
        {"SET a = b + 1",
         "The provided expression refers to an attribute that does not exist in the item"},
    };
    struct arena arena;

    arena_init(&arena);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct value item =
            item_of("{'n':{'N':'5'},'l':{'L':[{'N':'1'}]},'ss':{'SS':['x']}}", &arena);
        struct bytes text = arena_format(&arena, "UPDATE t %s WHERE pk = 'a'", rows[i].clauses);
        struct partiql_statement *statement;
        struct fault fault;
        struct value updated;
        enum err err = parse((const char *)text.data, NULL, &arena, &fault, &statement);

        if (err == OK)
            err = expr_update_apply(statement->update, item, &arena, &fault, &updated);
        if (err != OK && !bytes_equal_string(fault.message, rows[i].item))
            unit_failed(__FILE__, __LINE__, "%s: %.*s", rows[i].clauses, BYTES_ARGS(fault.message));
        if (err == OK && strcmp(json_of(updated, &arena), rows[i].item) != 0)
            unit_failed(__FILE__, __LINE__, "%s: %s", rows[i].clauses, json_of(updated, &arena));
    }
    arena_fini(&arena);
}

TEST(partiql_statements_are_read)
{
    struct partiql_statement *s;
    struct fault fault;
    struct arena arena;

    arena_init(&arena);
    CHECK_OK(parse("SELECT a, \"b\"\"c\".d FROM \"t-1\".\"i\" ORDER BY pk, \"sk\" DESC", NULL,
                   &arena, &fault, &s));
    CHECK(s->kind == PARTIQL_SELECT && s->projection != NULL && s->where == NULL);
    CHECK(bytes_equal_string(s->table, "t-1") && bytes_equal_string(s->index, "i"));
    CHECK_U64(s->order_count, 2);
    CHECK(bytes_equal_string(s->orders[1].attribute, "sk"));
    CHECK(!s->orders[0].descending && s->orders[1].descending);

    CHECK_OK(parse("exists(select * from t where pk = 1)", NULL, &arena, &fault, &s));
    CHECK(s->kind == PARTIQL_EXISTS && s->projection == NULL && s->where != NULL);

    CHECK_OK(parse("UPDATE \"t\" SET a = 1 WHERE pk = 1 RETURNING modified old *", NULL, &arena,
                   &fault, &s));
    CHECK(s->kind == PARTIQL_UPDATE && s->returning == PARTIQL_RETURNS_MODIFIED_OLD);
    CHECK_OK(
        parse("DELETE FROM t WHERE pk = ? RETURNING ALL OLD *", "[{'N':'1'}]", &arena, &fault, &s));
    CHECK(s->kind == PARTIQL_DELETE && s->returning == PARTIQL_RETURNS_ALL_OLD);
    CHECK_U64(s->parameter_count, 1);
    arena_fini(&arena);
}

/* What nests without end ends; what nests a little does not. */
TEST(partiql_bounds_nesting)
{
    static const struct {
        const char *before, *repeated, *between, *closing, *after;
    } rows[] = {
        {"SELECT * FROM t WHERE ", "(", "a = 1", ")", ""},
        {"SELECT * FROM t WHERE ", "NOT ", "a = 1", "", ""},
        {"UPDATE t SET a = ", "(", "1", ")", " WHERE pk = 1"},
        {"UPDATE t SET a = 1", " + 1", "", "", " WHERE pk = 1"},
        {"UPDATE t SET a = ", "list_append(", "[]", ", [])", " WHERE pk = 1"},
    };
    struct arena arena;

    arena_init(&arena);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (unsigned depth = 20; depth <= 8000; depth *= 20) {
            struct partiql_statement *statement;
            struct fault fault;
            struct buf text;
            enum err err;

            buf_init_arena(&text, &arena, SIZE_MAX);
            buf_append_string(&text, rows[i].before);
            for (unsigned j = 0; j < depth; j++)
                buf_append_string(&text, rows[i].repeated);
            buf_append_string(&text, rows[i].between);
            for (unsigned j = 0; j < depth; j++)
                buf_append_string(&text, rows[i].closing);
            buf_append_string(&text, rows[i].after);
            buf_append_byte(&text, 0);
            err =
                parse((const char *)buf_finish_arena(&text).data, NULL, &arena, &fault, &statement);
            CHECK_ERR(err, depth == 20 ? OK : ERR_VALIDATION);
            if (err != OK)
                CHECK(bytes_equal_string(fault.message, F "The statement is nested too deeply"));
        }
    }
    arena_fini(&arena);
}

TEST(partiql_values_nest_as_deep_as_items)
{
    struct arena arena;

    arena_init(&arena);
    for (unsigned lists = 31; lists <= 32; lists++) {
        struct partiql_statement *statement;
        struct fault fault;
        struct buf text;

        buf_init_arena(&text, &arena, SIZE_MAX);
        buf_append_string(&text, "UPDATE t SET a = ");
        for (unsigned i = 0; i < lists; i++)
            buf_append_byte(&text, '[');
        buf_append_byte(&text, '?');
        for (unsigned i = 0; i < lists; i++)
            buf_append_byte(&text, ']');
        buf_append_string(&text, " WHERE pk = 1");
        buf_append_byte(&text, 0);
        CHECK_ERR(parse((const char *)buf_finish_arena(&text).data, "[{'N':'1'}]", &arena, &fault,
                        &statement),
                  lists == 31 ? OK : ERR_VALIDATION);
        if (lists == 32)
            CHECK(
                bytes_equal_string(fault.message, "Nesting Levels have exceeded supported limits"));
    }
    arena_fini(&arena);
}

/* "values|ranges" that a WHERE has for pk and sk. */
TEST(partiql_finds_keys)
{
    static const struct {
        const char *where;
        unsigned values, ranges;
    } rows[] = {
        {"pk = 1", 1, 1},
        {"1 = pk AND x = 2", 1, 1},
        {"x = 2 AND (y = 3 AND pk = 1)", 1, 1},
        {"pk = 1 OR x = 2", 0, 0},
        {"NOT pk = 1", 0, 0},
        {"pk <> 1", 0, 0},
        {"pk = x", 0, 0},
        {"pk.a = 1", 0, 0},
        {"pk = 1 OR pk = 2 OR pk IN [2, 3]", 3, 0},
        {"(pk = 1 OR pk = 2) AND x = 1", 2, 0},
        {"pk = 1 OR (pk = 2 AND x = 1)", 0, 0},
        {"pk IN [1, 2, 2]", 2, 0},
        {"pk IN [1, x]", 0, 0},
        {"x IN [1, 2]", 0, 0},
        {"pk > 1 AND pk <= 5", 0, 2},
        {"1 < pk", 0, 1},
        {"pk BETWEEN 1 AND 2 AND begins_with(pk, 'a')", 0, 2},
        {"pk BETWEEN x AND 2", 0, 0},
        {"pk NOT BETWEEN 1 AND 2", 0, 0},
        {"contains(pk, 'a') AND size(pk) > 1", 0, 0},
        {"attribute_type(pk, 'S') AND pk IS NOT MISSING", 0, 0},
    };
    struct arena arena;

    arena_init(&arena);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bytes text = arena_format(&arena, "SELECT * FROM t WHERE %s", rows[i].where);
        const struct expr_key_condition *ranges;
        const struct value *values;
        struct partiql_statement *s;
        struct fault fault;

        CHECK_OK(parse((const char *)text.data, NULL, &arena, &fault, &s));
        if (partiql_key_values(s->where, BYTES("pk"), &arena, &values) != rows[i].values ||
            partiql_key_ranges(s->where, BYTES("pk"), &arena, &ranges) != rows[i].ranges)
            unit_failed(__FILE__, __LINE__, "%s", rows[i].where);
    }
    arena_fini(&arena);
}

TEST(partiql_selects_are_told_by_their_first_word)
{
    static const struct {
        const char *text;
        bool is_select;
    } rows[] = {
        {"SELECT * FROM t", true},
        {"select", true},
        {" /* a\n */ -- b\n\tSelect", true},
        {"SELECTED", false},
        {"\"SELECT\"", false},
        {"EXISTS(SELECT * FROM t)", false},
        {"INSERT INTO t VALUE {'SELECT':1}", false},
        {"", false},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (partiql_begins_select(bytes_of_string(rows[i].text)) != rows[i].is_select)
            unit_failed(__FILE__, __LINE__, "%s", rows[i].text);
}
