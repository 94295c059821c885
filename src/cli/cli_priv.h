/* cli_priv.h - what the commands share: their options, calls, and telling how it goes on. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define CLI_WORDS_MAX 2

struct yyjson_val;
struct cli_client;

/* NULL: not given. */
struct cli_options {
#define OPTION(name, argument, commands, help) const char *name;
#include "cli/cli_options.def"
    const char *words[CLI_WORDS_MAX]; /* what is no option */
    unsigned word_count;
};

struct cli {
    const char *command;
    struct cli_options options;
    struct arena arena;
    struct fault fault;
    struct cli_client *client;
    uint64_t began_ms;
    bool on_terminal; /* standard error is one */
    bool moves;       /* and its last line does */
    unsigned step;    /* of what moves there */
};

/* ---- options (cli_options.c) ---- */

/* ERR_CONFIG: the fault says what was wrong. */
enum err cli_options_read(struct cli *cli, int argc, char **argv) MUST_CHECK;
void cli_options_print(const char *command, FILE *out);

/* "2026-01-31T12:00:00.5Z", "1700000000.5": as JSON has it. ERR_CONFIG: it is no time. */
enum err cli_time(struct cli *cli, const char *text, struct bytes *seconds) MUST_CHECK;

/* ---- calls (cli_client.c) ---- */

enum err cli_client_open(struct cli *cli) MUST_CHECK;
void cli_client_close(struct cli *cli);
/* The reply, in the arena. ERR_IO: not reached, or an answer that is none; ERR_VALIDATION:
 * refused; ERR_BUSY: not now, throttled or by a fault of the server's. The fault says
 * "Name: message". */
enum err cli_call(struct cli *cli, const char *operation, struct bytes body,
                  struct yyjson_val **reply) MUST_CHECK;
/* The same for a look at how it goes on: a server that is away, as while it restarts, or cannot
 * tell now, is waited for half a minute. */
enum err cli_look(struct cli *cli, const char *operation, struct bytes body,
                  struct yyjson_val **reply) MUST_CHECK;
/* A member's text, through objects, as "TableDescription.TableArn"; empty: there is none. */
struct bytes cli_text(struct yyjson_val *from, const char *path);
/* The same with a NUL behind it, in the arena. */
const char *cli_string(struct cli *cli, struct bytes text);
uint64_t cli_number(struct yyjson_val *from, const char *path);

/* ---- how it goes on (cli_progress.c) ---- */

/* Tells it, if that is wanted: a line that moves on a terminal, nothing otherwise. */
void cli_progress(struct cli *cli, const char *what, struct bytes state);

/* Something that takes its time, and how to ask for it. */
struct cli_watched {
    const char *what;      /* for people: "backup" */
    const char *operation; /* "DescribeBackup" */
    const char *member;    /* of its request, that names it */
    const char *object;    /* of its reply, that tells of it, and members there: */
    const char *status;
    const char *count; /* how far it is */
    const char *unit;
};
/* Looks until it is not under way any more, and tells people meanwhile. *last: the object as it was
 * then, in the arena. */
enum err cli_watch(struct cli *cli, const struct cli_watched *watched, const char *name,
                   struct yyjson_val **last) MUST_CHECK;
/* Waits before the next look; longer the longer it takes. */
void cli_wait(struct cli *cli);

/* ---- the commands ---- */

enum err cli_backup(struct cli *cli) MUST_CHECK;
enum err cli_restore(struct cli *cli) MUST_CHECK;
enum err cli_export(struct cli *cli) MUST_CHECK;
enum err cli_import(struct cli *cli) MUST_CHECK;

/* A body: cli_body_begin, members, cli_body_end. */
void cli_body_begin(struct cli *cli, struct buf *body);
void cli_body_text(struct buf *body, const char *name, const char *text); /* NULL: left out */
void cli_body_raw(struct buf *body, const char *name, struct bytes json);
struct bytes cli_body_end(struct buf *body);
