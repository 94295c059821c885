/* job_store.c - ids of jobs, and their records in the store. */
#include "base/assert.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/rng.h"
#include "jobs/job_record.h"

#include <stdio.h>
#include <stdlib.h>

#define ID_MS_DIGITS  14
#define ID_HEX_DIGITS 8

#define WALK_STEP 32 /* records read at a time */

struct job_cursor {
    struct store_cursor *rows;
    struct arena arena; /* of the range */
};

void job_id_make(uint64_t now_ms, char id[JOB_ID_SIZE])
{
    int size =
        snprintf(id, JOB_ID_SIZE, "%014llu-%08x",
                 (unsigned long long)(now_ms % UINT64_C(100000000000000)), (unsigned)rng_fast());

    ASSERT(size == JOB_ID_SIZE - 1);
}

bool job_id_read(struct bytes id, uint64_t *ms)
{
    uint64_t number = 0;

    if (id.size != JOB_ID_SIZE - 1 || id.data[ID_MS_DIGITS] != '-')
        return false;
    for (unsigned i = 0; i < ID_MS_DIGITS; i++) {
        if (id.data[i] < '0' || id.data[i] > '9')
            return false;
        number = number * 10 + (id.data[i] - '0');
    }
    for (unsigned i = 0; i < ID_HEX_DIGITS; i++) {
        uint8_t c = id.data[ID_MS_DIGITS + 1 + i];

        if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))
            return false;
    }
    *ms = number;
    return true;
}

/* --- one record ------------------------------------------------------------------------------- */

void jobs_put(struct store_mutation *mutation, const struct job_name *name, enum job_state state,
              struct bytes text)
{
    struct arena arena;

    arena_init(&arena);
    store_mutation_put(mutation, STORE_DATA, job_record_key(name, &arena), STORE_NO_STAMP,
                       job_record_write(state, text, &arena), STORE_NO_STAMP);
    arena_fini(&arena);
}

void jobs_remove(struct store_mutation *mutation, const struct job_name *name)
{
    struct arena arena;

    arena_init(&arena);
    store_mutation_delete(mutation, STORE_DATA, job_record_key(name, &arena));
    arena_fini(&arena);
}

enum err jobs_find(struct jobs *jobs, const struct job_name *name, bool may_wait,
                   struct arena *arena, struct job_record *record)
{
    struct bytes key = job_record_key(name, arena), value;
    enum err err = store_get(jobs_store(jobs), NULL, STORE_DATA, key, may_wait, arena, &value);

    return err == OK ? job_record_read(key, value, arena, record) : err;
}

/* --- many of them ----------------------------------------------------------------------------- */

struct job_cursor *job_cursor_open(struct jobs *jobs, const struct job_query *query, bool may_wait)
{
    struct job_cursor *cursor = mem_zalloc(sizeof(*cursor));

    arena_init(&cursor->arena);
    cursor->rows = store_cursor_open(jobs_store(jobs), NULL, STORE_DATA,
                                     job_kind_range(query, &cursor->arena), may_wait);
    return cursor;
}

enum err job_cursor_next(struct job_cursor *cursor, struct arena *arena, struct job_record *record)
{
    struct bytes key, value;
    enum err err = store_cursor_next(cursor->rows, &key, &value);

    return err == OK ? job_record_read(key, value, arena, record) : err;
}

void job_cursor_close(struct job_cursor **cursor)
{
    struct job_cursor *c = *cursor;

    if (c == NULL)
        return;
    *cursor = NULL;
    store_cursor_close(&c->rows);
    arena_fini(&c->arena);
    free(c);
}

/* The first ones of a range; *last is the key of the last. ERR_ABSENT: these were all. */
static enum err read_some(struct jobs *jobs, struct store_range range, struct arena *arena,
                          struct job_record records[WALK_STEP], unsigned *count, struct bytes *last)
{
    struct store_cursor *rows = store_cursor_open(jobs_store(jobs), NULL, STORE_DATA, range, true);
    struct bytes key, value;
    enum err err = OK;

    for (*count = 0; err == OK && *count < WALK_STEP; *count += err == OK) {
        err = store_cursor_next(rows, &key, &value);
        if (err == OK)
            err = job_record_read(key, value, arena, &records[*count]);
        if (err == OK)
            *last = arena_copy(arena, key);
    }
    store_cursor_close(&rows);
    return err;
}

/* Whoever is told of one may write, which nobody does with a cursor in hand: the store may wait for
 * its readers. */
enum err jobs_walk(struct jobs *jobs, job_walk_fn *visit, void *ctx)
{
    struct job_record records[WALK_STEP];
    struct arena bounds, step;
    struct store_range range;
    struct bytes last;
    struct buf from;
    enum err read = OK, err = OK;
    unsigned count;

    arena_init(&bounds);
    arena_init(&step);
    buf_init(&from, SIZE_MAX);
    range = job_records_range(&bounds);
    while (err == OK && read == OK) {
        read = read_some(jobs, range, &step, records, &count, &last);
        for (unsigned i = 0; err == OK && i < count; i++)
            err = visit(ctx, &records[i]);
        if (read == OK) {
            buf_reset(&from, SIZE_MAX);
            buf_append_bytes(&from, last);
            buf_append_byte(&from, 0); /* the next key there can be */
            range.from = buf_bytes(&from);
        }
        arena_reset(&step);
    }
    buf_fini(&from);
    arena_fini(&step);
    arena_fini(&bounds);
    return err != OK ? err : read == ERR_ABSENT ? OK : read;
}
