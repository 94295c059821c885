/* index_job.h - the thread that builds new indexes and removes those that are deleted, of all
 * tables. What is to do stands in the definitions: after a restart it goes on.
 */
#pragma once

#include "base/err.h"

struct catalog;
struct index_jobs;

/* ERR_IO: the thread could not be started. It finds *started set. */
enum err index_jobs_start(struct catalog *catalog, struct index_jobs **started) MUST_CHECK;
/* Ends after the step that is under way. */
void index_jobs_stop(struct index_jobs **jobs);
/* There may be something to do. */
void index_jobs_wake(struct index_jobs *jobs);
