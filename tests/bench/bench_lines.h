/* bench_lines.h - a table's items as files that ImportTable reads. */
#pragma once

#include "base/err.h"

struct bench_table;

#define BENCH_LINES_ITEMS 1000000 /* in one file */

/* Writes part-0000 and so on into the folder: DynamoDB JSON, a line each. ERR_IO: cannot. */
enum err bench_lines(const char *folder, const struct bench_table *table,
                     struct fault *fault) MUST_CHECK;
