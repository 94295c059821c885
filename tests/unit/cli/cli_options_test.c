/* cli_options_test.c - words, flags and times of the commands. */
#include "cli/cli_priv.h"
#include "unit.h"

static void setup(struct cli *cli, const char *command)
{
    *cli = (struct cli){.command = command};
    arena_init(&cli->arena);
    fault_init(&cli->fault, &cli->arena);
}

/* Up to 6 words; NULL ends them. */
static enum err read_words(struct cli *cli, const char *words[])
{
    char *argv[8] = {(char *)(uintptr_t)cli->command};
    int argc = 1;

    for (; words[argc - 1] != NULL; argc++)
        argv[argc] = (char *)(uintptr_t)words[argc - 1];
    return cli_options_read(cli, argc, argv);
}

TEST(cli_options_flags_stand_anywhere)
{
    struct cli cli;

    setup(&cli, "export");
    CHECK_OK(read_words(
        &cli, (const char *[]){"--format=ion", "T", "--new-images", "b/p", "--from", "1", NULL}));
    CHECK_U64(cli.options.word_count, 2);
    CHECK(strcmp(cli.options.words[0], "T") == 0 && strcmp(cli.options.words[1], "b/p") == 0);
    CHECK(strcmp(cli.options.format, "ion") == 0 && strcmp(cli.options.from, "1") == 0);
    CHECK(cli.options.new_images != NULL && cli.options.quiet == NULL);
    arena_fini(&cli.arena);
}

TEST(cli_options_that_are_wrong)
{
    static const struct {
        const char *command;
        const char *words[4];
        const char *message;
    } rows[] = {
        {"backup", {NULL}, "it wants TABLE | --list [TABLE] | --delete ARN"},
        {"backup", {"T", "U", NULL}, "'U' is one word too many"},
        {"backup", {"T", "--delete=A", NULL}, "'T' is one word too many"},
        {"backup", {"--list", "--delete=A", NULL}, "--list and --delete exclude each other"},
        {"export", {"--list", "T", "b/p", NULL}, "'b/p' is one word too many"},
        {"backup", {"T", "--bad", NULL}, "there is no option --bad"},
        {"backup", {"T", "--key=pk:S", NULL}, "there is no option --key"},
        {"backup", {"T", "--name", NULL}, "--name wants a value: NAME"},
        {"backup", {"T", "--name=", NULL}, "--name wants a value: NAME"},
        {"backup", {"T", "--list=x", NULL}, "--list takes no value"},
        {"restore", {"T", NULL}, "it wants BACKUP-ARN NEW-TABLE | TABLE NEW-TABLE --time TIME"},
        {"import", {"T", NULL}, "it wants BUCKET[/PREFIX] NEW-TABLE --key NAME:TYPE[,NAME:TYPE]"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct cli cli;

        setup(&cli, rows[i].command);
        CHECK_ERR(read_words(&cli, (const char **)(uintptr_t)rows[i].words), ERR_CONFIG);
        CHECK_TEXT(cli.fault.message, rows[i].message);
        arena_fini(&cli.arena);
    }
}

TEST(cli_times)
{
    static const struct {
        const char *text, *seconds; /* NULL: it is no time */
    } rows[] = {
        {"2026-01-31T12:00:00Z", "1769860800"},
        {"2026-01-31T12:00:00.25Z", "1769860800.25"},
        {"1970-01-01T00:00:00Z", "0"},
        {"1700000000", "1700000000.000"},
        {"1700000000.5", "1700000000.500"},
        {"2026-01-31T12:00:00", NULL},
        {"2026-01-31T12:00:00.Z", NULL},
        {"2026-01-31", NULL},
        {"-1", NULL},
        {"1e9", NULL},
        {"nan", NULL},
        {"soon", NULL},
        {"", NULL},
        {"1700000000 ", NULL},
        {"1.2.3", NULL},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bytes seconds = {0};
        struct cli cli;

        setup(&cli, "export");
        CHECK_ERR(cli_time(&cli, rows[i].text, &seconds),
                  rows[i].seconds != NULL ? OK : ERR_CONFIG);
        if (rows[i].seconds != NULL)
            CHECK_TEXT(seconds, rows[i].seconds);
        arena_fini(&cli.arena);
    }
}
