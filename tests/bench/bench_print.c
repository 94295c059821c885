/* bench_print.c - the names and units of what is reported. */
#include "bench/bench_print.h"

#include "base/buf.h"
#include "bench/bench_drive.h"
#include "bench/bench_probe.h"
#include "bench/bench_work.h"
#include "json/json_write.h"

#include <inttypes.h>
#include <stdio.h>

#define JSON_BYTES_MAX (64u << 10)

static void append_printable(struct buf *json, const char *text);
static double quantile_us(const struct hist *latency_ns, double quantile);
static double us(uint64_t ns);

void bench_print_drive(const char *op_name, const struct bench_table *table,
                       const struct bench_drive_options *options,
                       const struct bench_drive_result *result)
{
    const struct hist *latency_ns = &result->latency_ns;
    double seconds = (double)result->elapsed_ns / 1e9;
    double replies_per_second = (double)result->replies / seconds;
    double generator_share = (double)result->generator_cpu_us / 1e6 / seconds;
    uint64_t answered = result->replies + result->errors;
    double server_cpu_us = answered == 0 ? 0 : (double)result->server.cpu_us / (double)answered;
    struct buf json;

    buf_init(&json, JSON_BYTES_MAX);
    buf_append_format(&json, "{\"op\":\"%s\",\"items\":%" PRIu64 ",\"item_bytes\":%u", op_name,
                      table->item_count, table->item_bytes);
    buf_append_format(&json, ",\"connections\":%u,\"rate\":%.0f,\"seconds\":%.3f",
                      options->connection_count, options->rate, seconds);
    buf_append_format(&json, ",\"requests\":%" PRIu64 ",\"requests_per_second\":%.1f",
                      result->replies, replies_per_second);
    buf_append_format(&json, ",\"errors\":%" PRIu64 ",\"unanswered\":%" PRIu64 ",\"first_error\":",
                      result->errors, result->unanswered);
    append_printable(&json, result->first_error);
    buf_append_format(&json, ",\"mean_us\":%.1f,\"p50_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":%.1f",
                      us(hist_mean(latency_ns)), quantile_us(latency_ns, 0.5),
                      quantile_us(latency_ns, 0.99), quantile_us(latency_ns, 0.999));
    buf_append_format(&json,
                      ",\"max_us\":%.1f,\"sent_bytes\":%" PRIu64 ",\"received_bytes\":%" PRIu64,
                      us(latency_ns->max), result->sent_bytes, result->received_bytes);
    buf_append_format(&json,
                      ",\"server_cpu_us_per_request\":%.2f,\"server_rss_bytes\":%" PRIu64
                      ",\"generator_cpu_share\":%.3f}",
                      server_cpu_us, result->server.rss_bytes, generator_share);
    printf("%.*s\n", BYTES_ARGS(buf_bytes(&json)));
    buf_fini(&json);

    fprintf(stderr, "%s, %u connections, %s loop: %.0f requests/s, %" PRIu64 " errors%s%s\n",
            op_name, options->connection_count, options->rate > 0 ? "open" : "closed",
            replies_per_second, result->errors, result->errors > 0 ? ", first: " : "",
            result->first_error);
    fprintf(stderr, "  p50 %.0f us, p99 %.0f us, p99.9 %.0f us, max %.0f us; ",
            quantile_us(latency_ns, 0.5), quantile_us(latency_ns, 0.99),
            quantile_us(latency_ns, 0.999), us(latency_ns->max));
    fprintf(stderr, "server %.1f us CPU a request, %.1f MB; generator %.0f %% busy\n",
            server_cpu_us, (double)result->server.rss_bytes / 1e6, generator_share * 100);
}

void bench_print_start(const struct bench_start_result *result)
{
    double first_reply_ms = (double)result->first_reply_us / 1e3;

    printf("{\"first_reply_ms\":%.3f,\"first_reply_cpu_ms\":%.0f,\"idle_rss_bytes\":%" PRIu64 "}\n",
           first_reply_ms, (double)result->first_reply_cpu_us / 1e3, result->idle_rss_bytes);
    fprintf(stderr, "first reply after %.1f ms, idle memory %.1f MB\n", first_reply_ms,
            (double)result->idle_rss_bytes / 1e6);
}

void bench_print_sync(const struct hist *latency_ns)
{
    double p50_us = quantile_us(latency_ns, 0.5), p99_us = quantile_us(latency_ns, 0.99);

    printf("{\"syncs\":%" PRIu64 ",\"p50_us\":%.1f,\"p99_us\":%.1f}\n", latency_ns->count, p50_us,
           p99_us);
    fprintf(stderr, "4 KiB and fdatasync: p50 %.0f us, p99 %.0f us\n", p50_us, p99_us);
}

/* A server's words, cut anywhere: what is not ASCII would not stay UTF-8. */
static void append_printable(struct buf *json, const char *text)
{
    char copy[BENCH_ERROR_BYTES_MAX];
    size_t size = 0;

    for (; text[size] != 0; size++)
        copy[size] = (uint8_t)text[size] >= 0x80 ? '?' : text[size];
    json_append_string(json, bytes_make(copy, size));
}

static double quantile_us(const struct hist *latency_ns, double quantile)
{
    return us(hist_quantile(latency_ns, quantile));
}

static double us(uint64_t ns)
{
    return (double)ns / 1e3;
}
