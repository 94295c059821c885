/* ion_read_test.c - Ion text as events. They are printed with their names, annotations and texts;
 * every row is also read byte by byte, as if more text came each time.
 */
#include "base/arena.h"
#include "base/buf.h"
#include "ion/ion_read.h"
#include "unit.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void print_event(struct buf *out, const struct ion_event *event)
{
    if (event->type == ION_LEAVE) {
        buf_append_lit(out, ") ");
        return;
    }
    if (event->name.data != NULL)
        buf_append_format(out, "%.*s=", BYTES_ARGS(event->name));
    if (event->annotation_count > 0)
        buf_append_format(out, "%.*s#%u::", BYTES_ARGS(event->annotation), event->annotation_count);
    buf_append_string(out, ion_type_name(event->type));
    if (event->type == ION_BOOL)
        buf_append_string(out, event->is_true ? " true" : " false");
    else if (event->type >= ION_LIST)
        buf_append_lit(out, "(");
    else if (event->type != ION_NULL)
        buf_append_format(out, "<%.*s>", BYTES_ARGS(event->text));
    buf_append_lit(out, " ");
}

/* All events of a text, or the fault that ends it; or "PENDING". */
static struct bytes events_of(struct bytes text, bool final, struct arena *arena)
{
    struct ion_reader reader;
    struct ion_event event;
    struct fault fault;
    struct buf out;
    enum err err;

    fault_init(&fault, arena);
    buf_init(&out, SIZE_MAX);
    ion_reader_init(&reader, text, final, arena, &fault);
    while ((err = ion_next(&reader, &event)) == OK && event.type != ION_END)
        print_event(&out, &event);
    CHECK(err == OK || err == ERR_CORRUPT || (err == ERR_PENDING && !final));
    if (err != OK)
        buf_append_bytes(&out, err == ERR_CORRUPT ? fault.message : BYTES("PENDING"));
    text = arena_copy(arena, buf_bytes(&out));
    buf_fini(&out);
    return text;
}

TEST(ion_reads_every_kind_of_value)
{
    static const char *const rows[][2] = {
        {"", ""},
        {" \t\r\n\v\f// nothing\n/* at\nall */", ""},
        {"$ion_1_0", ""},
        {"$ion_1_0 $ion_1_0\n1", "number<1> "},
        {"'$ion_1_0'", "symbol<$ion_1_0> "},
        {"a::$ion_1_0", "a#1::symbol<$ion_1_0> "},
        {"[$ion_1_0]", "list( symbol<$ion_1_0> ) "},
        {"$ion_x", "symbol<$ion_x> "},
        {"null null.null null.int null.struct", "null null null null "},
        {"true false", "bool true bool false "},
        {"0 -0 12 1_000 -1_0", "number<0> number<-0> number<12> number<1000> number<-10> "},
        {"0xfF 0b1_01 -0x10 0x7fffffffffffffff",
         "number<255> number<5> number<-16> number<9223372036854775807> "},
        {"0xffffffffffffffffffffffffffffffffff", "number<1e999> "},
        {"103. 6d2 -1.5 1.5D-3 0. -0.0 1_0.0_1 1.d5",
         "number<103.> number<6e2> number<-1.5> number<1.5e-3> number<0.> number<-0.0> "
         "number<10.01> number<1.e5> "},
        {"1e0 -2.5E+7 nan +inf -inf",
         "number<1e0> number<-2.5E+7> number<nan> number<+inf> number<-inf> "},
        {"2026T 2026-01-31 2026-01-31T12:00:00.5+01:00",
         "timestamp<2026T> timestamp<2026-01-31> timestamp<2026-01-31T12:00:00.5+01:00> "},
        {"a $a_9 'b c' '' 'null'", "symbol<a> symbol<$a_9> symbol<b c> symbol<> symbol<null> "},
        {"\"\" \"a\" \"it's\" \"\\\"\"", "string<> string<a> string<it's> string<\"> "},
        {"\"\\a\\b\\t\\n\\f\\r\\v\\'\\?\\\\\"", "string<\a\b\t\n\f\r\v'?\\> "},
        {"\"a\\\nb\\\r\nc\"", "string<abc> "},
        {"'''a''' '''b'''", "string<ab> "},
        {"'''a\r\nb\rc'd''e\"''' /* and */ '''''' // more\n '''f'''", "string<a\nb\nc'd''e\"f> "},
        {"\xc3\xa9", "Ion text is not valid at byte 0: a value is expected"},
        {"\"\xc3\xa9\"", "string<\xc3\xa9> "},
        {"{{}} {{ Y W\nI= }}", "blob<> blob<ab> "},
        {"{{\"a\\xff\"}} {{ '''b''' '''c''' }}", "clob<a\xff> clob<bc> "},
        {"[] [1,2] [1,] [[],{}]",
         "list( ) list( number<1> number<2> ) list( number<1> ) list( list( ) struct( ) ) "},
        {"(a -1 + b (c)) (a+-2 1)",
         "sexp( symbol<a> number<-1> symbol<+> symbol<b> sexp( symbol<c> ) ) "
         "sexp( symbol<a> symbol<+-> number<2> number<1> ) "},
        {"{} {a:1} {'b c':2, \"d\":3, '''e''' '''f''' : 4,}",
         "struct( ) struct( a=number<1> ) struct( b c=number<2> d=number<3> ef=number<4> ) "},
        {"{/*a*/a/*b*/:/*c*/x::/*d*/y::1/*e*/}", "struct( a=x#2::number<1> ) "},
        {"$dynamodb_SS::[\"a\"] 'q r' :: null", "$dynamodb_SS#1::list( string<a> ) q r#1::null "},
    };
    struct arena arena;

    arena_init(&arena);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct bytes text = bytes_of_string(rows[i][0]);
        struct bytes events = events_of(text, true, &arena);

        CHECK_TEXT(events, rows[i][1]);
        for (size_t cut = 0; cut <= text.size; cut++) {
            struct bytes part = events_of(bytes_make(text.data, cut), false, &arena);

            /* What it tells before the rest comes stays true. */
            if (part.size >= 7 && bytes_equal_string(bytes_skip(part, part.size - 7), "PENDING"))
                part.size -= 7;
            CHECK(bytes_start_with(events, part));
        }
        arena_reset(&arena);
    }
    arena_fini(&arena);
}

TEST(ion_decodes_escapes)
{
    struct bytes text = BYTES("\"\\0\\x41\\u00e9\\U0001F600\\uD83D\\ude00\\/\"");
    struct ion_reader reader;
    struct ion_event event;
    struct fault fault;
    struct arena arena;

    arena_init(&arena);
    fault_init(&fault, &arena);
    ion_reader_init(&reader, text, true, &arena, &fault);
    CHECK_OK(ion_next(&reader, &event));
    CHECK(bytes_equal(event.text, BYTES("\0A\xc3\xa9\xf0\x9f\x98\x80\xf0\x9f\x98\x80/")));
    arena_fini(&arena);
}

TEST(ion_tells_where_a_text_is_wrong)
{
    static const struct {
        const char *text;
        unsigned at;
        const char *what;
    } rows[] = {
        {"$ion_1_1 1", 0, "not version 1.0 of Ion"},
        {" $10", 1, "a symbol is given by its number"},
        {"{$10:1}", 1, "a symbol is given by its number"},
        {"[1 2]", 3, "a comma or the container's end is expected"},
        {"[1}", 2, "a comma or the container's end is expected"},
        {"[,1]", 1, "a value is expected"},
        {"[1,,2]", 3, "a value is expected"},
        {"{1:2}", 1, "a field's name is expected"},
        {"{a 1}", 3, "a colon is expected behind a field's name"},
        {"{null:1}", 1, "a keyword must be quoted to be a field's name"},
        {"{a:}", 3, "a value is expected"},
        {"]", 0, "a value is expected"},
        {"007", 0, "a value is expected"},
        {"1__0", 0, "a value is expected"},
        {"_1 1_", 3, "a value is expected"},
        {"+1", 0, "a value is expected"},
        {"1.5.2", 0, "a value is expected"},
        {"1d", 0, "a value is expected"},
        {"0x", 0, "a value is expected"},
        {"0b2", 0, "a value is expected"},
        {"null.nul", 4, "null of no type there is"},
        {"\"a", 2, "it ends in the middle of a value"},
        {"'a", 2, "it ends in the middle of a value"},
        {"'''a''", 6, "it ends in the middle of a value"},
        {"{a:", 3, "it ends in the middle of a value"},
        {"a::", 3, "it ends in the middle of a value"},
        {"[1,", 3, "it ends in the middle of a value"},
        {"/* a", 4, "it ends in the middle of a value"},
        {"\"a\nb\"", 2, "a control character must be escaped"},
        {"\"\\q\"", 1, "an escape that does not exist"},
        {"\"\\xg0\"", 3, "an escape without its digits"},
        {"\"\\ud800\"", 3, "an escape of no character"},
        {"\"\\U00110000\"", 3, "an escape of no character"},
        {"\"\xff\"", 0, "text that is not UTF-8"},
        {"'\xc0\x80'", 0, "text that is not UTF-8"},
        {"{{YQ=}}", 2, "a blob is not base64"},
        {"{{YQ==}", 7, "it ends in the middle of a value"},
        {"{{YQ==} }", 6, "a blob ends with }}"},
        {"{{\"a\" b}}", 6, "the end of a clob is expected"},
        {"{{'a'}}", 2, "a clob is expected"},
        {"{{\"\xc3\xa9\"}}", 3, "a clob's bytes above 127 must be escaped"},
        {"{{\"\\u0041\"}}", 3, "an escape that does not exist"},
    };
    struct arena arena;

    arena_init(&arena);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct bytes text = bytes_of_string(rows[i].text);
        struct bytes events = events_of(text, true, &arena);
        struct bytes wanted =
            arena_format(&arena, "Ion text is not valid at byte %u: %s", rows[i].at, rows[i].what);

        if (events.size < wanted.size ||
            !bytes_equal(bytes_skip(events, events.size - wanted.size), wanted))
            unit_failed(__FILE__, __LINE__, "%s: %.*s", rows[i].text, BYTES_ARGS(events));
    }
    arena_fini(&arena);
}

TEST(ion_bounds_nesting)
{
    char text[2 * ION_DEPTH_MAX + 4];
    struct bytes events;
    struct arena arena;

    arena_init(&arena);
    memset(text, '[', ION_DEPTH_MAX);
    memset(text + ION_DEPTH_MAX, ']', ION_DEPTH_MAX);
    events = events_of(bytes_make(text, 2 * ION_DEPTH_MAX), true, &arena);
    CHECK(bytes_equal_string(bytes_skip(events, events.size - 2), ") "));
    memset(text, '(', ION_DEPTH_MAX + 1);
    events = events_of(bytes_make(text, ION_DEPTH_MAX + 1), true, &arena);
    CHECK_TEXT(bytes_skip(events, ION_DEPTH_MAX * strlen("sexp( ")),
               "Ion text is not valid at byte 256: too many containers inside each other");
    arena_fini(&arena);
}
