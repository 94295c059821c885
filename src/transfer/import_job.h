/* import_job.h - the jobs that fill the tables of imports. */
#pragma once

struct jobs;
struct objects;

/* What they work with; lives as long as they may run. */
struct import_places {
    struct objects *objects;
    const char *data; /* the data directory; NULL: there is none, and no place for logs */
};

/* Adds their kind; before jobs_start. */
void import_job_add(struct jobs *jobs, struct import_places *places);
