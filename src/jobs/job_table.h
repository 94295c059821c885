/* job_table.h - tables that jobs fill (table/table_fill.h), and jobs that are no more. */
#pragma once

#include "jobs/jobs.h"

/* At the start, before requests: drops each table that is being filled by a job that is not there
 * or finished. ERR_IO, ERR_CORRUPT, ERR_NO_SPACE. */
enum err job_tables_sweep(struct jobs *jobs, struct fault *fault) MUST_CHECK;
