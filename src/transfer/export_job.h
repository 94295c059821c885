/* export_job.h - the kind of jobs that exports are. */
#pragma once

#include "backup/history.h"

struct jobs;
struct objects;

/* What they work with; lives as long as they may run. */
struct export_places {
    struct objects *objects;
    const struct history_source *history;
};

/* Adds their kind; before jobs_start. */
void export_job_add(struct jobs *jobs, struct export_places *places);
