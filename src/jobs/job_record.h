/* job_record.h - where a job's record lies, and what it looks like. Format: decisions/0001. */
#pragma once

#include "base/arena.h"
#include "jobs/jobs.h"
#include "store/store.h"

/* The record's key; the range of all records, and of one kind's in an account and region. */
struct bytes job_record_key(const struct job_name *name, struct arena *arena);
struct store_range job_records_range(struct arena *arena);
struct store_range job_kind_range(const struct job_query *query, struct arena *arena);

/* The record's bytes, in the arena; and back, from a row. The result is copied into the arena.
 * ERR_CORRUPT, ERR_NEWER_FORMAT. */
struct bytes job_record_write(enum job_state state, struct bytes text, struct arena *arena);
enum err job_record_read(struct bytes key, struct bytes value, struct arena *arena,
                         struct job_record *record) MUST_CHECK;
