/* store_gate.c - counters of who is inside, spread over cache lines, and a flag that is looked at
 * after counting oneself in. Either the one who enters sees the flag and steps back, or the one who
 * closes sees the count: both are sequentially consistent.
 */
#include "store/store_gate.h"

#include "base/clock.h"
#include "base/mem.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#define LANE_COUNT 16
#define LANE_BYTES 64 /* of a cache line */
#define POLL_MS    1

struct lane {
    atomic_long inside;
    char apart[LANE_BYTES - sizeof(atomic_long)];
};

struct store_gate {
    struct lane lanes[LANE_COUNT];
    atomic_bool closed;
    pthread_mutex_t lock; /* for waiting only */
    pthread_cond_t opened;
};

/* A thread keeps its lane; more threads than lanes share. */
static int lane_of_thread(void)
{
    static atomic_uint threads;
    static _Thread_local int lane = -1;

    if (lane < 0)
        lane = (int)(atomic_fetch_add(&threads, 1) % LANE_COUNT);
    return lane;
}

struct store_gate *store_gate_create(void)
{
    struct store_gate *gate = mem_zalloc(sizeof(*gate));

    pthread_mutex_init(&gate->lock, NULL);
    pthread_cond_init(&gate->opened, NULL);
    return gate;
}

void store_gate_destroy(struct store_gate **gate)
{
    if (*gate == NULL)
        return;
    pthread_mutex_destroy(&(*gate)->lock);
    pthread_cond_destroy(&(*gate)->opened);
    free(*gate);
    *gate = NULL;
}

int store_gate_enter(struct store_gate *gate, bool may_wait)
{
    int ticket = lane_of_thread();

    for (;;) {
        atomic_fetch_add(&gate->lanes[ticket].inside, 1);
        if (!atomic_load(&gate->closed))
            return ticket;
        store_gate_leave(gate, ticket);
        if (!may_wait)
            return STORE_GATE_CLOSED;
        pthread_mutex_lock(&gate->lock);
        while (atomic_load(&gate->closed))
            pthread_cond_wait(&gate->opened, &gate->lock);
        pthread_mutex_unlock(&gate->lock);
    }
}

void store_gate_leave(struct store_gate *gate, int ticket)
{
    atomic_fetch_sub(&gate->lanes[ticket].inside, 1);
}

/* Every lane at zero once is enough: with the flag up, nobody who counts itself in stays. */
static bool is_empty(struct store_gate *gate)
{
    for (int i = 0; i < LANE_COUNT; i++)
        if (atomic_load(&gate->lanes[i].inside) != 0)
            return false;
    return true;
}

bool store_gate_close(struct store_gate *gate, uint64_t timeout_ms)
{
    uint64_t until_ms = clock_mono_ms() + timeout_ms;
    struct timespec pause = {.tv_nsec = POLL_MS * 1000000L};

    atomic_store(&gate->closed, true);
    while (!is_empty(gate)) {
        if (clock_mono_ms() >= until_ms) {
            store_gate_open(gate);
            return false;
        }
        nanosleep(&pause, NULL);
    }
    return true;
}

void store_gate_open(struct store_gate *gate)
{
    pthread_mutex_lock(&gate->lock);
    atomic_store(&gate->closed, false);
    pthread_cond_broadcast(&gate->opened);
    pthread_mutex_unlock(&gate->lock);
}
