/* cli_progress.c - what people see while they wait. How far a job has come is not always told, so
 * the bar says that it goes on, and for how long; what is counted is in the state.
 */
#include "base/clock.h"
#include "cli/cli_priv.h"

#include <stdio.h>
#include <time.h>
#include <yyjson.h>

#define BAR_WIDTH   20
#define WAIT_MS     50
#define WAIT_MS_MAX 1000

static void progress_end(struct cli *cli, const char *what, struct bytes state);

static bool is_under_way(struct bytes status)
{
    return bytes_equal_string(status, "CREATING") || bytes_equal_string(status, "IN_PROGRESS") ||
           bytes_equal_string(status, "CANCELLING");
}

enum err cli_watch(struct cli *cli, const struct cli_watched *watched, const char *name,
                   struct yyjson_val **last)
{
    struct arena_mark mark = arena_mark(&cli->arena);
    struct bytes status, counted;
    yyjson_val *reply;

    for (;;) {
        unsigned long long count;
        struct buf body;
        enum err err;

        arena_release(&cli->arena, mark); /* of the look before */
        cli_body_begin(cli, &body);
        cli_body_text(&body, watched->member, name);
        err = cli_look(cli, watched->operation, cli_body_end(&body), &reply);
        if (err != OK)
            return err;
        *last = yyjson_obj_get(reply, watched->object);
        status = cli_text(*last, watched->status);
        count = cli_number(*last, watched->count);
        counted = arena_format(&cli->arena, "%llu %s", count, watched->unit);
        if (!is_under_way(status))
            break;
        cli_progress(cli, watched->what,
                     count != 0 ? counted : status); /* not of all it is known */
        cli_wait(cli);
    }
    progress_end(cli, watched->what,
                 arena_format(&cli->arena, "%.*s, %.*s", BYTES_ARGS(status), BYTES_ARGS(counted)));
    return OK;
}

static double seconds_of(const struct cli *cli)
{
    return (double)(clock_mono_ms() - cli->began_ms) / 1000;
}

void cli_progress(struct cli *cli, const char *what, struct bytes state)
{
    unsigned span = 2 * (BAR_WIDTH - 3);
    unsigned at = cli->step++ % span;
    char bar[BAR_WIDTH + 1];

    if (!cli->on_terminal || cli->options.quiet != NULL)
        return;
    if (at >= BAR_WIDTH - 3)
        at = span - at;
    for (unsigned i = 0; i < BAR_WIDTH; i++)
        bar[i] = i == at ? '<' : i == at + 1 ? '=' : i == at + 2 ? '>' : ' ';
    bar[BAR_WIDTH] = 0;
    fprintf(stderr, "\r%s [%s] %.*s, %.0f s\033[K", what, bar, BYTES_ARGS(state), seconds_of(cli));
    fflush(stderr);
    cli->moves = true;
}

/* Ends that line; a line of its own otherwise. */
static void progress_end(struct cli *cli, const char *what, struct bytes state)
{
    if (cli->options.quiet != NULL)
        return;
    cli->moves = false;
    fprintf(stderr, "%s%s: %.*s, %.1f s%s\n", cli->on_terminal ? "\r" : "", what, BYTES_ARGS(state),
            seconds_of(cli), cli->on_terminal ? "\033[K" : "");
}

void cli_wait(struct cli *cli)
{
    uint64_t waited_ms = clock_mono_ms() - cli->began_ms;
    uint64_t wait_ms = waited_ms / 20 < WAIT_MS       ? WAIT_MS
                       : cli->on_terminal             ? 100
                       : waited_ms / 20 > WAIT_MS_MAX ? WAIT_MS_MAX
                                                      : waited_ms / 20;
    struct timespec pause = {(time_t)(wait_ms / 1000), (long)(wait_ms % 1000) * 1000000L};

    nanosleep(&pause, NULL);
}
