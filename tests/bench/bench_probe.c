/* bench_probe.c - a child process under a stopwatch; a file under a stopwatch. */
#include "bench/bench_probe.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/rng.h"
#include "bench/bench_client.h"
#include "bench/bench_proc.h"
#include "bench/bench_target.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define START_NS_MAX     UINT64_C(30000000000)
#define SETTLE_S         1
#define SYNC_NS_MAX      UINT64_C(1000000000)
#define SYNC_COUNT_MAX   2000
#define SYNC_BLOCK_BYTES 4096

static pid_t run(char **command);
static enum err await_reply(const struct bench_target *target, pid_t child, uint64_t start_ns,
                            struct fault *fault);
static bool has_ended(pid_t child);
static enum err ask(const struct bench_target *target, struct fault *fault, unsigned *status);

enum err bench_start(const struct bench_target *target, char **command, struct fault *fault,
                     struct bench_start_result *result)
{
    const struct timespec settle = {.tv_sec = SETTLE_S};
    struct bench_proc_usage usage;
    uint64_t start_ns;
    unsigned status;
    pid_t child;
    enum err err;

    if (ask(target, fault, &status) == OK)
        return fault_set(fault, ERR_CONFIG, "%s answers before it is started", target->host);
    start_ns = clock_mono_ns();
    child = run(command);
    if (child < 0)
        return fault_set(fault, ERR_IO, "fork: %s", strerror(errno));
    err = await_reply(target, child, start_ns, fault);
    if (err == OK) {
        result->first_reply_us = (clock_mono_ns() - start_ns) / 1000;
        err = bench_proc_usage(child, fault, &usage);
    }
    if (err == OK) {
        result->first_reply_cpu_us = usage.cpu_us;
        nanosleep(&settle, NULL); /* sleep: idle is what is measured */
        err = has_ended(child) ? fault_set(fault, ERR_INTERNAL, "the server ended after its answer")
                               : bench_proc_usage(child, fault, &usage);
    }
    if (err == OK)
        result->idle_rss_bytes = usage.rss_bytes;
    kill(child, SIGTERM);
    waitpid(child, NULL, 0);
    return err;
}

/* What the child prints must not mix with our result on standard output. */
static pid_t run(char **command)
{
    pid_t child = fork();

    if (child != 0)
        return child;
    dup2(STDERR_FILENO, STDOUT_FILENO);
    execvp(command[0], command);
    perror(command[0]);
    _exit(127);
}

static enum err await_reply(const struct bench_target *target, pid_t child, uint64_t start_ns,
                            struct fault *fault)
{
    struct arena_mark mark = arena_mark(fault->arena);
    unsigned status;

    while (ask(target, fault, &status) != OK) {
        arena_release(fault->arena, mark); /* thousands are refused before the first is served */
        if (has_ended(child))
            return fault_set(fault, ERR_INTERNAL, "the server ended before it answered");
        if (clock_mono_ns() - start_ns > START_NS_MAX)
            return fault_set(fault, ERR_TIMEOUT, "no answer in 30 s");
    }
    if (status != 200)
        return fault_set(fault, ERR_INTERNAL, "the first answer was %u", status);
    return OK;
}

/* It stays unreaped, so its number stays its own. */
static bool has_ended(pid_t child)
{
    siginfo_t ended = {0};

    return waitid(P_PID, (id_t)child, &ended, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           ended.si_pid != 0;
}

static enum err ask(const struct bench_target *target, struct fault *fault, unsigned *status)
{
    struct bench_client client;
    struct bytes reply;
    enum err err = bench_client_open(&client, target, fault);

    if (err == OK)
        err = bench_client_call(&client, "ListTables", BYTES("{}"), fault, status, &reply);
    bench_client_close(&client);
    return err;
}

enum err bench_sync(const char *folder, struct fault *fault, struct hist *latency_ns)
{
    uint8_t block[SYNC_BLOCK_BYTES];
    uint64_t start_ns = clock_mono_ns(), before_ns, now_ns = start_ns;
    enum err err = OK;
    char path[4096];
    int fd;

    snprintf(path, sizeof(path), "%s/sync-probe-XXXXXX", folder);
    fd = mkstemp(path);
    if (fd < 0)
        return fault_set(fault, ERR_IO, "%s: %s", path, strerror(errno));
    unlink(path);
    rng_fill(block, sizeof(block));
    hist_reset(latency_ns);
    while (latency_ns->count < SYNC_COUNT_MAX && now_ns - start_ns < SYNC_NS_MAX && err == OK) {
        before_ns = now_ns;
        if (write(fd, block, sizeof(block)) != (ssize_t)sizeof(block) || fdatasync(fd) != 0)
            err = fault_set(fault, ERR_IO, "%s: %s", path, strerror(errno));
        now_ns = clock_mono_ns();
        hist_record(latency_ns, now_ns - before_ns);
    }
    close(fd);
    return err;
}
