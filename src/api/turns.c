/* turns.c - a list of who waits, and how many bytes may have begun.
 * The number follows from what it leads to: more while turns end sooner than they may, fewer while
 * they take longer. It moves only while somebody waits, since it is not what limits otherwise.
 */
#include "api/turns.h"

#include "base/assert.h"
#include "base/clock.h"
#include "base/mem.h"

#include <pthread.h>
#include <stdlib.h>

#define BYTES_MIN   ((size_t)512 << 10)
#define BYTES_MAX   ((size_t)16 << 20)
#define BYTES_START ((size_t)1 << 20)
#define STEP        8 /* of a turn's own bytes the number moves by so small a part */

struct turns {
    pthread_mutex_t lock; /* guards the rest */
    struct turn *first, **end;
    size_t waiting_bytes, begun_bytes;
    size_t bytes_max; /* of those that have begun */
    bool open;        /* nobody waits any more */
};

static bool has_room(const struct turns *turns, size_t bytes);
static void learn(struct turns *turns, const struct turn *turn, uint64_t now_ns);
static struct turn *let_in(struct turns *turns, uint64_t now_ns);
static void begin_all(struct turn *turn);

struct turns *turns_create(void)
{
    struct turns *turns = mem_zalloc(sizeof(*turns));

    pthread_mutex_init(&turns->lock, NULL);
    turns->end = &turns->first;
    turns->bytes_max = BYTES_START;
    return turns;
}

void turns_destroy(struct turns **turns)
{
    if (*turns == NULL)
        return;
    ASSERT((*turns)->first == NULL && (*turns)->begun_bytes == 0);
    pthread_mutex_destroy(&(*turns)->lock);
    free(*turns);
    *turns = NULL;
}

enum err turns_take(struct turns *turns, struct turn *turn)
{
    uint64_t now_ns = clock_mono_ns();
    enum err err = ERR_PENDING;

    ASSERT(turn->bytes != 0);
    if (turns == NULL)
        return OK;
    pthread_mutex_lock(&turns->lock);
    turn->next = NULL;
    if (turns->open || (turns->first == NULL && has_room(turns, turn->bytes))) {
        err = OK;
        turn->begun_ns = now_ns;
        turns->begun_bytes += turn->bytes;
    } else if (turns->waiting_bytes + turn->bytes > TURNS_WAITING_BYTES_MAX) {
        err = ERR_BUSY;
        turn->bytes = 0;
    } else {
        *turns->end = turn;
        turns->end = &turn->next;
        turns->waiting_bytes += turn->bytes;
    }
    pthread_mutex_unlock(&turns->lock);
    return err;
}

void turns_end(struct turns *turns, struct turn *turn)
{
    struct turn *next;
    uint64_t now_ns;

    if (turns == NULL || turn->bytes == 0)
        return;
    now_ns = clock_mono_ns();
    pthread_mutex_lock(&turns->lock);
    ASSERT(turns->begun_bytes >= turn->bytes);
    if (turns->first != NULL)
        learn(turns, turn, now_ns);
    turns->begun_bytes -= turn->bytes;
    turn->bytes = 0;
    next = let_in(turns, now_ns);
    pthread_mutex_unlock(&turns->lock);
    begin_all(next);
}

void turns_open(struct turns *turns)
{
    struct turn *next;

    if (turns == NULL)
        return;
    pthread_mutex_lock(&turns->lock);
    turns->open = true;
    next = let_in(turns, clock_mono_ns());
    pthread_mutex_unlock(&turns->lock);
    begin_all(next);
}

size_t turns_bytes_max(struct turns *turns)
{
    size_t bytes;

    pthread_mutex_lock(&turns->lock);
    bytes = turns->bytes_max;
    pthread_mutex_unlock(&turns->lock);
    return bytes;
}

size_t turns_waiting_bytes(struct turns *turns)
{
    size_t bytes;

    pthread_mutex_lock(&turns->lock);
    bytes = turns->waiting_bytes;
    pthread_mutex_unlock(&turns->lock);
    return bytes;
}

static bool has_room(const struct turns *turns, size_t bytes)
{
    return turns->open || turns->begun_bytes == 0 || turns->begun_bytes + bytes <= turns->bytes_max;
}

/* By shares of the turn's bytes: the number follows the middle of turns' times, not the longest. */
static void learn(struct turns *turns, const struct turn *turn, uint64_t now_ns)
{
    size_t step = turn->bytes / STEP;

    if (now_ns < turn->begun_ns + TURNS_NS)
        turns->bytes_max += step;
    else
        turns->bytes_max -= step < turns->bytes_max ? step : turns->bytes_max;
    if (turns->bytes_max < BYTES_MIN)
        turns->bytes_max = BYTES_MIN;
    if (turns->bytes_max > BYTES_MAX)
        turns->bytes_max = BYTES_MAX;
}

/* Takes who may begin out of the list. The lock is held. */
static struct turn *let_in(struct turns *turns, uint64_t now_ns)
{
    struct turn *first = turns->first, **last = &first;

    while (*last != NULL && has_room(turns, (*last)->bytes)) {
        (*last)->begun_ns = now_ns;
        turns->waiting_bytes -= (*last)->bytes;
        turns->begun_bytes += (*last)->bytes;
        last = &(*last)->next;
    }
    turns->first = *last;
    if (turns->first == NULL)
        turns->end = &turns->first;
    *last = NULL;
    return first;
}

static void begin_all(struct turn *turn)
{
    while (turn != NULL) {
        struct turn *next = turn->next; /* of *turn, nothing may be touched once it has begun */

        turn->begin(turn);
        turn = next;
    }
}
