/* backup_check.h - `stele check`: is every backup that can be restored whole? */
#pragma once

#include "base/err.h"

#include <stdint.h>

struct jobs;

struct backup_check_report {
    uint64_t files;
    uint64_t items;
    uint64_t faults;
};

/* Called for each fault with its text. */
typedef void backup_check_fn(void *ctx, const char *text);

/* Reads the files of all backups that these jobs, which need not be started, have records of.
 * ERR_CORRUPT if there were faults; ERR_IO. */
enum err backup_check(struct jobs *jobs, const char *folder, backup_check_fn *fault_found,
                      void *ctx, struct backup_check_report *report) MUST_CHECK;

/* One file, whose record is not asked for. */
enum err backup_check_file(const char *path, backup_check_fn *fault_found, void *ctx,
                           struct backup_check_report *report) MUST_CHECK;
