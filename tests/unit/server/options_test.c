/* options_test.c - the settings of `stele serve`: every row from every place, and the rules between
 * rows. */
#include "server/options.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 16

/* Each list ends with NULL. */
static enum err parse(const char *const *flags, const char *const *environment, struct arena *arena,
                      struct fault *fault, struct options *options)
{
    int count = 0;

    while (flags[count] != NULL)
        count++;
    *options = (struct options){0};
    fault_init(fault, arena);
    return options_parse(count, (char *const *)flags, (char *const *)environment, arena, fault,
                         options);
}

/* The names as people write them, told here once more: a renamed row breaks somebody's scripts. */
static const struct {
    const char *flag;
    const char *variable;
    const char *value;
} settings[] = {
    {"--listen", "STELE_LISTEN", "[::1]:9000"},
    {"--data", "STELE_DATA", "/var/x"},
    {"--region", "STELE_REGION", "eu-west-1"},
    {"--account", "STELE_ACCOUNT", "123456789012"},
    {"--auth", "STELE_AUTH", "open"},
    {"--threads", "STELE_THREADS", "2"},
    {"--workers", "STELE_WORKERS", "8"},
    {"--memory", "STELE_MEMORY", "1G"},
    {"--max-connections", "STELE_MAX_CONNECTIONS", "100"},
    {"--log-level", "STELE_LOG_LEVEL", "warn"},
    {"--table-delay-ms", "STELE_TABLE_DELAY_MS", "250"},
    {"--pitr-latest-seconds", "STELE_PITR_LATEST_SECONDS", "0"},
    {"--pitr-archive-seconds", "STELE_PITR_ARCHIVE_SECONDS", "60"},
    {"--pitr-archive-max", "STELE_PITR_ARCHIVE_MAX", "1G"},
    {"--s3", "STELE_S3", "s3:https://s3.example"},
    {"--s3-region", "STELE_S3_REGION", "eu-west-2"},
    {"--s3-style", "STELE_S3_STYLE", "virtual"},
    {"--s3-ca", "STELE_S3_CA", "ca.pem"},
    {"--s3-retry-seconds", "STELE_S3_RETRY_SECONDS", "5"},
    {"--insecure", "STELE_INSECURE", "true"},
    {"--tls-cert", "STELE_TLS_CERT", "c.pem"},
    {"--tls-key", "STELE_TLS_KEY", "k.pem"},
};

#define SETTING_COUNT (sizeof(settings) / sizeof(settings[0]))

static void check_all_set(const struct options *options)
{
    CHECK_TEXT(bytes_of_string(options->listen.host), "::1");
    CHECK_U64(options->listen.port, 9000);
    CHECK_TEXT(bytes_of_string(options->data), "/var/x");
    CHECK_TEXT(bytes_of_string(options->region), "eu-west-1");
    CHECK_TEXT(bytes_of_string(options->account), "123456789012");
    CHECK_U64(options->auth, AUTH_OPEN);
    CHECK_U64(options->threads, 2);
    CHECK_U64(options->workers, 8);
    CHECK_U64(options->memory, (uint64_t)1 << 30);
    CHECK_U64(options->max_connections, 100);
    CHECK_U64(options->log_level, LOG_WARN);
    CHECK_U64(options->table_delay_ms, 250);
    CHECK_U64(options->pitr_latest_seconds, 0);
    CHECK_U64(options->pitr_archive_seconds, 60);
    CHECK_U64(options->pitr_archive_max, (uint64_t)1 << 30);
    CHECK_TEXT(bytes_of_string(options->s3), "s3:https://s3.example");
    CHECK_TEXT(bytes_of_string(options->s3_region), "eu-west-2");
    CHECK_U64(options->s3_style, OBJECTS_STYLE_VIRTUAL);
    CHECK_TEXT(bytes_of_string(options->s3_ca), "ca.pem");
    CHECK_U64(options->s3_retry_seconds, 5);
    CHECK(options->insecure);
    CHECK_TEXT(bytes_of_string(options->tls_cert), "c.pem");
    CHECK_TEXT(bytes_of_string(options->tls_key), "k.pem");
}

TEST(options_defaults_serve_on_loopback_from_a_data_folder)
{
    const char *none[] = {NULL};
    struct options options;
    struct arena arena;
    struct fault fault;

    arena_init(&arena);
    CHECK_OK(parse(none, none, &arena, &fault, &options));
    CHECK_TEXT(bytes_of_string(options.listen.host), "127.0.0.1");
    CHECK_U64(options.listen.port, 8000);
    CHECK_TEXT(bytes_of_string(options.data), "./data");
    CHECK(!options.in_memory && !options.insecure && !options.help);
    CHECK_TEXT(bytes_of_string(options.region), "us-east-1");
    CHECK_TEXT(bytes_of_string(options.account), "000000000000");
    CHECK_U64(options.auth, AUTH_OPEN);
    CHECK(options.tls_cert == NULL && options.tls_key == NULL && options.config == NULL);
    CHECK(options.root_access_key_id == NULL && options.root_secret_access_key == NULL);
    CHECK_U64(options.threads, 0);
    CHECK_U64(options.log_level, LOG_INFO);
    CHECK_U64(options.table_delay_ms, 0);
    CHECK(options.s3 == NULL && options.s3_access_key_id == NULL);
    CHECK_U64(options.s3_style, OBJECTS_STYLE_PATH);
    CHECK_U64(options.s3_retry_seconds, 60);
    arena_fini(&arena);
}

TEST(options_the_key_for_s3_has_two_parts_and_is_no_flag)
{
    const char *id[] = {"STELE_S3_ACCESS_KEY_ID=AKID", NULL};
    const char *secret[] = {"STELE_S3_SECRET_ACCESS_KEY=s", NULL};
    const char *both[] = {id[0], secret[0], NULL}, *none[] = {NULL};
    const char *flag[] = {"--s3-secret-access-key", "s", NULL};
    struct options options;
    struct arena arena;
    struct fault fault;

    arena_init(&arena);
    CHECK_OK(parse(none, both, &arena, &fault, &options));
    CHECK_TEXT(bytes_of_string(options.s3_access_key_id), "AKID");
    CHECK_ERR(parse(none, id, &arena, &fault, &options), ERR_CONFIG);
    CHECK_TEXT(fault.message, "the key for the S3 endpoint has two parts: set "
                              "STELE_S3_SECRET_ACCESS_KEY in the environment or the --config "
                              "file, too");
    CHECK_ERR(parse(none, secret, &arena, &fault, &options), ERR_CONFIG);
    CHECK_ERR(parse(flag, none, &arena, &fault, &options), ERR_CONFIG);
    arena_fini(&arena);
}

TEST(options_can_be_flags_variables_or_lines)
{
    const char *flags[SETTING_COUNT + 1] = {NULL}, *variables[SETTING_COUNT + 1] = {NULL};
    const char *no_words[] = {NULL}, *config_flag[] = {"--config", NULL, NULL};
    struct options options;
    struct arena arena;
    struct fault fault;
    FILE *file;

    arena_init(&arena);
    config_flag[1] = (const char *)arena_format(&arena, "%s/stele.conf", unit_temp_dir()).data;
    file = fopen(config_flag[1], "we");
    CHECK(file != NULL);
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        flags[i] =
            (const char *)arena_format(&arena, "%s=%s", settings[i].flag, settings[i].value).data;
        variables[i] =
            (const char *)arena_format(&arena, "%s=%s", settings[i].variable, settings[i].value)
                .data;
        fprintf(file, "%s = %s\n", settings[i].flag + 2, settings[i].value);
    }
    fclose(file);
    CHECK_OK(parse(flags, no_words, &arena, &fault, &options));
    check_all_set(&options);
    CHECK_OK(parse(no_words, variables, &arena, &fault, &options));
    check_all_set(&options);
    CHECK_OK(parse(config_flag, no_words, &arena, &fault, &options));
    check_all_set(&options);
    arena_fini(&arena);
}

TEST(options_that_belong_together_are_checked_together)
{
    static const struct {
        const char *flags[WORDS_MAX];
        const char *environment[WORDS_MAX];
        const char *message; /* NULL: fine */
    } cases[] = {
        {{"--in-memory"}, {NULL}, NULL},
        {{"--data", "x", "--in-memory=false"}, {NULL}, NULL},
        {{"--in-memory", "--data", "x"},
         {NULL},
         "--data and --in-memory exclude each other: data is kept in a directory or in memory"},
        {{"--in-memory"},
         {"STELE_DATA=x"},
         "STELE_DATA and --in-memory exclude each other: data is kept in a directory or in "
         "memory"},

        {{"--tls-cert", "c"},
         {NULL},
         "--tls-cert is given without --tls-key: TLS needs a certificate and its key"},
        {{NULL},
         {"STELE_TLS_KEY=k"},
         "STELE_TLS_KEY is given without --tls-cert: TLS needs a certificate and its key"},
        {{"--tls-cert", "c"}, {"STELE_TLS_KEY=k"}, NULL},

        {{"--auth=keys"}, {"STELE_ROOT_ACCESS_KEY_ID=A", "STELE_ROOT_SECRET_ACCESS_KEY=B"}, NULL},
        {{"--auth=keys"},
         {NULL},
         "--auth keys needs the root key: set STELE_ROOT_ACCESS_KEY_ID and "
         "STELE_ROOT_SECRET_ACCESS_KEY in the environment or the --config file"},
        {{"--auth=keys"},
         {"STELE_ROOT_ACCESS_KEY_ID=A", "STELE_ROOT_SECRET_ACCESS_KEY="},
         "--auth keys needs the root key: set STELE_ROOT_SECRET_ACCESS_KEY in the environment or "
         "the --config file"},
        {{"--auth=keys"},
         {"STELE_ROOT_SECRET_ACCESS_KEY=B"},
         "--auth keys needs the root key: set STELE_ROOT_ACCESS_KEY_ID in the environment or the "
         "--config file"},

        {{"--listen=127.255.255.254:1"}, {NULL}, NULL},
        {{"--listen=[::1]:1"}, {NULL}, NULL},
        {{"--listen=[::ffff:127.0.0.1]:1"}, {NULL}, NULL},
        {{"--listen=0.0.0.0:1", "--insecure"}, {NULL}, NULL},
        {{"--listen=0.0.0.0:1", "--auth=keys"},
         {"STELE_ROOT_ACCESS_KEY_ID=A", "STELE_ROOT_SECRET_ACCESS_KEY=B"},
         NULL},
        {{"--listen=0.0.0.0:1"},
         {"STELE_INSECURE=false"},
         "--listen: with --auth open, everybody who reaches 0.0.0.0:1 could read and change "
         "everything: use --auth keys with a root key, listen on 127.0.0.1, or give --insecure if "
         "the network is trusted"},
        {{NULL},
         {"STELE_LISTEN=[::]:8000"},
         "STELE_LISTEN: with --auth open, everybody who reaches [::]:8000 could read and change "
         "everything: use --auth keys with a root key, listen on 127.0.0.1, or give --insecure if "
         "the network is trusted"},
        {{"--listen=[::ffff:10.0.0.1]:1"},
         {NULL},
         "--listen: with --auth open, everybody who reaches [::ffff:10.0.0.1]:1 could read and "
         "change everything: use --auth keys with a root key, listen on 127.0.0.1, or give "
         "--insecure if the network is trusted"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct options options;
        struct arena arena;
        struct fault fault;
        enum err err;

        arena_init(&arena);
        err = parse(cases[i].flags, cases[i].environment, &arena, &fault, &options);
        if (cases[i].message == NULL) {
            CHECK_OK(err);
        } else {
            CHECK_ERR(err, ERR_CONFIG);
            CHECK_TEXT(fault.message, cases[i].message);
        }
        arena_fini(&arena);
    }
}

TEST(options_root_key_comes_from_the_environment_or_the_file_and_is_never_repeated)
{
    const char *none[] = {NULL};
    const char *as_flag[] = {"--root-secret-access-key=hush", NULL};
    const char *as_two_words[] = {"--root-secret-access-key", "hush", NULL};
    const char *bad[] = {"STELE_ROOT_SECRET_ACCESS_KEY=hush hush", NULL};
    const char *good[] = {"STELE_ROOT_ACCESS_KEY_ID=AKID", "STELE_ROOT_SECRET_ACCESS_KEY=hush",
                          NULL};
    const char *const *const flags[] = {as_flag, as_two_words, none};
    const char *const *const environments[] = {none, none, bad};
    struct options options;
    struct arena arena;
    struct fault fault;

    arena_init(&arena);
    for (int i = 0; i < 3; i++) {
        CHECK_ERR(parse(flags[i], environments[i], &arena, &fault, &options), ERR_CONFIG);
        CHECK(fault.message.size > 0);
        CHECK(memmem(fault.message.data, fault.message.size, "hush", 4) == NULL);
    }
    CHECK_OK(parse(none, good, &arena, &fault, &options));
    CHECK_TEXT(bytes_of_string(options.root_access_key_id), "AKID");
    CHECK_TEXT(bytes_of_string(options.root_secret_access_key), "hush");
    arena_fini(&arena);
}

static char *printed(void (*print)(FILE *))
{
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);

    CHECK(file != NULL);
    print(file);
    fclose(file);
    return text;
}

TEST(options_help_man_page_and_reference_name_every_setting)
{
    char *help = printed(options_print_help), *man = printed(options_print_man);
    char *markdown = printed(options_print_markdown);

    for (size_t i = 0; i < SETTING_COUNT; i++) {
        char escaped[64] = "";

        for (const char *at = settings[i].flag; *at != 0; at++)
            strncat(escaped, *at == '-' ? "\\-" : (const char[]){*at, 0},
                    sizeof(escaped) - strlen(escaped) - 1);
        CHECK(strstr(help, settings[i].flag) != NULL);
        CHECK(strstr(man, escaped) != NULL);
        CHECK(strstr(man, settings[i].variable) != NULL);
        CHECK(strstr(markdown, settings[i].flag) != NULL);
        CHECK(strstr(markdown, settings[i].variable) != NULL);
    }
    CHECK(strstr(help, "  STELE_ROOT_SECRET_ACCESS_KEY=SECRET\n") != NULL);
    CHECK(strstr(help, "--root") == NULL); /* not a flag, so not shown as one */
    CHECK(strstr(help, "Default: 127.0.0.1:8000\n") != NULL);
    for (const char *line = help; *line != 0; line += strcspn(line, "\n") + 1)
        CHECK(strcspn(line, "\n") <= 80);
    CHECK(strstr(markdown, "open\\|keys") != NULL); /* a bare '|' would end the cell */
    free(help);
    free(man);
    free(markdown);
}
