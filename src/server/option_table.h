/* option_table.h - the settings of a command, as rows: where a value may come from, which values
 * are good, and what to tell people about it.
 * A row can be a flag (--tls-cert F), an environment variable (STELE_TLS_CERT=F) and a line of the
 * file that the row named "config" gives (tls-cert = F). A flag wins over the environment, the
 * environment over the file, the file over the default. An empty variable counts as none. A flag
 * given twice: the last one holds. A line of the file given twice is refused.
 * Ownership: results point into the input, the rows and the arena.
 * Bounds:    OPTION_CONFIG_BYTES_MAX.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define OPTION_CONFIG_BYTES_MAX (64 * 1024)

/* What a value is, and the C type of the field it is put into. */
enum option_kind {
    OPTION_SWITCH,  /* bool; a flag without a value, else true or false */
    OPTION_TEXT,    /* const char *; not empty */
    OPTION_COUNT,   /* unsigned, from low to high */
    OPTION_SIZE,    /* uint64_t, from low to high bytes: 4096, 512K, 256M, 1G, 1T */
    OPTION_CHOICE,  /* an enum whose values count the words of `argument`, "open|keys", from 0 */
    OPTION_ADDRESS, /* struct option_address: 127.0.0.1:8000, [::1]:8000, or 8000 on 127.0.0.1 */
    OPTION_REGION,  /* const char *; sigv4_region_valid */
    OPTION_ACCOUNT, /* const char *; 12 digits */
    OPTION_KEY_ID,  /* const char *; 1 to 128 letters, digits, '-' and '_' */
    OPTION_SECRET,  /* const char *; 1 to 128 printable characters, no blank; never printed */
};

/* Where a value may come from, besides its default. */
enum option_from {
    OPTION_FROM_FLAG = 1,
    OPTION_FROM_ENVIRONMENT = 2,
    OPTION_FROM_FILE = 4,
    OPTION_FLAG_ONLY = OPTION_FROM_FLAG,
    OPTION_NOT_IN_FILE = OPTION_FROM_FLAG | OPTION_FROM_ENVIRONMENT,
    OPTION_NOT_A_FLAG = OPTION_FROM_ENVIRONMENT | OPTION_FROM_FILE,
    OPTION_ANYWHERE = OPTION_FROM_FLAG | OPTION_FROM_ENVIRONMENT | OPTION_FROM_FILE,
};

struct option_address {
    char host[INET6_ADDRSTRLEN]; /* numeric, IPv4 or IPv6, no brackets */
    uint16_t port;
};

struct option_row {
    const char *name; /* as a C identifier: tls_cert */
    enum option_kind kind;
    enum option_from from;
    const char *argument; /* what the value is called, "ADDR:PORT"; "" for a switch */
    const char *fallback; /* the default as text, "" for none: the field stays zero */
    uint64_t low, high;   /* COUNT and SIZE */
    const char *help;     /* whole sentences */
    size_t offset;        /* of the field in the result */
};

struct option_table {
    const char *command; /* "serve" */
    const struct option_row *rows;
    size_t row_count;
};

struct option_input {
    int argc; /* the words behind the command */
    char *const *argv;
    char *const *environment; /* as environ */
};

/* A value as it was given. */
struct option_value {
    const char *text;  /* NULL: there is none, and no default */
    const char *where; /* "--listen", "STELE_LISTEN", "stele.conf:3: listen"; NULL: the default */
};

/* Fills the fields of *result, which the caller zeroed, and values[table->row_count]. A row named
 * "help" that is given as a flag (or -h) ends the work: only its field is set. ERR_CONFIG: fault
 * says what was wrong, where it came from, and what would be accepted. */
enum err option_table_parse(const struct option_table *table, const struct option_input *input,
                            struct arena *arena, struct fault *fault, struct option_value *values,
                            void *result) MUST_CHECK;

/* A row's two spellings. */
struct option_spelling {
    char flag[48];     /* tls-cert, in files and behind "--" */
    char variable[48]; /* STELE_TLS_CERT */
};
void option_spell(const struct option_row *row, struct option_spelling *spelling);

/* The rows for people: plain text for --help, roff for a man page's sections OPTIONS and
 * ENVIRONMENT, and a Markdown table. */
void option_table_print_help(const struct option_table *table, FILE *out);
void option_table_print_man(const struct option_table *table, FILE *out);
void option_table_print_markdown(const struct option_table *table, FILE *out);
