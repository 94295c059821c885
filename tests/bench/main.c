/* main.c - stele-bench: its commands and options. */
#include "base/arena.h"
#include "base/mem.h"
#include "bench/bench_drive.h"
#include "bench/bench_lines.h"
#include "bench/bench_load.h"
#include "bench/bench_print.h"
#include "bench/bench_probe.h"
#include "bench/bench_target.h"
#include "bench/bench_work.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define SECONDS_MAX    600 /* signatures in the pool are good for 15 minutes */
#define POOL_COUNT_MAX 1000000

struct options {
    const char *url;
    const struct bench_op *op;
    struct bench_table table;
    unsigned connection_count;
    uint32_t pool_count;
    uint64_t seed;
    double rate;
    double seconds;
    double warmup_seconds;
    int server_pid;
    char **rest; /* arguments behind the options, NULL-terminated */
};

struct command {
    const char *name;
    enum err (*run)(const struct options *options, struct fault *fault);
    bool needs_url;
};

static bool parse_options(int argc, char **argv, struct options *options);
static bool parse_number(const char *text, double min, double max, double *number);
static enum err run_load(const struct options *options, struct fault *fault);
static enum err run_drop(const struct options *options, struct fault *fault);
static enum err run_drive(const struct options *options, struct fault *fault);
static enum err run_start(const struct options *options, struct fault *fault);
static enum err run_sync(const struct options *options, struct fault *fault);
static enum err run_lines(const struct options *options, struct fault *fault);

static const char usage[] =
    "usage: stele-bench COMMAND [OPTIONS]\n"
    "  load   make the table of --table anew and fill it with --items\n"
    "  drop   remove it\n"
    "  run    load the endpoint with --op and measure\n"
    "  start  measure a server's start: stele-bench start --url URL -- SERVER ARGUMENTS\n"
    "  sync   measure write and fdatasync in a folder: stele-bench sync FOLDER\n"
    "  lines  write --items into files of a folder, to import: stele-bench lines FOLDER\n"
    "options:\n"
    "  --url URL          http://host:port/path\n"
    "  --table NAME       default bench\n"
    "  --items N          items in the table, default 10000\n"
    "  --item-bytes N     size of an item, names and values, default 300\n"
    "  --op NAME          get, get-zipf (some items often), put, update (with a condition),\n"
    "                     transact (4 puts), post (plain HTTP), query or query-index\n"
    "                     (10 items each), ycsb-a to ycsb-f: these need a table that\n"
    "                     was loaded for them\n"
    "  --sorted           load for query: with a sort key, 100 items a partition key\n"
    "  --indexed          load for query-index: with a global index, 100 items a key of it\n"
    "  --told             load with a stream of both images, and recovery to a point in time\n"
    "  --fields           load for ycsb: items of ten fields of 100 bytes; ycsb-e: --sorted too\n"
    "  --spread           run on many tables: item 7 is asked of the table called NAME-7\n"
    "  --connections N    default 64\n"
    "  --rate N           open loop: N requests a second; default: closed loop\n"
    "  --seconds S        measured time, default 5\n"
    "  --warmup S         time before it, default 1\n"
    "  --pool N           distinct requests made ahead, default 8192\n"
    "  --seed N           other items in them, default 1\n"
    "  --pid PID          the server's process: report its CPU time and memory\n"
    "Requests are signed with AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION.\n";

static const struct command commands[] = {
    {"load", run_load, true},   {"drop", run_drop, true},  {"run", run_drive, true},
    {"start", run_start, true}, {"sync", run_sync, false}, {"lines", run_lines, false},
};

int main(int argc, char **argv)
{
    const struct command *command = NULL;
    struct options options;
    struct arena arena;
    struct fault fault;
    enum err err;

    for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            command = &commands[i];
    if (command == NULL || !parse_options(argc - 1, argv + 1, &options) ||
        (command->needs_url && options.url == NULL)) {
        fputs(usage, stderr);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    arena_init(&arena);
    fault_init(&fault, &arena);
    err = command->run(&options, &fault);
    if (err != OK)
        fprintf(stderr, "stele-bench: %.*s\n", BYTES_ARGS(fault.message));
    arena_fini(&arena);
    return err != OK;
}

static bool parse_options(int argc, char **argv, struct options *options)
{
    enum {
        URL,
        TABLE,
        ITEMS,
        ITEM_BYTES,
        OP,
        SORTED,
        INDEXED,
        FIELDS,
        SPREAD,
        TOLD,
        CONNECTIONS,
        RATE,
        SECONDS,
        WARMUP,
        POOL,
        SEED,
        PID
    };
    static const struct option names[] = {
        {"url", required_argument, NULL, URL},
        {"table", required_argument, NULL, TABLE},
        {"items", required_argument, NULL, ITEMS},
        {"item-bytes", required_argument, NULL, ITEM_BYTES},
        {"op", required_argument, NULL, OP},
        {"sorted", no_argument, NULL, SORTED},
        {"indexed", no_argument, NULL, INDEXED},
        {"told", no_argument, NULL, TOLD},
        {"fields", no_argument, NULL, FIELDS},
        {"spread", no_argument, NULL, SPREAD},
        {"connections", required_argument, NULL, CONNECTIONS},
        {"rate", required_argument, NULL, RATE},
        {"seconds", required_argument, NULL, SECONDS},
        {"warmup", required_argument, NULL, WARMUP},
        {"pool", required_argument, NULL, POOL},
        {"seed", required_argument, NULL, SEED},
        {"pid", required_argument, NULL, PID},
        {0},
    };
    bool good = true;
    double number = 0;
    int option;

    *options = (struct options){
        .table = {.name = "bench", .item_count = 10000, .item_bytes = 300},
        .connection_count = 64,
        .pool_count = 8192,
        .seed = 1,
        .seconds = 5,
        .warmup_seconds = 1,
    };
    while (good && (option = getopt_long(argc, argv, "", names, NULL)) != -1) {
        switch (option) {
        case URL:
            options->url = optarg;
            break;
        case TABLE:
            options->table.name = optarg;
            break;
        case ITEMS:
            good = parse_number(optarg, BENCH_PARTITION_ITEMS, 1e9, &number);
            options->table.item_count = (uint64_t)number;
            break;
        case ITEM_BYTES:
            good = parse_number(optarg, BENCH_ITEM_BYTES_MIN, BENCH_ITEM_BYTES_MAX, &number);
            options->table.item_bytes = (uint32_t)number;
            break;
        case OP:
            options->op = bench_op_find(optarg);
            good = options->op != NULL;
            break;
        case SORTED:
            options->table.sorted = true;
            break;
        case INDEXED:
            options->table.indexed = true;
            break;
        case FIELDS:
            options->table.fields = true;
            break;
        case SPREAD:
            options->table.spread = true;
            break;
        case TOLD:
            options->table.told = true;
            break;
        case CONNECTIONS:
            good = parse_number(optarg, 1, BENCH_CONNECTIONS_MAX, &number);
            options->connection_count = (unsigned)number;
            break;
        case RATE:
            good = parse_number(optarg, 1, 1e7, &options->rate);
            break;
        case SECONDS:
            good = parse_number(optarg, 0.01, SECONDS_MAX, &options->seconds);
            break;
        case WARMUP:
            good = parse_number(optarg, 0, SECONDS_MAX, &options->warmup_seconds);
            break;
        case POOL:
            good = parse_number(optarg, 1, POOL_COUNT_MAX, &number);
            options->pool_count = (uint32_t)number;
            break;
        case SEED:
            good = parse_number(optarg, 1, 1e9, &number);
            options->seed = (uint64_t)number;
            break;
        case PID:
            good = parse_number(optarg, 1, 1e9, &number);
            options->server_pid = (int)number;
            break;
        default:
            good = false;
        }
    }
    options->rest = argv + optind;
    return good;
}

static bool parse_number(const char *text, double min, double max, double *number)
{
    char *end;

    *number = strtod(text, &end);
    return end != text && *end == 0 && *number >= min && *number <= max;
}

static enum err run_load(const struct options *options, struct fault *fault)
{
    struct bench_target target;
    enum err err = bench_target_init(&target, options->url, fault);

    return err != OK ? err : bench_load(&target, &options->table, fault);
}

static enum err run_drop(const struct options *options, struct fault *fault)
{
    struct bench_target target;
    enum err err = bench_target_init(&target, options->url, fault);

    return err != OK ? err : bench_drop(&target, &options->table, fault);
}

static enum err run_drive(const struct options *options, struct fault *fault)
{
    struct bench_table table = options->table;
    struct bench_drive_options drive = {
        .connection_count = options->connection_count,
        .rate = options->rate,
        .warmup_ms = (uint32_t)(options->warmup_seconds * 1000),
        .duration_ms = (uint32_t)(options->seconds * 1000),
        .server_pid = options->server_pid,
    };
    struct bench_drive_result *result;
    struct bench_target target;
    struct bench_pool pool;
    enum err err;

    if (options->op == NULL)
        return fault_set(fault, ERR_CONFIG, "run needs --op");
    err = bench_target_init(&target, options->url, fault);
    if (err != OK)
        return err;
    table.sorted = options->op->sorted;
    table.indexed = options->op->indexed;
    table.fields = options->op->mix != NULL;
    bench_pool_init(&pool, &target, options->op, &table, options->pool_count, options->seed);
    drive.target = &target;
    drive.pool = &pool;
    drive.reply_body_bytes_min = (uint64_t)options->op->reply_items * table.item_bytes;
    result = mem_alloc(sizeof(*result));
    err = bench_drive(&drive, fault, result);
    if (err == OK)
        bench_print_drive(options->op->name, &table, &drive, result);
    free(result);
    bench_pool_fini(&pool);
    return err;
}

static enum err run_start(const struct options *options, struct fault *fault)
{
    struct bench_start_result result;
    struct bench_target target;
    enum err err;

    if (options->rest[0] == NULL)
        return fault_set(fault, ERR_CONFIG, "start needs -- and a command");
    err = bench_target_init(&target, options->url, fault);
    if (err == OK)
        err = bench_start(&target, options->rest, fault, &result);
    if (err != OK)
        return err;
    bench_print_start(&result);
    return OK;
}

static enum err run_sync(const struct options *options, struct fault *fault)
{
    struct hist *latency_ns = mem_alloc(sizeof(*latency_ns));
    enum err err = options->rest[0] == NULL ? fault_set(fault, ERR_CONFIG, "sync needs a folder")
                                            : bench_sync(options->rest[0], fault, latency_ns);

    if (err == OK)
        bench_print_sync(latency_ns);
    free(latency_ns);
    return err;
}

static enum err run_lines(const struct options *options, struct fault *fault)
{
    if (options->rest[0] == NULL)
        return fault_set(fault, ERR_CONFIG, "lines needs a folder");
    return bench_lines(options->rest[0], &options->table, fault);
}
