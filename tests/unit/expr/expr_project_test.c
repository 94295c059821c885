/* expr_project_test.c - projections: contract core-api-expressions.md 5, core-api-items.md 3. */
#include "expr_test.h"
#include "unit.h"

#define P "Invalid ProjectionExpression: "
#define OVERLAP \
    P "Two document paths overlap with each other; must remove or rewrite one of these paths; "
#define CONFLICT \
    P "Two document paths conflict with each other; must remove or rewrite one of these paths; "

TEST(projections_refuse)
{
    static const struct {
        const char *text;
        const char *message;
        bool wrapped;
    } rows[] = {
        {"a,", P "Syntax error; token: \"<EOF>\", near: \",\"", true},
        {"a b", P "Syntax error; token: \"b\", near: \"a b\"", true},
        {"a, :v", P "Syntax error; token: \":v\", near: \", :v\"", true},
        {"size(a)", P "Syntax error; token: \"(\", near: \"size(a\"", true},
        {"(a)", P "Syntax error; token: \"(\", near: \"(a\"", true},
        {"[0]", P "Syntax error; token: \"[\", near: \"[0\"", true},
        {"a, b.between", P "Attribute name is a reserved keyword; reserved keyword: between",
         false},
        {"a, set", P "Attribute name is a reserved keyword; reserved keyword: set", false},
        {"a, #x.#y",
         P "An expression attribute name used in the document path is not defined; "
           "attribute name: #x",
         false},
        {"a, a", OVERLAP "path one: [a], path two: [a]", false},
        {"a, a.b", OVERLAP "path one: [a], path two: [a, b]", false},
        {"a.b[1], c, a", OVERLAP "path one: [a, b, [1]], path two: [a]", false},
        {"z, y, b.c, x, a, b, a", OVERLAP "path one: [b, c], path two: [b]", false},
        {"a, #n", OVERLAP "path one: [a], path two: [a]", false},
        {"a[0], a.b", CONFLICT "path one: [a, [0]], path two: [a, b]", false},
        {"a.b[0].c, a.d, a.b.c", CONFLICT "path one: [a, b, [0], c], path two: [a, b, c]", false},
        /* priority: reserved, undefined, overlap, conflict */
        {"a[0], a.b, c, c, #x, set",
         P "Attribute name is a reserved keyword; reserved keyword: set", false},
        {"a[0], a.b, c, c, #x",
         P "An expression attribute name used in the document path is not defined; "
           "attribute name: #x",
         false},
        {"a[0], a.b, c, c", OVERLAP "path one: [c], path two: [c]", false},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct request request = {.projection = rows[i].text, .names = "{'#n':'a'}"};
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

TEST(projections_keep_what_is_there)
{
    static const char item[] =
        "{'pk':{'S':'x'},'n':{'N':'1'},'nul':{'NULL':true},"
        "'l':{'L':[{'S':'a'},{'S':'b'},{'S':'c'},{'M':{'x':{'N':'1'},'y':{'N':'2'},'z':{'N':'3'}}}"
        ",{'L':[{'N':'1'},{'N':'2'}]}]},"
        "'m':{'M':{'a':{'M':{'p':{'N':'1'},'q':{'N':'2'}}},'b':{'SS':['x']},'e':{'M':{}}}}}";
    static const struct {
        const char *text;
        const char *result;
    } rows[] = {
        {"pk", "{'pk':{'S':'x'}}"},
        {"nul, gone, n", "{'n':{'N':'1'},'nul':{'NULL':true}}"},
        {"gone", "{}"},
        {"l[2], l[0]", "{'l':{'L':[{'S':'a'},{'S':'c'}]}}"},
        {"l[9]", "{}"},
        {"l[9], l[1]", "{'l':{'L':[{'S':'b'}]}}"},
        {"l[3].z, l[3].x", "{'l':{'L':[{'M':{'x':{'N':'1'},'z':{'N':'3'}}}]}}"},
        {"l[4][1], l[3].y, l[0]",
         "{'l':{'L':[{'S':'a'},{'M':{'y':{'N':'2'}}},{'L':[{'N':'2'}]}]}}"},
        {"m.a.q, n", "{'m':{'M':{'a':{'M':{'q':{'N':'2'}}}}},'n':{'N':'1'}}"},
        {"m.a.gone", "{}"},
        {"m.a.gone, m.b", "{'m':{'M':{'b':{'SS':['x']}}}}"},
        {"m.e", "{'m':{'M':{'e':{'M':{}}}}}"},
        {"m.e.x", "{}"},
        {"m[0]", "{}"},
        {"l.a", "{}"},
        {"n.a", "{}"},
        {"pk[0], m.b.x, l[0].a, l[3][1]", "{}"},
    };
    struct arena arena;

    arena_init(&arena);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct request request = {.projection = rows[i].text};
        struct fault fault;
        struct expr_set set = {0};
        struct value result;

        CHECK_OK(parse_request(&request, &arena, &fault, &set));
        result = expr_project(set.projection, item_of(item, &arena), &arena);
        CHECK_TEXT(bytes_of_string(json_of(result, &arena)), canonical(rows[i].result, &arena));
    }
    arena_fini(&arena);
}

/* Heads of containers that take more than one byte. */
TEST(projections_of_large_items)
{
    struct request request = {.projection = "l[3], l[299], m.k7, m.k250, gone"};
    struct arena arena;
    struct fault fault;
    struct expr_set set = {0};
    struct bytes list = BYTES("{'N':'0'}"), map = BYTES("'k0':{'N':'0'}");
    struct value item;

    arena_init(&arena);
    for (unsigned i = 1; i < 300; i++) {
        list = arena_format(&arena, "%.*s,{'N':'%u'}", BYTES_ARGS(list), i);
        map = arena_format(&arena, "%.*s,'k%u':{'N':'%u'}", BYTES_ARGS(map), i, i);
    }
    item = item_of((const char *)arena_format(&arena, "{'l':{'L':[%.*s]},'m':{'M':{%.*s}}}",
                                              BYTES_ARGS(list), BYTES_ARGS(map))
                       .data,
                   &arena);
    CHECK_OK(parse_request(&request, &arena, &fault, &set));
    CHECK_TEXT(bytes_of_string(json_of(expr_project(set.projection, item, &arena), &arena)),
               "{'l':{'L':[{'N':'3'},{'N':'299'}]},"
               "'m':{'M':{'k250':{'N':'250'},'k7':{'N':'7'}}}}");
    request.projection = "l, m";
    CHECK_OK(parse_request(&request, &arena, &fault, &set));
    CHECK(value_equal(expr_project(set.projection, item, &arena), item));
    arena_fini(&arena);
}
