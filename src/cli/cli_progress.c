/* cli_progress.c - what people see while they wait. How far a job has come is not always told, so
 * the bar says that it goes on, and for how long; what is counted is in the state.
 */
#include "base/clock.h"
#include "cli/cli_priv.h"

#include <stdio.h>
#include <time.h>

#define BAR_WIDTH   20
#define WAIT_MS     50
#define WAIT_MS_MAX 1000

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

void cli_progress_end(struct cli *cli, const char *what, struct bytes state)
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
