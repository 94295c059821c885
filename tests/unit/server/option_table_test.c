/* option_table_test.c - kinds of values, and where values come from, with a table of our own. */
#include "server/option_table.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct result {
    bool on;
    const char *text;
    unsigned count;
    uint64_t size;
    unsigned choice;
    struct option_address address;
    const char *region;
    const char *account;
    const char *key_id;
    const char *secret;
    const char *config;
    bool help;
};

#define ROW(name, kind, from, argument, fallback, low, high)                                   \
    {                                                                                          \
#name, OPTION_##kind, OPTION_##from, argument, fallback, low, high, "Some " #name ".", \
            offsetof(struct result, name)                                                      \
    }

static const struct option_row rows[] = {
    ROW(on, SWITCH, ANYWHERE, "", "false", 0, 0),
    ROW(text, TEXT, ANYWHERE, "TEXT", "", 0, 0),
    ROW(count, COUNT, ANYWHERE, "N", "7", 5, 70),
    ROW(size, SIZE, ANYWHERE, "SIZE", "1M", 1000, (uint64_t)1 << 40),
    ROW(choice, CHOICE, ANYWHERE, "a|bc|d", "bc", 0, 0),
    ROW(address, ADDRESS, ANYWHERE, "ADDR:PORT", "127.0.0.1:8000", 0, 0),
    ROW(region, REGION, ANYWHERE, "REGION", "r-1", 0, 0),
    ROW(account, ACCOUNT, ANYWHERE, "ID", "000000000000", 0, 0),
    ROW(key_id, KEY_ID, NOT_A_FLAG, "ID", "", 0, 0),
    ROW(secret, SECRET, NOT_A_FLAG, "SECRET", "", 0, 0),
    ROW(config, TEXT, NOT_IN_FILE, "FILE", "", 0, 0),
    ROW(help, SWITCH, FLAG_ONLY, "", "false", 0, 0),
};

#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

static const struct option_table table = {"demo", rows, ROW_COUNT};

/* Words are separated by single spaces; "" is none. */
static char **words(const char *text, int *count, struct arena *arena)
{
    char **list = arena_new_array(arena, char *, strlen(text) + 2);
    char *copy = (char *)arena_copy(arena, bytes_of_string(text)).data, *save = NULL;

    *count = 0;
    for (char *word = strtok_r(copy, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save))
        list[(*count)++] = word;
    return list;
}

static enum err parse(const char *flags, const char *environment, struct arena *arena,
                      struct fault *fault, struct result *result)
{
    struct option_value values[ROW_COUNT];
    struct option_input input;
    int ignored;

    *result = (struct result){0};
    fault_init(fault, arena);
    input.argv = words(flags, &input.argc, arena);
    input.environment = words(environment, &ignored, arena);
    return option_table_parse(&table, &input, arena, fault, values, result);
}

static const char *write_config(const char *text, size_t size, struct arena *arena)
{
    const char *path = (const char *)arena_format(arena, "%s/demo.conf", unit_temp_dir()).data;
    FILE *file = fopen(path, "we");

    CHECK(file != NULL);
    CHECK_U64(fwrite(text, 1, size, file), size);
    fclose(file);
    return path;
}

TEST(option_table_defaults_hold_when_nothing_is_said)
{
    struct arena arena;
    struct fault fault;
    struct result result;

    arena_init(&arena);
    CHECK_OK(parse("", "STELE_TEXT= STELE_COUNTS=9 OTHER=1", &arena, &fault, &result));
    CHECK(!result.on && result.text == NULL && result.key_id == NULL && result.secret == NULL);
    CHECK_U64(result.count, 7);
    CHECK_U64(result.size, 1 << 20);
    CHECK_U64(result.choice, 1);
    CHECK_TEXT(bytes_of_string(result.address.host), "127.0.0.1");
    CHECK_U64(result.address.port, 8000);
    CHECK_TEXT(bytes_of_string(result.region), "r-1");
    CHECK_TEXT(bytes_of_string(result.account), "000000000000");
    arena_fini(&arena);
}

TEST(option_table_flag_wins_over_environment_over_file_over_default)
{
    static const char config[] = "count = 10\ntext=file\nregion = file-1\n";
    struct arena arena;
    struct fault fault;
    struct result result;
    const char *path, *environment;

    arena_init(&arena);
    path = write_config(config, strlen(config), &arena);
    environment = (const char *)arena_format(
                      &arena, "STELE_CONFIG=%s STELE_COUNT=20 STELE_TEXT=variable", path)
                      .data;
    CHECK_OK(parse("--count 30", environment, &arena, &fault, &result));
    CHECK_U64(result.count, 30);
    CHECK_TEXT(bytes_of_string(result.text), "variable");
    CHECK_TEXT(bytes_of_string(result.region), "file-1");
    CHECK_TEXT(bytes_of_string(result.account), "000000000000");
    /* What is hidden is not read: the value of the variable would be refused. */
    CHECK_OK(parse("--count 30", "STELE_COUNT=x", &arena, &fault, &result));
    /* Of flags the last one counts, and a switch can be turned off again. */
    CHECK_OK(parse("--count 30 --count=40 --on=false", "STELE_ON=1", &arena, &fault, &result));
    CHECK_U64(result.count, 40);
    CHECK(!result.on);
    arena_fini(&arena);
}

TEST(option_table_values_are_read_by_kind)
{
    static const struct {
        const char *flag;
        const char *accepted; /* NULL: the value is good */
    } cases[] = {
        {"--on", NULL},
        {"--on=yes", NULL},
        {"--on=off", NULL},
        {"--on=TRUE", "true or false"},
        {"--on=", "true or false"},
        {"--text=", "a value: TEXT"},
        {"--count=5", NULL},
        {"--count=70", NULL},
        {"--count=4", "a number from 5 to 70"},
        {"--count=71", "a number from 5 to 70"},
        {"--count=-6", "a number from 5 to 70"},
        {"--count=+6", "a number from 5 to 70"},
        {"--count=6x", "a number from 5 to 70"},
        {"--count=0x10", "a number from 5 to 70"},
        {"--count=18446744073709551622", "a number from 5 to 70"}, /* 6, were it to wrap */
        {"--count=4294967302", "a number from 5 to 70"},
        {"--size=1000", NULL},
        {"--size=1k", NULL},
        {"--size=1T", NULL},
        {"--size=999", "a size from 1000 to 1T, such as 512M or 2G"},
        {"--size=2T", "a size from 1000 to 1T, such as 512M or 2G"},
        {"--size=1MB", "a size from 1000 to 1T, such as 512M or 2G"},
        {"--size=1.5G", "a size from 1000 to 1T, such as 512M or 2G"},
        {"--size=G", "a size from 1000 to 1T, such as 512M or 2G"},
        {"--size=16777217T", "a size from 1000 to 1T, such as 512M or 2G"}, /* 2^64 + 1T */
        {"--choice=a", NULL},
        {"--choice=d", NULL},
        {"--choice=b", "one of a|bc|d"},
        {"--choice=a|bc", "one of a|bc|d"},
        {"--choice=", "one of a|bc|d"},
        {"--region=eu-central-1", NULL},
        {"--region=EU", "a region: 1 to 32 of a-z, 0-9 and '-', such as us-east-1"},
        {"--account=123456789012", NULL},
        {"--account=12345678901", "an account id: 12 digits, such as 000000000000"},
        {"--account=1234567890123", "an account id: 12 digits, such as 000000000000"},
        {"--account=12345678901x", "an account id: 12 digits, such as 000000000000"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *equals = strchr(cases[i].flag, '=');
        struct arena arena;
        struct fault fault;
        struct result result;
        enum err err;

        arena_init(&arena);
        err = parse(cases[i].flag, "", &arena, &fault, &result);
        CHECK_ERR(err, cases[i].accepted == NULL ? OK : ERR_CONFIG);
        if (cases[i].accepted != NULL && err != OK) {
            struct bytes text =
                arena_format(&arena, "%.*s: '%s' is not %s", (int)(equals - cases[i].flag),
                             cases[i].flag, equals + 1, cases[i].accepted);
            CHECK_TEXT(fault.message, (const char *)text.data);
        }
        arena_fini(&arena);
    }
}

TEST(option_table_values_mean_what_they_say)
{
    struct arena arena;
    struct fault fault;
    struct result result;

    arena_init(&arena);
    CHECK_OK(parse("--on --size 3k --choice d", "STELE_KEY_ID=A-b_9 STELE_SECRET=a/b+c~", &arena,
                   &fault, &result));
    CHECK(result.on);
    CHECK_U64(result.size, 3072);
    CHECK_U64(result.choice, 2);
    CHECK_TEXT(bytes_of_string(result.key_id), "A-b_9");
    CHECK_TEXT(bytes_of_string(result.secret), "a/b+c~");
    arena_fini(&arena);
}

TEST(option_table_addresses_are_numeric_with_a_port)
{
    static const struct {
        const char *text;
        const char *host; /* NULL: refused */
        unsigned port;
    } cases[] = {
        {"8000", "127.0.0.1", 8000},
        {"0", "127.0.0.1", 0},
        {"0.0.0.0:80", "0.0.0.0", 80},
        {"255.255.255.255:65535", "255.255.255.255", 65535},
        {"[::1]:8000", "::1", 8000},
        {"[::]:1", "::", 1},
        {"[0:0:0:0:0:0:0:1]:1", "::1", 1},
        {"[::ffff:127.0.0.1]:1", "::ffff:127.0.0.1", 1},
        {"[FE80:0000:0000:0000:0202:B3FF:FE1E:8329]:1", "fe80::202:b3ff:fe1e:8329", 1},
        {"127.0.0.1:65536", NULL, 0},
        {"127.0.0.1:-1", NULL, 0},
        {"127.0.0.1:", NULL, 0},
        {"127.0.0.1", NULL, 0},
        {":8000", NULL, 0},
        {"*:8000", NULL, 0},
        {"localhost:8000", NULL, 0},
        {"127.1:8000", NULL, 0},
        {"::1:8000", NULL, 0},
        {"[::1]", NULL, 0},
        {"[::1]8000", NULL, 0},
        {"[]:8000", NULL, 0},
        {"[:8000", NULL, 0},
        {"]:8000", NULL, 0},
        {"[127.0.0.1]:8000", NULL, 0},
        {"[::1]:8000x", NULL, 0},
        {"[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]:1", NULL, 0},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct arena arena;
        struct fault fault;
        struct result result;
        struct bytes flag;
        enum err err;

        arena_init(&arena);
        flag = arena_format(&arena, "--address %s", cases[i].text);
        err = parse((const char *)flag.data, "", &arena, &fault, &result);
        if ((err == OK) != (cases[i].host != NULL)) {
            unit_failed(__FILE__, __LINE__, "%s: %s", cases[i].text, err_name(err));
        } else if (err == OK) {
            CHECK_TEXT(bytes_of_string(result.address.host), cases[i].host);
            CHECK_U64(result.address.port, cases[i].port);
        }
        arena_fini(&arena);
    }
}

TEST(option_table_refuses_words_it_does_not_know)
{
    static const struct {
        const char *flags;
        const char *message;
    } cases[] = {
        {"word", "'word' is not expected here: demo takes options only; `stele demo --help` lists "
                 "them"},
        {"--what", "--what: demo has no such option; `stele demo --help` lists them"},
        {"--what=ever", "--what: demo has no such option; `stele demo --help` lists them"},
        {"-c 6", "-c: demo has no such option; `stele demo --help` lists them"},
        {"--", "--: demo has no such option; `stele demo --help` lists them"},
        {"--coun 6", "--coun: demo has no such option; `stele demo --help` lists them"},
        {"--key_id 6", "--key_id: demo has no such option; `stele demo --help` lists them"},
        {"--count", "--count needs a value: --count N"},
        {"--text --on", "--text needs a value: --text TEXT"},
        {"--secret=hush", "--secret cannot be given as a flag, where every user of the machine can "
                          "read it: set STELE_SECRET, or write it into the --config file"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct arena arena;
        struct fault fault;
        struct result result;

        arena_init(&arena);
        CHECK_ERR(parse(cases[i].flags, "", &arena, &fault, &result), ERR_CONFIG);
        CHECK_TEXT(fault.message, cases[i].message);
        arena_fini(&arena);
    }
}

TEST(option_table_help_ends_the_work)
{
    struct arena arena;
    struct fault fault;
    struct result result;

    arena_init(&arena);
    CHECK_OK(parse("--count x --help", "STELE_COUNT=y", &arena, &fault, &result));
    CHECK(result.help);
    CHECK_OK(parse("-h", "", &arena, &fault, &result));
    CHECK(result.help);
    CHECK_OK(parse("", "STELE_HELP=true", &arena, &fault, &result)); /* only as a flag */
    CHECK(!result.help);
    arena_fini(&arena);
}

TEST(option_table_file_has_names_values_and_comments)
{
    static const char config[] = "# all of it\n"
                                 "\n"
                                 "  text = a b  # behind a blank\r\n"
                                 "\tsecret=abc#def\n"
                                 "on=true\n"
                                 "key-id = K=1";
    struct arena arena;
    struct fault fault;
    struct result result;
    const char *flags;

    arena_init(&arena);
    flags = (const char *)arena_format(&arena, "--config %s",
                                       write_config(config, strlen(config), &arena))
                .data;
    CHECK_ERR(parse(flags, "", &arena, &fault, &result), ERR_CONFIG); /* the key id has a '=' */
    CHECK_OK(parse(flags, "STELE_KEY_ID=K", &arena, &fault, &result));
    CHECK_TEXT(bytes_of_string(result.text), "a b");
    CHECK_TEXT(bytes_of_string(result.secret), "abc#def");
    CHECK(result.on);
    arena_fini(&arena);
}

TEST(option_table_names_the_bad_line_of_a_file_without_repeating_it)
{
    static const struct {
        struct bytes config;
        const char *message; /* behind the file's name */
    } cases[] = {
        {BYTES("\n\nsecret hush"), ":3: not of the form name = value"},
        {BYTES("what = 1"), ":1: demo has no option 'what'; `stele demo --help` lists them"},
        {BYTES("key_id = 1"), ":1: demo has no option 'key_id'; `stele demo --help` lists them"},
        {BYTES("= 1"), ":1: demo has no option ''; `stele demo --help` lists them"},
        {BYTES("config = x"),
         ":1: config cannot be set in a file: give it as a flag or a variable"},
        {BYTES("count = 6\n#\ncount = 7"), ":3: count is set before, at @:1: count"},
        {BYTES("\ncount = 3"), ":2: count: '3' is not a number from 5 to 70"},
        {BYTES("text ="), ":1: text: '' is not a value: TEXT"},
        {BYTES("secret = hush hush"), ":1: secret: the value is not a secret: 1 to 128 printable "
                                      "ASCII characters without blanks"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *path, *at = strchr(cases[i].message, '@');
        struct bytes flags, expected;
        struct arena arena;
        struct fault fault;
        struct result result;

        arena_init(&arena);
        path = write_config((const char *)cases[i].config.data, cases[i].config.size, &arena);
        flags = arena_format(&arena, "--config %s", path);
        expected = at == NULL
                       ? arena_format(&arena, "%s%s", path, cases[i].message)
                       : arena_format(&arena, "%s%.*s%s%s", path, (int)(at - cases[i].message),
                                      cases[i].message, path, at + 1);
        CHECK_ERR(parse((const char *)flags.data, "", &arena, &fault, &result), ERR_CONFIG);
        CHECK_TEXT(fault.message, (const char *)expected.data);
        arena_fini(&arena);
    }
}

TEST(option_table_refuses_files_that_are_missing_too_large_or_not_text)
{
    static const struct {
        size_t size;
        char fill;
        const char *part; /* of the message */
    } cases[] = {
        {OPTION_CONFIG_BYTES_MAX, '#', NULL},
        {OPTION_CONFIG_BYTES_MAX + 1, '#', " is larger than 65536 bytes"},
        {1, 0, " holds a NUL byte: it is not text"},
    };
    struct arena arena;
    struct fault fault;
    struct result result;
    struct bytes flags;

    arena_init(&arena);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *text = arena_alloc(&arena, cases[i].size);

        memset(text, cases[i].fill, cases[i].size);
        flags = arena_format(&arena, "--config %s", write_config(text, cases[i].size, &arena));
        CHECK_ERR(parse((const char *)flags.data, "", &arena, &fault, &result),
                  cases[i].part == NULL ? OK : ERR_CONFIG);
        if (cases[i].part != NULL)
            CHECK(memmem(fault.message.data, fault.message.size, cases[i].part,
                         strlen(cases[i].part)) != NULL);
    }
    flags = arena_format(&arena, "--config %s/none", unit_temp_dir());
    CHECK_ERR(parse((const char *)flags.data, "", &arena, &fault, &result), ERR_CONFIG);
    CHECK(bytes_start_with(fault.message, BYTES("cannot open the configuration file ")));
    flags = arena_format(&arena, "--config %s", unit_temp_dir());
    CHECK_ERR(parse((const char *)flags.data, "", &arena, &fault, &result), ERR_CONFIG);
    CHECK(bytes_start_with(fault.message, BYTES("cannot read the configuration file ")));
    arena_fini(&arena);
}
