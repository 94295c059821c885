/* cli_options.c - flags and words; times. */
#include "cli/cli.h"
#include "cli/cli_priv.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct row {
    const char *name;
    const char *argument;
    const char *commands;
    const char *help;
    size_t offset;
} rows[] = {
#define OPTION(name, argument, commands, help) \
    {#name, argument, commands, help, offsetof(struct cli_options, name)},
#include "cli/cli_options.def"
};

static const struct use {
    const char *command;
    const char *words;
    unsigned min, max; /* words */
    const char *about;
} uses[] = {
    {"backup", "TABLE | --list [TABLE] | --delete ARN", 0, 1,
     "Make a backup of a table, and print its ARN."},
    {"restore", "BACKUP-ARN NEW-TABLE | TABLE NEW-TABLE --time TIME", 2, 2,
     "Make a new table from a backup, or from another table as it was, and print its ARN."},
    {"export", "TABLE BUCKET[/PREFIX] | --list [TABLE]", 0, 2,
     "Write a table, or what changed in it, to files in a bucket, and print the key of the "
     "manifest."},
    {"import", "BUCKET[/PREFIX] NEW-TABLE --key NAME:TYPE[,NAME:TYPE]", 2, 2,
     "Make a new table from files in a bucket, and print its ARN."},
};

#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

static const struct row *find(const char *command, const char *flag, size_t size);
static bool is_flag(const struct row *row, const char *flag, size_t size);
static void print_flag(const struct row *row, FILE *out);
static enum err check_instead(struct cli *cli);

static const struct use *use_of(const char *command)
{
    const struct use *use = uses;

    while (strcmp(use->command, command) != 0)
        use++;
    return use;
}

enum err cli_options_read(struct cli *cli, int argc, char **argv)
{
    const struct use *use = use_of(cli->command);
    struct cli_options *options = &cli->options;

    for (int i = 1; i < argc; i++) {
        const char *word = argv[i], *value = "";
        const struct row *row;
        size_t size;

        if (strcmp(word, "-h") == 0)
            word = "--help";
        if (strncmp(word, "--", 2) != 0) {
            if (options->word_count == use->max)
                return fault_set(&cli->fault, ERR_CONFIG, "'%s' is one word too many", word);
            options->words[options->word_count++] = word;
            continue;
        }
        size = strcspn(word + 2, "=");
        row = find(cli->command, word + 2, size);
        if (row == NULL)
            return fault_set(&cli->fault, ERR_CONFIG, "there is no option %.*s", (int)size + 2,
                             word);
        if (row->argument[0] != 0) {
            value = word[2 + size] == '=' ? word + 3 + size : i + 1 < argc ? argv[++i] : "";
            if (value[0] == 0)
                return fault_set(&cli->fault, ERR_CONFIG, "--%.*s wants a value: %s", (int)size,
                                 word + 2, row->argument);
        } else if (word[2 + size] == '=') {
            return fault_set(&cli->fault, ERR_CONFIG, "--%.*s takes no value", (int)size, word + 2);
        }
        *(const char **)(void *)((char *)options + row->offset) = value;
    }
    if (options->help != NULL)
        return OK;
    if (options->list != NULL || options->delete != NULL)
        return check_instead(cli);
    if (options->word_count < use->min || options->word_count == 0)
        return fault_set(&cli->fault, ERR_CONFIG, "it wants %s", use->words);
    return OK;
}

/* --list takes a table, or none; --delete has all it wants. */
static enum err check_instead(struct cli *cli)
{
    const struct cli_options *options = &cli->options;
    unsigned max = options->delete != NULL ? 0 : 1;

    if (options->list != NULL && options->delete != NULL)
        return fault_set(&cli->fault, ERR_CONFIG, "--list and --delete exclude each other");
    if (options->word_count > max)
        return fault_set(&cli->fault, ERR_CONFIG, "'%s' is one word too many", options->words[max]);
    return OK;
}

static const struct row *find(const char *command, const char *flag, size_t size)
{
    for (size_t i = 0; i < ROW_COUNT; i++)
        if (strchr(rows[i].commands, command[0]) != NULL && is_flag(&rows[i], flag, size))
            return &rows[i];
    return NULL;
}

/* Names have '_' where flags have '-'. */
static bool is_flag(const struct row *row, const char *flag, size_t size)
{
    if (strlen(row->name) != size)
        return false;
    for (size_t i = 0; i < size; i++)
        if (flag[i] != (row->name[i] == '_' ? '-' : row->name[i]))
            return false;
    return true;
}

void cli_options_print(const char *command, FILE *out)
{
    const struct use *use = use_of(command);

    fprintf(out, "usage: stele %s %s [OPTION...]\n\n%s\n\n", command, use->words, use->about);
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (strchr(rows[i].commands, command[0]) == NULL)
            continue;
        fputs("  --", out);
        print_flag(&rows[i], out);
        fprintf(out, "\n      %s\n", rows[i].help);
    }
}

void cli_print_man(FILE *out)
{
    for (size_t i = 0; i < sizeof(uses) / sizeof(uses[0]); i++)
        fprintf(out, ".SH STELE %s\n.B stele %s\n%s\n.PP\n%s\n", uses[i].command, uses[i].command,
                uses[i].words, uses[i].about);
    fputs(".SH OPTIONS OF THESE COMMANDS\n", out);
    for (size_t i = 0; i < ROW_COUNT; i++) {
        fputs(".TP\n.B \\-\\-", out);
        print_flag(&rows[i], out);
        fprintf(out, "\n%s\n", rows[i].help);
    }
}

static void print_flag(const struct row *row, FILE *out)
{
    for (const char *at = row->name; *at != 0; at++)
        fputc(*at == '_' ? '-' : *at, out);
    if (row->argument[0] != 0)
        fprintf(out, " %s", row->argument);
}

enum err cli_time(struct cli *cli, const char *text, struct bytes *seconds)
{
    struct tm utc = {.tm_year = 0};
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &utc);
    char *end;
    double number;

    if (rest != NULL) {
        size_t size = rest[0] == '.' ? 1 + strspn(rest + 1, "0123456789") : 0;

        if ((rest[0] == '.' && size < 2) || strcmp(rest + size, "Z") != 0)
            rest = NULL;
        else
            *seconds =
                arena_format(&cli->arena, "%lld%.*s", (long long)timegm(&utc), (int)size, rest);
    } else {
        number = strtod(text, &end);
        if (end != text && *end == 0 && number >= 0 && number < 1e11 && text[0] >= '0' &&
            text[0] <= '9' && strspn(text, "0123456789.") == strlen(text)) {
            rest = text;
            *seconds = arena_format(&cli->arena, "%.3f", number);
        }
    }
    if (rest != NULL)
        return OK;
    return fault_set(
        &cli->fault, ERR_CONFIG,
        "'%s' is no time: give one such as 2026-01-31T12:00:00Z, or seconds since 1970", text);
}
