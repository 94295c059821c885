/* expr_update_test.c - updates: contract core-api-expressions.md 7, core-api-items.md 5. */
#include "expr_test.h"
#include "unit.h"

#include <stdio.h>

#define U "Invalid UpdateExpression: "
#define OVERLAP \
    U "Two document paths overlap with each other; must remove or rewrite one of these paths; "
#define CONFLICT \
    U "Two document paths conflict with each other; must remove or rewrite one of these paths; "
#define OPERAND_TYPE U "Incorrect operand type for operator or function; "

static const char values[] =
    "{':s':{'S':'x'},':n':{'N':'1'},':b':{'B':'AQ=='},':t':{'BOOL':true},':nul':{'NULL':true},"
    "':ss':{'SS':['x']},':ns':{'NS':['1']},':l':{'L':[{'N':'9'}]},':m':{'M':{}}}";

TEST(updates_refuse)
{
    static const struct {
        const char *text;
        const char *message;
        bool wrapped;
    } rows[] = {
        {"INVALID SYNTAX HERE", U "Syntax error; token: \"INVALID\", near: \"INVALID SYNTAX\"",
         true},
        {"SET", U "Syntax error; token: \"<EOF>\", near: \"SET\"", true},
        {"SET a", U "Syntax error; token: \"<EOF>\", near: \"a\"", true},
        {"SET a = ", U "Syntax error; token: \"<EOF>\", near: \"=\"", true},
        {"SET a = :s,", U "Syntax error; token: \"<EOF>\", near: \",\"", true},
        {"SET a = :s b = :s", U "Syntax error; token: \"b\", near: \":s b =\"", true},
        {"SET a = :s, REMOVE b", U "Syntax error; token: \"REMOVE\", near: \", REMOVE b\"", true},
        {"SET :s = a", U "Syntax error; token: \":s\", near: \"SET :s =\"", true},
        {"SET f(a) = :s", U "Syntax error; token: \"(\", near: \"f(a\"", true},
        {"SET a = b + c + d", U "Syntax error; token: \"+\", near: \"c + d\"", true},
        {"SET a = (b + c) - d", U "Syntax error; token: \"-\", near: \") - d\"", true},
        {"SET a = b - (c - d)", U "Syntax error; token: \"-\", near: \"c - d\"", true},
        {"SET a = if_not_exists(b, c + d)", U "Syntax error; token: \"+\", near: \"c + d\"", true},
        {"SET a = :n * :n", U "Syntax error; token: \"*\", near: \":n * :n\"", true},
        {"SET a = 5", U "Syntax error; token: \"5\", near: \"= 5\"", true},
        {"REMOVE a = :s", U "Syntax error; token: \"=\", near: \"a = :s\"", true},
        {"ADD a b", U "Syntax error; token: \"b\", near: \"a b\"", true},
        {"ADD a = :n", U "Syntax error; token: \"=\", near: \"a = :n\"", true},
        {"ADD hits : incr", U "Syntax error; token: \":\", near: \"hits : incr\"", true},
        {"DELETE a", U "Syntax error; token: \"<EOF>\", near: \"a\"", true},
        {"SET set = :s", U "Syntax error; token: \"set\", near: \"SET set =\"", true},
        {"SET a = :s AND b = :s", U "Syntax error; token: \"AND\", near: \":s AND b\"", true},
        {"SET and = :s", U "Attribute name is a reserved keyword; reserved keyword: and", false},
        {"SET a = size(b)", U "Invalid function name; function: size", false},
        {"SET a = If_not_exists(b, :s)", U "Invalid function name; function: If_not_exists", false},
        {"SET a = :s REMOVE b SET c = :s",
         U "The \"SET\" section can only be used once in an update expression;", false},
        {"remove a Remove b",
         U "The \"REMOVE\" section can only be used once in an update expression;", false},
        {"ADD a :n ADD b :n",
         U "The \"ADD\" section can only be used once in an update expression;", false},
        {"DELETE a :ss DELETE b :ss",
         U "The \"DELETE\" section can only be used once in an update expression;", false},
        {"REMOVE a.#x",
         U "An expression attribute name used in the document path is not defined; "
           "attribute name: #x",
         false},
        {"SET a = :x",
         U "An expression attribute value used in expression is not defined; attribute value: :x",
         false},
        {"SET a = :s, a = :n", OVERLAP "path one: [a], path two: [a]", false},
        {"SET a.b = :s REMOVE a", OVERLAP "path one: [a, b], path two: [a]", false},
        {"ADD a[1] :n DELETE a[1].c :ss", OVERLAP "path one: [a, [1]], path two: [a, [1], c]",
         false},
        {"SET a[1] = :s REMOVE a.b", CONFLICT "path one: [a, [1]], path two: [a, b]", false},
        {"SET a = if_not_exists(b)",
         U "Incorrect number of operands for operator or function; "
           "operator or function: if_not_exists, number of operands: 1",
         false},
        {"SET a = list_append(b, c, d)",
         U "Incorrect number of operands for operator or function; "
           "operator or function: list_append, number of operands: 3",
         false},
        {"SET a = if_not_exists(:s, b)",
         U "Operator or function requires a document path; operator or function: if_not_exists",
         false},
        {"SET a = list_append(b, :s)",
         OPERAND_TYPE "operator or function: list_append, operand type: S", false},
        {"SET a = list_append(:ss, b)",
         OPERAND_TYPE "operator or function: list_append, operand type: SS", false},
        {"SET a = b + :s", OPERAND_TYPE "operator or function: +, operand type: S", false},
        {"SET a = :l - b", OPERAND_TYPE "operator or function: -, operand type: L", false},
        {"ADD a :s", OPERAND_TYPE "operator: ADD, operand type: STRING", false},
        {"ADD a :b", OPERAND_TYPE "operator: ADD, operand type: BINARY", false},
        {"ADD a :nul", OPERAND_TYPE "operator: ADD, operand type: NULL", false},
        {"ADD a :t", OPERAND_TYPE "operator: ADD, operand type: BOOLEAN", false},
        {"ADD a :l", OPERAND_TYPE "operator: ADD, operand type: LIST", false},
        {"ADD a :m", OPERAND_TYPE "operator: ADD, operand type: MAP", false},
        {"DELETE a :n", OPERAND_TYPE "operator: DELETE, operand type: NUMBER", false},
        /* priority: each row has its problem behind those told after it */
        {"SET a = a + :s ADD b :s SET c[0] = :n, c.d = :n, e = :n, e = :x, #x = f(abort)",
         U "Attribute name is a reserved keyword; reserved keyword: abort", false},
        {"SET a = a + :s ADD b :s SET c[0] = :n, c.d = :n, e = :n, e = :x, #x = f(g)",
         U "Invalid function name; function: f", false},
        {"SET a = a + :s ADD b :s SET c[0] = :n, c.d = :n, e = :n, e = :x, #x = g",
         U "The \"SET\" section can only be used once in an update expression;", false},
        {"SET a = a + :s, c[0] = :n, c.d = :n, e = :n, e = :x, #x = g ADD b :s",
         U "An expression attribute name used in the document path is not defined; "
           "attribute name: #x",
         false},
        {"SET a = a + :s, c[0] = :n, c.d = :n, e = :n, e = :x ADD b :s",
         U "An expression attribute value used in expression is not defined; attribute value: :x",
         false},
        {"SET a = a + :s, c[0] = :n, c.d = :n, e = :n, e = :n ADD b :s",
         OVERLAP "path one: [e], path two: [e]", false},
        {"SET a = a + :s, c[0] = :n, c.d = :n ADD b :s",
         CONFLICT "path one: [c, [0]], path two: [c, d]", false},
        {"SET a = a + :s ADD b :s", OPERAND_TYPE "operator: ADD, operand type: STRING", false},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct request request = {.update = rows[i].text, .values = values};
        struct arena arena;
        struct fault fault;
        struct expr_set set = {0};

        arena_init(&arena);
        CHECK_ERR(parse_request(&request, &arena, &fault, &set), ERR_VALIDATION);
        CHECK_TEXT(fault.message, rows[i].message);
        CHECK(fault.wrapped == rows[i].wrapped);
        arena_fini(&arena);
    }
}

/* --- applying --------------------------------------------------------------------------------- */

/* Parses; the values need not all be used. */
static struct expr_update *update_of(const char *text, const char *json_values, struct arena *arena)
{
    struct request request = {.update = text, .values = json_values};
    struct fault fault;
    struct expr_set set = {0};

    if (parse_request(&request, arena, &fault, &set) != OK) {
        unit_failed(__FILE__, __LINE__, "%s: %.*s", text, BYTES_ARGS(fault.message));
        return NULL;
    }
    return set.update;
}

static const char stored[] =
    "{'n':{'N':'5'},'s':{'S':'x'},'l':{'L':[{'S':'a'},{'S':'b'},{'S':'c'}]},"
    "'m':{'M':{'a':{'N':'1'},'b':{'M':{'c':{'S':'d'}}},'l':{'L':[{'N':'1'},{'N':'2'}]}}},"
    "'ns':{'NS':['1','2','3']},'ss':{'SS':['a','c']}}";

/* `result` says only what differs: attributes after the update, null for one that is gone. */
struct effect {
    const char *text;
    const char *values;
    const char *result;
};

static const char *merged(const char *base, const char *changes, struct arena *arena);

static void check_effects(const struct effect *rows, size_t count)
{
    struct arena arena;

    arena_init(&arena);
    for (size_t i = 0; i < count; i++) {
        struct expr_update *update = update_of(rows[i].text, rows[i].values, &arena);
        struct value updated;
        struct fault fault;
        const char *got;

        if (update == NULL)
            continue;
        fault_init(&fault, &arena);
        if (expr_update_apply(update, item_of(stored, &arena), &arena, &fault, &updated) != OK)
            got = (const char *)fault.message.data;
        else
            got = json_of(updated, &arena);
        if (rows[i].result[0] != '{')
            CHECK_TEXT(bytes_of_string(got), rows[i].result);
        else if (strcmp(got, merged(stored, rows[i].result, &arena)) != 0)
            unit_failed(__FILE__, __LINE__, "%s gives\n    %s\n  expected\n    %s", rows[i].text,
                        got, merged(stored, rows[i].result, &arena));
    }
    arena_fini(&arena);
}
#define CHECK_EFFECTS(rows) check_effects(rows, sizeof(rows) / sizeof(rows[0]))

/* Both are items; attributes of the second replace those of the first, {'NULL':true} removes. */
static const char *merged(const char *base, const char *changes, struct arena *arena)
{
    struct value_walk old = value_walk_begin(item_of(base, arena));
    struct value_walk new = value_walk_begin(item_of(changes, arena));
    struct value_builder builder;
    struct buf out;
    bool more_old = value_walk_next(&old), more_new = value_walk_next(&new);

    buf_init_arena(&out, arena, SIZE_MAX);
    value_build_begin_payload(&builder, &out, VALUE_M);
    while (more_old || more_new) {
        int order = !more_new ? -1 : !more_old ? 1 : bytes_compare(old.name, new.name);

        if (order < 0)
            value_build_entry(&builder, old.name, old.value);
        else if (new.value.type != VALUE_NULL)
            value_build_entry(&builder, new.name, new.value);
        if (order <= 0)
            more_old = value_walk_next(&old);
        if (order >= 0)
            more_new = value_walk_next(&new);
    }
    value_build_end(&builder);
    return json_of((struct value){VALUE_M, buf_finish_arena(&out)}, arena);
}

TEST(set_changes_what_it_names)
{
    static const struct effect rows[] = {
        {"SET z = :v", "{':v':{'S':'new'}}", "{'z':{'S':'new'}}"},
        {"SET s = :v", "{':v':{'L':[]}}", "{'s':{'L':[]}}"},
        {"SET a1 = s, b1 = m.b, c1 = l[1]", NULL,
         "{'a1':{'S':'x'},'b1':{'M':{'c':{'S':'d'}}},'c1':{'S':'b'}}"},
        {"SET m.b.c = :v", "{':v':{'S':'new'}}",
         "{'m':{'M':{'a':{'N':'1'},'b':{'M':{'c':{'S':'new'}}},'l':{'L':[{'N':'1'},{'N':'2'}]}}}}"},
        {"SET m.aa = :v, m.z = :v, m.b.a = :v", "{':v':{'N':'7'}}",
         "{'m':{'M':{'a':{'N':'1'},'aa':{'N':'7'},'b':{'M':{'a':{'N':'7'},'c':{'S':'d'}}},"
         "'l':{'L':[{'N':'1'},{'N':'2'}]},'z':{'N':'7'}}}}"},
        {"SET l[0] = :v", "{':v':{'N':'7'}}", "{'l':{'L':[{'N':'7'},{'S':'b'},{'S':'c'}]}}"},
        {"SET l[3] = :v", "{':v':{'N':'7'}}",
         "{'l':{'L':[{'S':'a'},{'S':'b'},{'S':'c'},{'N':'7'}]}}"},
        /* appended in order of the indexes, without gaps */
        {"SET l[4294967294] = :c, l[9] = :b, l[1] = :a",
         "{':a':{'N':'1'},':b':{'N':'2'},':c':{'N':'3'}}",
         "{'l':{'L':[{'S':'a'},{'N':'1'},{'S':'c'},{'N':'2'},{'N':'3'}]}}"},
        {"SET m.l[5] = :a", "{':a':{'N':'3'}}",
         "{'m':{'M':{'a':{'N':'1'},'b':{'M':{'c':{'S':'d'}}},"
         "'l':{'L':[{'N':'1'},{'N':'2'},{'N':'3'}]}}}}"},
        /* all from the item as it was */
        {"SET n = s, s = n", NULL, "{'n':{'S':'x'},'s':{'N':'5'}}"},
        {"SET l[0] = l[1], l[1] = l[0]", NULL, "{'l':{'L':[{'S':'b'},{'S':'a'},{'S':'c'}]}}"},
        {"SET z = n REMOVE n", NULL, "{'z':{'N':'5'},'n':{'NULL':true}}"},
        {"SET z = :v REMOVE s ADD n :n DELETE ss :ss",
         "{':v':{'S':'new'},':n':{'N':'1'},':ss':{'SS':['a']}}",
         "{'z':{'S':'new'},'s':{'NULL':true},'n':{'N':'6'},'ss':{'SS':['c']}}"},
        {"SET n = n + :v", "{':v':{'N':'0.5'}}", "{'n':{'N':'5.5'}}"},
        {"SET n = (:v - n)", "{':v':{'N':'0.5'}}", "{'n':{'N':'-4.5'}}"},
        {"SET n = (n) - (n)", NULL, "{'n':{'N':'0'}}"},
        {"SET n = :a + :b", "{':a':{'N':'12345678901234567890123456789012345678'},':b':{'N':'1'}}",
         "{'n':{'N':'12345678901234567890123456789012345679'}}"},
        {"SET n = n + :v", "{':v':{'N':'12345678901234567890123456789012345678e20'}}",
         "Attempting to store more than 38 significant digits in a Number"},
        {"SET n = :v + :v", "{':v':{'N':'9e125'}}",
         "Number overflow. Attempting to store a number with magnitude larger than supported "
         "range"},
        {"SET z = if_not_exists(z, :v)", "{':v':{'N':'1'}}", "{'z':{'N':'1'}}"},
        {"SET n = if_not_exists(n, :v)", "{':v':{'N':'1'}}", "{}"},
        {"SET n = if_not_exists(n, gone)", NULL, "{}"},
        {"SET z = if_not_exists(gone, n) + if_not_exists(m.a, gone)", NULL, "{'z':{'N':'6'}}"},
        {"SET z = if_not_exists(gone, if_not_exists(nothing, l[2]))", NULL, "{'z':{'S':'c'}}"},
        {"SET l = list_append(l, :v)", "{':v':{'L':[{'N':'7'}]}}",
         "{'l':{'L':[{'S':'a'},{'S':'b'},{'S':'c'},{'N':'7'}]}}"},
        {"SET l = list_append(:v, l)", "{':v':{'L':[{'N':'7'},{'L':[]}]}}",
         "{'l':{'L':[{'N':'7'},{'L':[]},{'S':'a'},{'S':'b'},{'S':'c'}]}}"},
        {"SET z = list_append(if_not_exists(z, :e), list_append(:e, m.l))", "{':e':{'L':[]}}",
         "{'z':{'L':[{'N':'1'},{'N':'2'}]}}"},
    };

    CHECK_EFFECTS(rows);
}

TEST(remove_add_and_delete_change_what_they_name)
{
    static const struct effect rows[] = {
        {"REMOVE n, gone, s", NULL, "{'n':{'NULL':true},'s':{'NULL':true}}"},
        {"REMOVE l[0]", NULL, "{'l':{'L':[{'S':'b'},{'S':'c'}]}}"},
        {"REMOVE l[2], l[0], l[7]", NULL, "{'l':{'L':[{'S':'b'}]}}"},
        {"REMOVE l[0], l[1], l[2]", NULL, "{'l':{'L':[]}}"},
        {"REMOVE l[0] SET l[1] = :v, l[8] = :v", "{':v':{'N':'7'}}",
         "{'l':{'L':[{'N':'7'},{'S':'c'},{'N':'7'}]}}"},
        {"REMOVE m.b.c, m.l[1], m.gone", NULL,
         "{'m':{'M':{'a':{'N':'1'},'b':{'M':{}},'l':{'L':[{'N':'1'}]}}}}"},
        {"ADD n :v", "{':v':{'N':'-5'}}", "{'n':{'N':'0'}}"},
        {"ADD z :v", "{':v':{'N':'-5'}}", "{'z':{'N':'-5'}}"},
        {"ADD m.a :v, m.z :v, m.l[0] :v, m.l[9] :v", "{':v':{'N':'2'}}",
         "{'m':{'M':{'a':{'N':'3'},'b':{'M':{'c':{'S':'d'}}},"
         "'l':{'L':[{'N':'3'},{'N':'2'},{'N':'2'}]},'z':{'N':'2'}}}}"},
        {"ADD ss :v", "{':v':{'SS':['d','b','a']}}", "{'ss':{'SS':['a','b','c','d']}}"},
        {"ADD ns :v", "{':v':{'NS':['2.0','-1']}}", "{'ns':{'NS':['1','2','3','-1']}}"},
        {"ADD z :v", "{':v':{'BS':['AQ==']}}", "{'z':{'BS':['AQ==']}}"},
        {"DELETE ns :v", "{':v':{'NS':['2.0','-1']}}", "{'ns':{'NS':['1','3']}}"},
        {"DELETE ss :v", "{':v':{'SS':['a','b','c']}}", "{'ss':{'NULL':true}}"},
        {"DELETE z :v", "{':v':{'SS':['a']}}", "{}"},
        {"DELETE m.z :v", "{':v':{'SS':['a']}}", "{}"},
        {"DELETE l[9] :v", "{':v':{'SS':['a']}}", "{}"},
        {"DELETE ss :v", "{':v':{'SS':['x']}}", "{}"},
    };

    CHECK_EFFECTS(rows);
}

TEST(updates_fail_on_what_an_item_holds)
{
    static const char missing[] =
        "The provided expression refers to an attribute that does not exist in the item";
    static const char type[] = "An operand in the update expression has an incorrect data type";
    static const char path[] =
        "The document path provided in the update expression is invalid for update";
    static const struct effect rows[] = {
        {"SET a = gone", NULL, missing},
        {"SET a = m.gone", NULL, missing},
        {"SET a = l[3]", NULL, missing},
        {"SET a = gone + :v", "{':v':{'N':'1'}}", missing},
        {"SET a = :v - gone", "{':v':{'N':'1'}}", missing},
        {"SET a = list_append(gone, :v)", "{':v':{'L':[]}}", missing},
        {"SET a = if_not_exists(gone, nothing)", NULL, missing},
        {"SET a = s + :v", "{':v':{'N':'1'}}", type},
        {"SET a = n - l", NULL, type},
        {"SET a = list_append(l, n)", NULL, type},
        {"SET a = list_append(ss, l)", NULL, type},
        {"ADD s :v", "{':v':{'N':'1'}}", type},
        {"ADD n :v", "{':v':{'NS':['1']}}", type},
        {"ADD ss :v", "{':v':{'NS':['1']}}", type},
        {"DELETE n :v", "{':v':{'NS':['1']}}", type},
        {"DELETE ss :v", "{':v':{'NS':['1']}}", type},
        {"SET gone.a = :v", "{':v':{'N':'1'}}", path},
        {"SET m.gone.a = :v", "{':v':{'N':'1'}}", path},
        {"SET m[0] = :v", "{':v':{'N':'1'}}", path},
        {"SET l.a = :v", "{':v':{'N':'1'}}", path},
        {"SET s.a = :v", "{':v':{'N':'1'}}", path},
        {"SET ss[0] = :v", "{':v':{'N':'1'}}", path},
        {"SET l[3].a = :v", "{':v':{'N':'1'}}", path},
        {"REMOVE gone.a", NULL, path},
        {"REMOVE l[0].a", NULL, path},
        {"ADD gone.a :v", "{':v':{'N':'1'}}", path},
        {"DELETE gone[0] :v", "{':v':{'SS':['1']}}", path},
    };

    CHECK_EFFECTS(rows);
}

TEST(an_absent_item_can_be_updated)
{
    struct arena arena;
    struct value updated;
    struct fault fault;

    arena_init(&arena);
    fault_init(&fault, &arena);
    CHECK_OK(expr_update_apply(update_of("SET b = :v, a = if_not_exists(a, :v) ADD c :v REMOVE d",
                                         "{':v':{'N':'1'}}", &arena),
                               (struct value){VALUE_M, BYTES("")}, &arena, &fault, &updated));
    CHECK_TEXT(bytes_of_string(json_of(updated, &arena)),
               "{'a':{'N':'1'},'b':{'N':'1'},'c':{'N':'1'}}");
    arena_fini(&arena);
}

TEST(updates_are_bounded_in_depth_and_size)
{
    static char large[200001];
    char path[200] = "SET m", item[400] = "", value[400] = "";
    struct arena arena;
    struct value updated;
    struct fault fault;
    struct value before;

    arena_init(&arena);
    fault_init(&fault, &arena);
    /* m is 30 maps inside each other, so two levels are left. */
    for (unsigned i = 0; i < 29; i++) {
        strcat(path, ".m");
        strcat(item, "{'M':{'m':");
    }
    strcat(item, "{'M':{}}");
    for (unsigned i = 0; i < 29; i++)
        strcat(item, "}}");
    strcat(path, ".x = :v");
    before = item_of((const char *)arena_format(&arena, "{'m':%s}", item).data, &arena);
    snprintf(value, sizeof(value), "{':v':{'L':[{'S':'x'}]}}");
    CHECK_OK(expr_update_apply(update_of(path, value, &arena), before, &arena, &fault, &updated));
    snprintf(value, sizeof(value), "{':v':{'L':[{'L':[{'S':'x'}]}]}}");
    CHECK_ERR(expr_update_apply(update_of(path, value, &arena), before, &arena, &fault, &updated),
              ERR_VALIDATION);
    CHECK_TEXT(fault.message, VALUE_DEPTH_MESSAGE);

    /* The same large attribute many times. */
    memset(large, 'x', sizeof(large) - 1);
    before = item_of((const char *)arena_format(&arena, "{'a':{'S':'%s'}}", large).data, &arena);
    CHECK_OK(expr_update_apply(update_of("SET b = a, c = a", NULL, &arena), before, &arena, &fault,
                               &updated));
    CHECK_ERR(
        expr_update_apply(update_of("SET b=a,c=a,d=a,e=a,f=a,g=a,h=a,i=a,j=a,k=a,l=a,m=a,n=a,o=a,"
                                    "p=a,q=a,r=a,s=a,t=a,u=a,v=a,w=a,x=a,y=a,z=a",
                                    NULL, &arena),
                          before, &arena, &fault, &updated),
        ERR_VALIDATION);
    CHECK_TEXT(fault.message, "Item size to update has exceeded the maximum allowed size");
    arena_fini(&arena);
}

/* --- what was touched ------------------------------------------------------------------------- */

TEST(updates_tell_what_they_touched)
{
    static const struct {
        const char *text;
        const char *values;
        const char *old; /* NULL: nothing */
        const char *new;
    } rows[] = {
        {"SET n = :v", "{':v':{'N':'9'}}", "{'n':{'N':'5'}}", "{'n':{'N':'9'}}"},
        {"SET z = :v", "{':v':{'N':'9'}}", NULL, "{'z':{'N':'9'}}"},
        {"REMOVE n", NULL, "{'n':{'N':'5'}}", NULL},
        {"REMOVE gone", NULL, NULL, NULL},
        {"ADD n :v", "{':v':{'N':'1'}}", "{'n':{'N':'5'}}", "{'n':{'N':'6'}}"},
        {"SET m.b.c = :v REMOVE m.a", "{':v':{'N':'9'}}",
         "{'m':{'M':{'a':{'N':'1'},'b':{'M':{'c':{'S':'d'}}}}}}",
         "{'m':{'M':{'b':{'M':{'c':{'N':'9'}}}}}}"},
        {"SET l[2] = :v, l[0] = :v", "{':v':{'N':'9'}}", "{'l':{'L':[{'S':'a'},{'S':'c'}]}}",
         "{'l':{'L':[{'N':'9'},{'N':'9'}]}}"},
        /* not what now stands where the path points to */
        {"REMOVE l[0]", NULL, "{'l':{'L':[{'S':'a'}]}}", NULL},
        {"SET l[1] = :v REMOVE l[0]", "{':v':{'N':'9'}}", "{'l':{'L':[{'S':'a'},{'S':'b'}]}}",
         "{'l':{'L':[{'N':'9'}]}}"},
        {"SET l[7] = :v", "{':v':{'N':'9'}}", NULL, "{'l':{'L':[{'N':'9'}]}}"},
        {"DELETE ss :v", "{':v':{'SS':['a']}}", "{'ss':{'SS':['a','c']}}", "{'ss':{'SS':['c']}}"},
        {"DELETE ss :v", "{':v':{'SS':['a','c']}}", "{'ss':{'SS':['a','c']}}", NULL},
        {"DELETE gone :v", "{':v':{'SS':['a','c']}}", NULL, NULL},
    };
    struct arena arena;

    arena_init(&arena);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct expr_update *update = update_of(rows[i].text, rows[i].values, &arena);
        struct value before = item_of(stored, &arena), touched;

        CHECK(expr_update_touched_old(update, before, &arena, &touched) == (rows[i].old != NULL));
        if (rows[i].old != NULL)
            CHECK_TEXT(bytes_of_string(json_of(touched, &arena)), canonical(rows[i].old, &arena));
        CHECK(expr_update_touched_new(update, before, &arena, &touched) == (rows[i].new != NULL));
        if (rows[i].new != NULL)
            CHECK_TEXT(bytes_of_string(json_of(touched, &arena)), canonical(rows[i].new, &arena));
    }
    arena_fini(&arena);
}

/* --- what callers ask ------------------------------------------------------------------------- */

static bool see(void *ctx, struct bytes attribute, bool nested)
{
    size_t size = strlen(ctx);

    snprintf((char *)ctx + size, 100 - size, "%.*s%s ", BYTES_ARGS(attribute), nested ? "+" : "");
    return true;
}

TEST(updates_answer_their_callers)
{
    struct arena arena;
    struct expr_update *update;
    struct value literal;
    char targets[100] = "", all[100] = "";

    arena_init(&arena);
    update = update_of("SET a = :v, b.c = if_not_exists(d[0], e) REMOVE f ADD g :v",
                       "{':v':{'N':'1'}}", &arena);
    expr_update_visit_targets(update, see, targets);
    CHECK_TEXT(bytes_of_string(targets), "a b+ f g ");
    expr_update_visit_paths(update, see, all);
    CHECK_TEXT(bytes_of_string(all), "a b+ d+ e f g ");
    CHECK(!expr_update_only_removes(update));
    CHECK(expr_update_literal_for(update, BYTES("a"), &literal) && literal.type == VALUE_N);
    CHECK(!expr_update_literal_for(update, BYTES("b"), &literal));
    CHECK(!expr_update_literal_for(update, BYTES("g"), &literal));
    CHECK_U64(expr_update_overhead_bytes(update), 3 + 19 + 19 + 2 + 19);
    update = update_of("REMOVE a DELETE b :v", "{':v':{'SS':['1']}}", &arena);
    CHECK(expr_update_only_removes(update));
    update = update_of("SET a[0] = :v, b = b + :v", "{':v':{'N':'1'}}", &arena);
    CHECK_U64(expr_update_overhead_bytes(update), 3 + 19 + 1 + 19 + 50);
    arena_fini(&arena);
}
