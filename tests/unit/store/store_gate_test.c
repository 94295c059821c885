/* store_gate_test.c - whoever is inside keeps it open; whoever comes while it is closed waits. */
#include "store/store_gate.h"
#include "unit.h"

#include <pthread.h>
#include <stdatomic.h>

TEST(gate_closes_only_when_nobody_is_inside)
{
    struct store_gate *gate = store_gate_create();
    int one = store_gate_enter(gate, false), two = store_gate_enter(gate, true);

    CHECK(one != STORE_GATE_CLOSED && two != STORE_GATE_CLOSED);
    CHECK(!store_gate_close(gate, 1));
    store_gate_leave(gate, one);
    CHECK(!store_gate_close(gate, 1));
    one = store_gate_enter(gate, false); /* a close that failed leaves it open */
    CHECK(one != STORE_GATE_CLOSED);
    store_gate_leave(gate, one);
    store_gate_leave(gate, two);
    CHECK(store_gate_close(gate, 1));
    CHECK(store_gate_enter(gate, false) == STORE_GATE_CLOSED);
    store_gate_open(gate);
    one = store_gate_enter(gate, false);
    CHECK(one != STORE_GATE_CLOSED);
    store_gate_leave(gate, one);
    store_gate_destroy(&gate);
}

/* Readers of a value that is replaced, not under a lock but behind the gate. */
struct scene {
    struct store_gate *gate;
    int *value;
    atomic_bool done;
    atomic_uint read;
    atomic_uint wrong;
};

static void *read_value(void *arg)
{
    struct scene *scene = arg;

    while (!atomic_load(&scene->done)) {
        int ticket = store_gate_enter(scene->gate, true);

        if (scene->value == NULL || *scene->value != 42)
            atomic_fetch_add(&scene->wrong, 1);
        store_gate_leave(scene->gate, ticket);
        atomic_fetch_add(&scene->read, 1);
    }
    return NULL;
}

TEST(gate_keeps_readers_out_while_closed)
{
    int values[2] = {42, 42};
    struct scene scene = {.gate = store_gate_create(), .value = &values[0]};
    pthread_t readers[4];

    for (unsigned i = 0; i < 4; i++)
        pthread_create(&readers[i], NULL, read_value, &scene);
    for (unsigned i = 0; i < 50; i++) {
        unsigned read = atomic_load(&scene.read);

        while (atomic_load(&scene.read) == read)
            sched_yield();
        if (!store_gate_close(scene.gate, 10000)) {
            CHECK(false);
            continue;
        }
        scene.value = NULL;
        values[i % 2] = 0;
        values[(i + 1) % 2] = 42;
        scene.value = &values[(i + 1) % 2];
        store_gate_open(scene.gate);
    }
    atomic_store(&scene.done, true);
    for (unsigned i = 0; i < 4; i++)
        pthread_join(readers[i], NULL);
    CHECK_U64(atomic_load(&scene.wrong), 0);
    store_gate_destroy(&scene.gate);
}
