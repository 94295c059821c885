/* bench_print.h - results: one line of JSON on standard output for programs (tests/bench/run), the
 * same in words on standard error for people.
 */
#pragma once

struct bench_drive_options;
struct bench_drive_result;
struct bench_start_result;
struct bench_table;
struct hist;

void bench_print_drive(const char *op_name, const struct bench_table *table,
                       const struct bench_drive_options *options,
                       const struct bench_drive_result *result);
void bench_print_start(const struct bench_start_result *result);
void bench_print_sync(const struct hist *latency_ns);
