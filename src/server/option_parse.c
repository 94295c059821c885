/* option_parse.c - collects the values of a command's settings from flags, environment, file and
 * defaults, the strongest first, then reads them. A value that a stronger one hides is not read.
 */
#include "base/assert.h"
#include "server/option_priv.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

/* One call of option_table_parse. */
struct parse {
    const struct option_table *table;
    struct arena *arena;
    struct fault *fault;
    struct option_value *values; /* as found so far */
};

static enum err take_flags(struct parse *parse, const struct option_input *input);
static enum err check_flag(struct parse *parse, const struct option_row *row, const char *word,
                           size_t name_size);
static void take_environment(struct parse *parse, char *const *environment);
static enum err take_file(struct parse *parse, const char *path);
static enum err read_file(struct parse *parse, const char *path, char **text);
static enum err take_line(struct parse *parse, const char *path, unsigned line, char *text,
                          const char **where_in_file);
static enum err read_values(struct parse *parse, void *result);
static const struct option_row *find_row(const struct option_table *table, const char *name,
                                         size_t name_size);
static struct option_value *value_of(const struct parse *parse, const struct option_row *row);
static char *trim(char *text);

enum err option_table_parse(const struct option_table *table, const struct option_input *input,
                            struct arena *arena, struct fault *fault, struct option_value *values,
                            void *result)
{
    struct parse parse = {table, arena, fault, values};
    const struct option_row *help = find_row(table, "help", 4);
    const struct option_row *config = find_row(table, "config", 6);
    enum err err;

    memset(values, 0, sizeof(values[0]) * table->row_count);
    err = take_flags(&parse, input);
    if (err != OK)
        return err;
    if (help != NULL && value_of(&parse, help)->text != NULL) {
        *(bool *)((char *)result + help->offset) = true;
        return OK;
    }
    take_environment(&parse, input->environment);
    if (config != NULL && value_of(&parse, config)->text != NULL)
        err = take_file(&parse, value_of(&parse, config)->text);
    if (err == OK)
        err = read_values(&parse, result);
    return err;
}

void option_spell(const struct option_row *row, struct option_spelling *spelling)
{
    size_t size = strlen(row->name);

    ASSERT(size < sizeof(spelling->variable) - strlen("STELE_"));
    memcpy(spelling->variable, "STELE_", 6);
    for (size_t i = 0; i <= size; i++) {
        spelling->flag[i] = row->name[i] == '_' ? '-' : row->name[i];
        spelling->variable[6 + i] = (char)toupper((unsigned char)row->name[i]);
    }
}

static enum err take_flags(struct parse *parse, const struct option_input *input)
{
    for (int i = 0; i < input->argc; i++) {
        const char *word = strcmp(input->argv[i], "-h") == 0 ? "--help" : input->argv[i];
        size_t size = strcspn(word, "=");
        const struct option_row *row = NULL;
        const char *text = word[size] == '=' ? word + size + 1 : NULL;
        enum err err;

        if (strncmp(word, "--", 2) == 0)
            row = find_row(parse->table, word + 2, size - 2);
        err = check_flag(parse, row, word, size);
        if (err != OK)
            return err;
        if (text == NULL && row->kind == OPTION_SWITCH)
            text = "true";
        else if (text == NULL && i + 1 < input->argc && strncmp(input->argv[i + 1], "--", 2) != 0)
            text = input->argv[++i];
        if (text == NULL)
            return fault_set(parse->fault, ERR_CONFIG, "%s needs a value: %s %s", word, word,
                             row->argument);
        value_of(parse, row)->text = text;
        value_of(parse, row)->where =
            (const char *)arena_format(parse->arena, "%.*s", (int)size, word).data;
    }
    return OK;
}

/* Whether a word is a flag of the table; row is NULL when nothing has its name. */
static enum err check_flag(struct parse *parse, const struct option_row *row, const char *word,
                           size_t name_size)
{
    const char *command = parse->table->command;
    struct option_spelling spelling;

    if (row == NULL && word[0] != '-')
        return fault_set(parse->fault, ERR_CONFIG,
                         "'%s' is not expected here: %s takes options only; `stele %s --help` "
                         "lists them",
                         word, command, command);
    /* Not what is behind the '=': it may be a secret. */
    if (row == NULL)
        return fault_set(parse->fault, ERR_CONFIG,
                         "%.*s: %s has no such option; `stele %s --help` lists them",
                         (int)name_size, word, command, command);
    if ((row->from & OPTION_FROM_FLAG) == 0) {
        option_spell(row, &spelling);
        return fault_set(parse->fault, ERR_CONFIG,
                         "%.*s cannot be given as a flag, where every user of the machine can read "
                         "it: set %s, or write it into the --config file",
                         (int)name_size, word, spelling.variable);
    }
    return OK;
}

static void take_environment(struct parse *parse, char *const *environment)
{
    for (size_t i = 0; i < parse->table->row_count; i++) {
        const struct option_row *row = &parse->table->rows[i];
        struct option_spelling spelling;
        size_t size;

        option_spell(row, &spelling);
        size = strlen(spelling.variable);
        for (char *const *at = environment; *at != NULL; at++) {
            if (strncmp(*at, spelling.variable, size) != 0 || (*at)[size] != '=' ||
                (*at)[size + 1] == 0)
                continue;
            if ((row->from & OPTION_FROM_ENVIRONMENT) == 0 || parse->values[i].text != NULL)
                continue;
            parse->values[i].text = *at + size + 1;
            parse->values[i].where =
                (const char *)arena_format(parse->arena, "%s", spelling.variable).data;
        }
    }
}

static enum err take_file(struct parse *parse, const char *path)
{
    const char **where_in_file =
        arena_new_array(parse->arena, const char *, parse->table->row_count);
    char *text = NULL, *rest;
    enum err err = read_file(parse, path, &text);

    for (unsigned line = 1; err == OK && text != NULL; line++) {
        rest = strchr(text, '\n');
        if (rest != NULL)
            *rest++ = 0;
        err = take_line(parse, path, line, text, where_in_file);
        text = rest;
    }
    return err;
}

static enum err read_file(struct parse *parse, const char *path, char **text)
{
    FILE *file = fopen(path, "re");
    char *found;
    size_t size;
    int failed;

    if (file == NULL)
        return fault_set(parse->fault, ERR_CONFIG, "cannot open the configuration file %s: %s",
                         path, strerrordesc_np(errno));
    found = arena_alloc(parse->arena, OPTION_CONFIG_BYTES_MAX + 1);
    size = fread(found, 1, OPTION_CONFIG_BYTES_MAX + 1, file);
    failed = ferror(file) ? errno : 0;
    fclose(file);
    if (failed != 0)
        return fault_set(parse->fault, ERR_CONFIG, "cannot read the configuration file %s: %s",
                         path, strerrordesc_np(failed));
    if (size > OPTION_CONFIG_BYTES_MAX)
        return fault_set(parse->fault, ERR_CONFIG,
                         "the configuration file %s is larger than %d bytes", path,
                         OPTION_CONFIG_BYTES_MAX);
    if (memchr(found, 0, size) != NULL)
        return fault_set(parse->fault, ERR_CONFIG,
                         "the configuration file %s holds a NUL byte: it is not text", path);
    found[size] = 0;
    *text = found;
    return OK;
}

/* name = value; '#' at the start or behind a blank begins a comment. The text of a bad line is not
 * repeated: it may be a secret. */
static enum err take_line(struct parse *parse, const char *path, unsigned line, char *text,
                          const char **where_in_file)
{
    const struct option_row *row;
    struct option_value *value;
    const char **where;
    char *equals;

    for (char *at = text; *at != 0; at++) {
        if (*at == '#' && (at == text || isspace((unsigned char)at[-1]))) {
            *at = 0;
            break;
        }
    }
    text = trim(text);
    if (*text == 0)
        return OK;
    equals = strchr(text, '=');
    if (equals == NULL)
        return fault_set(parse->fault, ERR_CONFIG, "%s:%u: not of the form name = value", path,
                         line);
    *equals = 0;
    text = trim(text);
    row = find_row(parse->table, text, strlen(text));
    if (row == NULL)
        return fault_set(parse->fault, ERR_CONFIG,
                         "%s:%u: %s has no option '%s'; `stele %s --help` lists them", path, line,
                         parse->table->command, text, parse->table->command);
    if ((row->from & OPTION_FROM_FILE) == 0)
        return fault_set(parse->fault, ERR_CONFIG,
                         "%s:%u: %s cannot be set in a file: give it as a flag or a variable", path,
                         line, text);
    where = &where_in_file[row - parse->table->rows];
    if (*where != NULL)
        return fault_set(parse->fault, ERR_CONFIG, "%s:%u: %s is set before, at %s", path, line,
                         text, *where);
    *where = (const char *)arena_format(parse->arena, "%s:%u: %s", path, line, text).data;
    value = value_of(parse, row);
    if (value->text == NULL)
        *value = (struct option_value){trim(equals + 1), *where};
    return OK;
}

static enum err read_values(struct parse *parse, void *result)
{
    for (size_t i = 0; i < parse->table->row_count; i++) {
        const struct option_row *row = &parse->table->rows[i];
        struct option_value *value = &parse->values[i];
        struct bytes accepted;
        bool good;

        if (value->text == NULL && row->fallback[0] != 0)
            value->text = row->fallback;
        if (value->text == NULL)
            continue;
        good = option_value_read(row, value->text, (char *)result + row->offset);
        ASSERT(good || value->where != NULL); /* a row's own default is good */
        if (good)
            continue;
        accepted = option_accepted(row, parse->arena);
        if (row->kind == OPTION_SECRET)
            return fault_set(parse->fault, ERR_CONFIG, "%s: the value is not %.*s", value->where,
                             BYTES_ARGS(accepted));
        return fault_set(parse->fault, ERR_CONFIG, "%s: '%s' is not %.*s", value->where,
                         value->text, BYTES_ARGS(accepted));
    }
    return OK;
}

static const struct option_row *find_row(const struct option_table *table, const char *name,
                                         size_t name_size)
{
    for (size_t i = 0; i < table->row_count; i++) {
        struct option_spelling spelling;

        option_spell(&table->rows[i], &spelling);
        if (strlen(spelling.flag) == name_size && memcmp(spelling.flag, name, name_size) == 0)
            return &table->rows[i];
    }
    return NULL;
}

static struct option_value *value_of(const struct parse *parse, const struct option_row *row)
{
    return &parse->values[row - parse->table->rows];
}

static char *trim(char *text)
{
    char *end = text + strlen(text);

    while (end > text && isspace((unsigned char)end[-1]))
        end--;
    *end = 0;
    while (isspace((unsigned char)*text))
        text++;
    return text;
}
