/* bench_load.h - makes the tables that are measured, and removes them. */
#pragma once

#include "base/err.h"

struct bench_table;
struct bench_target;

/* A new table with all its items; an old one of that name is dropped first. Errors are those of
 * the connection, or ERR_INTERNAL with the reply that was not expected. */
enum err bench_load(const struct bench_target *target, const struct bench_table *table,
                    struct fault *fault) MUST_CHECK;
/* Fine if there is none. */
enum err bench_drop(const struct bench_target *target, const struct bench_table *table,
                    struct fault *fault) MUST_CHECK;
