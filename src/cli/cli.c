/* cli.c - which command it is, and how it ends. */
#include "cli/cli.h"

#include "base/clock.h"
#include "cli/cli_priv.h"
#include "json/json_write.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static const struct {
    const char *name;
    enum err (*run)(struct cli *cli);
} commands[] = {
    {"backup", cli_backup},
    {"restore", cli_restore},
    {"export", cli_export},
    {"import", cli_import},
};

static enum err run(struct cli *cli, int argc, char **argv);

int cli_run(int argc, char **argv)
{
    struct cli cli = {.command = argv[0], .began_ms = clock_mono_ms()};
    int status;
    enum err err;

    signal(SIGPIPE, SIG_IGN);
    cli.on_terminal = isatty(STDERR_FILENO) != 0;
    arena_init(&cli.arena);
    fault_init(&cli.fault, &cli.arena);
    err = run(&cli, argc, argv);
    if (fflush(stdout) != 0 && err == OK) /* a script would go on without what was made */
        err = fault_set(&cli.fault, ERR_IO, "what was printed could not be written: %s",
                        strerror(errno));
    if (cli.moves) /* what went wrong has a line of its own */
        fputs("\r\033[K", stderr);
    if (err != OK)
        fprintf(stderr, "stele %s: %.*s\n", cli.command, BYTES_ARGS(cli.fault.message));
    if (err == ERR_CONFIG)
        fprintf(stderr, "stele %s --help says how it is used\n", cli.command);
    status = err == OK ? 0 : err == ERR_CONFIG ? 2 : 1;
    cli_client_close(&cli);
    arena_fini(&cli.arena);
    return status;
}

static enum err run(struct cli *cli, int argc, char **argv)
{
    enum err err = cli_options_read(cli, argc, argv);

    if (err == OK && cli->options.help != NULL) {
        cli_options_print(cli->command, stdout);
        return OK;
    }
    if (err == OK)
        err = cli_client_open(cli);
    for (size_t i = 0; err == OK && i < sizeof(commands) / sizeof(commands[0]); i++)
        if (strcmp(commands[i].name, cli->command) == 0)
            return commands[i].run(cli);
    return err;
}

void cli_body_begin(struct cli *cli, struct buf *body)
{
    buf_init_arena(body, &cli->arena, SIZE_MAX); /* made of words, which have a bound together */
    buf_append_byte(body, '{');
}

void cli_body_text(struct buf *body, const char *name, const char *text)
{
    if (text == NULL)
        return;
    cli_body_raw(body, name, BYTES(""));
    json_append_string(body, bytes_of_string(text));
}

void cli_body_raw(struct buf *body, const char *name, struct bytes json)
{
    if (body->data[body->size - 1] != '{')
        buf_append_byte(body, ',');
    buf_append_format(body, "\"%s\":", name);
    buf_append_bytes(body, json);
}

struct bytes cli_body_end(struct buf *body)
{
    buf_append_byte(body, '}');
    return buf_finish_arena(body);
}
