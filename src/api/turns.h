/* turns.h - large writes go by turns, so that others need not wait for all of them.
 * Log order is queue order, so a small write waits for what was submitted before it. Large writes
 * are therefore let in a few at a time, before they have a version and mostly before they are
 * parsed, and the others wait in the order in which they came; small ones wait for no turn.
 * How many bytes at a time: so many that a turn, from its beginning to the durable outcome, takes
 * about TURNS_NS; one write may always begin.
 * The bytes are the decoded body's. What a small request makes of a large item does not count: that
 * is known only when the item is read, under the door's hold, where nobody may wait.
 * A client that leaves keeps its place, and its write is done: one that closes looks like one that
 * only ends sending, and is owed its reply. So what waits is bounded by its bytes alone.
 * Bounds:    TURNS_WAITING_BYTES_MAX wait, as many as the store's queue may hold.
 * Ownership: a turn is its request's, and borrowed from turns_take to turns_end.
 * Threads:   any; begin is called under no lock, on the thread that ended another turn.
 */
#pragma once

#include "base/bytes.h"
#include "base/err.h"

#define TURNS_WRITE_BYTES_MIN   ((size_t)16 << 10) /* a smaller write takes no turn */
#define TURNS_WAITING_BYTES_MAX ((size_t)64 << 20)
#define TURNS_NS                UINT64_C(5000000)

struct turns;

struct turn {
    size_t bytes; /* 0: none */
    void (*begin)(struct turn *turn);
    struct turn *next; /* these two are turns.c's */
    uint64_t begun_ns;
};

struct turns *turns_create(void);
/* Nobody waits or has a turn. */
void turns_destroy(struct turns **turns);

/* OK: it has begun. ERR_PENDING: turn->begin will be called, perhaps before this returns. ERR_BUSY:
 * too much waits, and the turn was not taken. bytes and begin are set; turns may be NULL:
 * everything begins at once. */
enum err turns_take(struct turns *turns, struct turn *turn) MUST_CHECK;
/* The write is done with, however it ended. A turn without bytes was not taken. */
void turns_end(struct turns *turns, struct turn *turn);

/* From now on nobody waits: before what serves them ends. */
void turns_open(struct turns *turns);

/* Bytes that may have begun at a time now, and bytes that wait: for tests. */
size_t turns_bytes_max(struct turns *turns);
size_t turns_waiting_bytes(struct turns *turns);
