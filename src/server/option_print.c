/* option_print.c - the rows of a command, written out for people. */
#include "server/option_table.h"

#include <string.h>

#define HELP_INDENT  8
#define HELP_COLUMNS 80

static bool is_flag(const struct option_row *row);
static void print_wrapped(const char *text, size_t *column, FILE *out);
static void print_roff(const char *text, FILE *out);
static void print_man_row(const struct option_row *row, FILE *out);
static void print_cell(const char *text, FILE *out);

void option_table_print_help(const struct option_table *table, FILE *out)
{
    struct option_spelling spelling;

    for (size_t i = 0; i < table->row_count; i++) {
        const struct option_row *row = &table->rows[i];
        size_t column = 0;

        option_spell(row, &spelling);
        if (is_flag(row))
            fprintf(out, "  --%s%s%s\n", spelling.flag, row->argument[0] != 0 ? " " : "",
                    row->argument);
        else
            fprintf(out, "  %s=%s\n", spelling.variable, row->argument);
        print_wrapped(row->help, &column, out);
        if (row->fallback[0] != 0 && row->kind != OPTION_SWITCH) {
            print_wrapped("Default:", &column, out);
            print_wrapped(row->fallback, &column, out);
        }
        fputc('\n', out);
    }
}

void option_table_print_man(const struct option_table *table, FILE *out)
{
    fputs(".SH OPTIONS\n", out);
    for (size_t i = 0; i < table->row_count; i++)
        if (is_flag(&table->rows[i]))
            print_man_row(&table->rows[i], out);
    fputs(".SH ENVIRONMENT\n"
          "The variables named above, and these, which are not taken as flags:\n",
          out);
    for (size_t i = 0; i < table->row_count; i++)
        if (!is_flag(&table->rows[i]))
            print_man_row(&table->rows[i], out);
}

void option_table_print_markdown(const struct option_table *table, FILE *out)
{
    struct option_spelling spelling;

    fputs("| Flag | Variable | Value | Default | What |\n|---|---|---|---|---|\n", out);
    for (size_t i = 0; i < table->row_count; i++) {
        const struct option_row *row = &table->rows[i];

        option_spell(row, &spelling);
        fprintf(out, is_flag(row) ? "| `--%s` | " : "| – (`%s` in a file) | ", spelling.flag);
        fprintf(out, (row->from & OPTION_FROM_ENVIRONMENT) != 0 ? "`%s` | " : "– | ",
                spelling.variable);
        print_cell(row->kind == OPTION_SWITCH ? "true or false" : row->argument, out);
        fprintf(out, row->fallback[0] != 0 ? " | `%s` | " : " | – | ", row->fallback);
        print_cell(row->help, out);
        fputs(" |\n", out);
    }
}

static bool is_flag(const struct option_row *row)
{
    return (row->from & OPTION_FROM_FLAG) != 0;
}

/* Word by word; *column is where the line stands, 0 before its indent. */
static void print_wrapped(const char *text, size_t *column, FILE *out)
{
    while (*text != 0) {
        size_t size = strcspn(text, " ");

        if (*column != 0 && *column + 1 + size > HELP_COLUMNS) {
            fputc('\n', out);
            *column = 0;
        }
        *column +=
            (size_t)fprintf(out, "%*s%.*s", *column == 0 ? HELP_INDENT : 1, "", (int)size, text);
        text += size;
        text += strspn(text, " ");
    }
}

/* Unless escaped, a hyphen of roff is a typographic one. */
static void print_roff(const char *text, FILE *out)
{
    for (; *text != 0; text++) {
        if (*text == '-')
            fputs("\\-", out);
        else if (*text == '\\')
            fputs("\\e", out);
        else
            fputc(*text, out);
    }
}

static void print_man_row(const struct option_row *row, FILE *out)
{
    struct option_spelling spelling;

    option_spell(row, &spelling);
    fputs(".TP\n\\fB", out);
    if (is_flag(row))
        print_roff("--", out);
    print_roff(is_flag(row) ? spelling.flag : spelling.variable, out);
    fputs("\\fR", out);
    if (row->argument[0] != 0) {
        fputs(" \\fI", out);
        print_roff(row->argument, out);
        fputs("\\fR", out);
    }
    fputs("\n\\&", out); /* at the start of a line, a dot would begin a request */
    print_roff(row->help, out);
    if (row->fallback[0] != 0 && row->kind != OPTION_SWITCH) {
        fputs(" Default: ", out);
        print_roff(row->fallback, out);
    }
    if (is_flag(row) && (row->from & OPTION_FROM_ENVIRONMENT) != 0)
        fprintf(out, "\n.br\nEnvironment: \\fB%s\\fR", spelling.variable);
    fputc('\n', out);
}

/* A bare '|' would end the cell. */
static void print_cell(const char *text, FILE *out)
{
    for (; *text != 0; text++) {
        if (*text == '|')
            fputc('\\', out);
        fputc(*text, out);
    }
}
