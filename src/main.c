/* main.c - the commands of stele. */
#include "api/ops.h"
#include "backup/archive_check.h"
#include "backup/backup_check.h"
#include "backup/recovery_check.h"
#include "base/arena.h"
#include "base/log.h"
#include "cli/cli.h"
#include "jobs/jobs.h"
#include "server/health.h"
#include "server/machine.h"
#include "server/options.h"
#include "server/server.h"
#include "store/store.h"
#include "table/catalog.h"
#include "table/table_check.h"

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MALLOC_KEEP_BYTES (32 << 20)
#define MALLOC_ARENAS_MIN 4

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

typedef int command_fn(int argc, char **argv); /* argv[0] is the command's name */

static command_fn run_serve, run_check, run_health, run_ops, run_options, run_man, run_version,
    run_help;

static const struct command {
    const char *name;
    command_fn *run;
    const char *synopsis;
    const char *summary;
} commands[] = {
    {"serve", run_serve, "serve [OPTION...]", "Serve the API; `stele serve --help` lists options."},
    {"check", run_check, "check DIR [BACKUP-DIR]",
     "Verify a data directory that no server has open, and its backups; or one backup's file."},
    {"backup", cli_run, "backup TABLE [OPTION...]",
     "Make, list or delete backups on a running server."},
    {"restore", cli_run, "restore ARN|TABLE NEW-TABLE [OPTION...]",
     "Make a new table from a backup, or from a table as it was."},
    {"export", cli_run, "export TABLE BUCKET[/PREFIX] [OPTION...]",
     "Write a table, or its changes, to files in a bucket."},
    {"import", cli_run, "import BUCKET[/PREFIX] NEW-TABLE --key KEYS [OPTION...]",
     "Make a new table from files in a bucket."},
    {"health", run_health, "health [ENDPOINT]",
     "Ask a running server; default http://127.0.0.1:8000."},
    {"ops", run_ops, "ops [--markdown]", "List the API's operations and which are served."},
    {"options", run_options, "options [--markdown]", "List the settings of `stele serve`."},
    {"man", run_man, "man", "Write the manual page (roff)."},
    {"version", run_version, "version", "Print the version."},
    {"help", run_help, "help", "Print this."},
};
#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

int main(int argc, char **argv)
{
    if (argc < 2) {
        run_help(argc, argv);
        return EXIT_USAGE;
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    if (strcmp(argv[1], "--version") == 0)
        return run_version(argc, argv);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return run_help(argc, argv);
    fprintf(stderr, "stele: there is no command '%s'; `stele help` lists them\n", argv[1]);
    return EXIT_USAGE;
}

static int complain(const char *command, const struct fault *fault)
{
    fprintf(stderr, "stele %s: %.*s\n", command, BYTES_ARGS(fault->message));
    return fault->err == ERR_CONFIG ? EXIT_USAGE : EXIT_FAILED;
}

static int malloc_arenas(void)
{
    unsigned processors = machine_processors();

    return processors < MALLOC_ARENAS_MIN / 2 ? MALLOC_ARENAS_MIN : (int)processors * 2;
}

static int run_serve(int argc, char **argv)
{
    struct options options = {0};
    struct server *server;
    struct arena arena;
    struct fault fault;
    sigset_t ends;
    int result = EXIT_DONE;

    /* Before any thread starts, so that all of them leave these to server_run. */
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    signal(SIGPIPE, SIG_IGN);
    /* Freed memory stays with us: handing it back after each request, and faulting it in again for
     * the next, costs more than the request. */
    mallopt(M_TRIM_THRESHOLD, MALLOC_KEEP_BYTES);
    mallopt(M_MMAP_THRESHOLD, MALLOC_KEEP_BYTES);
    /* Each heap keeps what its own threads freed, and reserves 64 MiB of addresses: a background
     * thread that allocates little needs none for itself. */
    mallopt(M_ARENA_MAX, malloc_arenas());

    arena_init(&arena);
    fault_init(&fault, &arena);
    if (options_parse(argc - 1, argv + 1, environ, &arena, &fault, &options) != OK) {
        result = complain("serve", &fault);
    } else if (options.help) {
        options_print_help(stdout);
    } else {
        log_set_level(options.log_level);
        if (server_start(&options, &fault, &server) == OK) {
            server_run(server);
            server_stop(&server);
            LOG(INFO, "stopped", log_string("version", STELE_VERSION));
        } else {
            result = complain("serve", &fault);
        }
    }
    arena_fini(&arena);
    return result;
}

static void print_fault(void *ctx, const char *text)
{
    (void)ctx;
    printf("%s\n", text);
}

/* Opening would make a data directory of whatever it is; each has a FORMAT (store_dir.h). */
static enum err check_is_data(const char *path, struct arena *arena, struct fault *fault)
{
    struct bytes format = arena_format(arena, "%s/FORMAT", path);

    if (access((const char *)format.data, F_OK) == 0)
        return OK;
    if (access(path, F_OK) != 0)
        return fault_set(fault, ERR_IO, "there is no directory %s", path);
    return fault_set(fault, ERR_IO, "%s is not a data directory: it has no file FORMAT", path);
}

static bool is_backup(const char *path)
{
    const char *suffix = strrchr(path, '.');
    struct stat stat_of;

    return suffix != NULL && strcmp(suffix, ".stelebackup") == 0 && stat(path, &stat_of) == 0 &&
           S_ISREG(stat_of.st_mode);
}

static int check_file(const char *path)
{
    struct backup_check_report report;
    enum err err = backup_check_file(path, print_fault, NULL, &report);

    printf("%s: %llu items, %llu faults\n", err == OK ? "ok" : "not ok",
           (unsigned long long)report.items, (unsigned long long)report.faults);
    return err == OK ? EXIT_DONE : EXIT_FAILED;
}

/* All parts, the later ones also when an earlier one has faults. */
static enum err check_parts(struct catalog *catalog, const char *data, const char *backup_dir,
                            struct arena *arena, struct table_check_report *report)
{
    const char *archive_dir = (const char *)arena_format(arena, "%s/archive", data).data;
    struct jobs *jobs = jobs_open(catalog); /* their records alone */
    struct archive_check_report archive;
    struct recovery_check_report recovery;
    struct backup_check_report backups;
    enum err errs[] = {
        table_check(catalog, print_fault, NULL, report),
        archive_check(archive_dir, print_fault, NULL, &archive),
        recovery_check(catalog, archive_dir, print_fault, NULL, &recovery),
        backup_check(jobs, backup_dir, print_fault, NULL, &backups),
    };
    enum err err = OK;

    jobs_close(&jobs);
    report->faults += archive.faults + recovery.faults + backups.faults;
    for (size_t i = 0; i < sizeof(errs) / sizeof(errs[0]); i++)
        if (errs[i] != OK && (err == OK || err == ERR_CORRUPT))
            err = errs[i];
    return err;
}

static int run_check(int argc, char **argv)
{
    struct store_options options = {.cache_bytes = (size_t)64 << 20, .queue_bytes_max = 1 << 20};
    struct table_check_report report;
    struct catalog *catalog = NULL;
    struct store *store = NULL;
    const char *backup_dir;
    struct arena arena;
    struct fault fault;
    enum err err;
    int result;

    if (argc != 2 && argc != 3) {
        fprintf(stderr, "usage: stele check DIR [BACKUP-DIR] | stele check FILE.stelebackup\n");
        return EXIT_USAGE;
    }
    if (is_backup(argv[1]))
        return check_file(argv[1]);
    options.path = argv[1];
    options.files_max = (unsigned)machine_allow_files() / 2;
    arena_init(&arena);
    fault_init(&fault, &arena);
    backup_dir =
        argc == 3 ? argv[2] : (const char *)arena_format(&arena, "%s/backups", argv[1]).data;
    err = check_is_data(argv[1], &arena, &fault);
    if (err == OK)
        err = store_open(&options, &fault, &store);
    if (err == OK)
        err = catalog_open(store, &fault, &catalog);
    if (err != OK) {
        result = complain("check", &fault);
    } else {
        err = check_parts(catalog, argv[1], backup_dir, &arena, &report);
        printf("%s: %llu tables, %llu items, %llu bytes, %llu faults\n",
               err == OK ? "ok" : "not ok", (unsigned long long)report.tables,
               (unsigned long long)report.items, (unsigned long long)report.bytes,
               (unsigned long long)report.faults);
        if (err != OK && err != ERR_CORRUPT)
            fprintf(stderr, "stele check: the directory could not be read to the end (%s)\n",
                    err_name(err));
        result = err == OK ? EXIT_DONE : EXIT_FAILED;
    }
    catalog_close(&catalog);
    store_close(&store);
    arena_fini(&arena);
    return result;
}

static int run_health(int argc, char **argv)
{
    struct arena arena;
    struct fault fault;
    int result = EXIT_DONE;

    arena_init(&arena);
    fault_init(&fault, &arena);
    if (health_ask(argc > 1 ? argv[argc - 1] : "http://127.0.0.1:8000", &fault) != OK)
        result = complain("health", &fault);
    arena_fini(&arena);
    return result;
}

static int run_ops(int argc, char **argv)
{
    bool markdown = argc > 1 && strcmp(argv[1], "--markdown") == 0;

    if (markdown)
        printf("# Operations\n\nWritten by `stele ops --markdown`. An operation that is not served "
               "yet still has its input\nchecked, and then answers `UnknownOperationException`.\n\n"
               "| Operation | Served | |\n|---|---|---|\n");
    for (int i = 0; i < OP_COUNT; i++) {
        const char *served = ops[i].served ? "yes" : "not yet";

        if (markdown)
            printf("| %s | %s | %s |\n", (const char *)ops[i].name.data, served, ops[i].summary);
        else
            printf("%-36s %-8s %s\n", (const char *)ops[i].name.data, served, ops[i].summary);
    }
    return EXIT_DONE;
}

static int run_options(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--markdown") == 0)
        options_print_markdown(stdout);
    else
        options_print_help(stdout);
    return EXIT_DONE;
}

static int run_man(int argc, char **argv)
{
    (void)argc, (void)argv;
    printf(".TH STELE 1 \"\" \"Stele " STELE_VERSION "\" \"User Commands\"\n"
           ".SH NAME\nstele \\- a self-hosted database that speaks the DynamoDB API\n"
           ".SH SYNOPSIS\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        printf(".B stele\n%s\n.br\n", commands[i].synopsis);
    printf(".SH COMMANDS\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        printf(".TP\n.B %s\n%s\n", commands[i].name, commands[i].summary);
    cli_print_man(stdout);
    options_print_man(stdout);
    return EXIT_DONE;
}

static int run_version(int argc, char **argv)
{
    (void)argc, (void)argv;
    printf("stele " STELE_VERSION "\n");
    return EXIT_DONE;
}

static int run_help(int argc, char **argv)
{
    (void)argc, (void)argv;
    printf("stele " STELE_VERSION ": a self-hosted database that speaks the DynamoDB API\n\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        printf("  stele %s\n      %s\n", commands[i].synopsis, commands[i].summary);
    return EXIT_DONE;
}
