/* turns_test.c - who waits for whom, and how many bytes may begin at a time. */
#include "api/turns.h"
#include "unit.h"

#include <stdint.h>

#define MB ((size_t)1 << 20)

struct write {
    struct turn turn;
    unsigned begun; /* which one to begin after having waited; 0: has not */
};

static unsigned begun;

static void begin(struct turn *turn)
{
    ((struct write *)turn)->begun = ++begun;
}

/* Whether it has begun; else it waits. */
static bool take(struct turns *turns, struct write *write, size_t bytes)
{
    enum err err;

    *write = (struct write){.turn = {.bytes = bytes, .begin = begin}};
    err = turns_take(turns, &write->turn);
    CHECK(err == OK || err == ERR_PENDING);
    return err == OK;
}

TEST(turns_begin_in_the_order_of_coming)
{
    struct turns *turns = turns_create();
    struct write a, b, c, d;

    begun = 0;
    CHECK(take(turns, &a, 3 * MB)); /* one may always begin */
    CHECK(!take(turns, &b, 3 * MB));
    CHECK(!take(turns, &c, MB / 8));
    CHECK(!take(turns, &d, MB / 8));
    turns_end(turns, &a.turn);
    CHECK(b.begun == 1 && c.begun == 0);
    turns_end(turns, &a.turn); /* it has none any more */
    CHECK(c.begun == 0);
    turns_end(turns, &b.turn);
    CHECK(c.begun == 2 && d.begun == 3); /* both fit */
    turns_end(turns, &c.turn);
    CHECK(take(turns, &a, MB / 8)); /* nobody waits, and there is room */
    turns_end(turns, &a.turn);
    turns_end(turns, &d.turn);
    turns_destroy(&turns);
}

TEST(turns_are_as_many_as_end_in_time)
{
    struct turns *turns = turns_create();
    size_t before = turns_bytes_max(turns);
    struct write now, waits;

    CHECK(take(turns, &now, before));
    now.turn.begun_ns = 0; /* long ago, but nobody waits for it */
    turns_end(turns, &now.turn);
    CHECK_U64(turns_bytes_max(turns), before);

    CHECK(take(turns, &now, before));
    CHECK(!take(turns, &waits, before));
    now.turn.begun_ns = 0;
    turns_end(turns, &now.turn);
    CHECK(turns_bytes_max(turns) < before);
    turns_end(turns, &waits.turn);

    before = turns_bytes_max(turns);
    CHECK(take(turns, &now, before));
    CHECK(!take(turns, &waits, before));
    now.turn.begun_ns += TURNS_NS * 1000; /* sooner than now, however slow the machine */
    turns_end(turns, &now.turn);
    CHECK(turns_bytes_max(turns) > before);
    turns_end(turns, &waits.turn);
    turns_destroy(&turns);
}

TEST(turns_have_bounds)
{
    struct turns *turns = turns_create();
    struct write now, waits;

    for (unsigned i = 0; i < 100; i++) {
        CHECK(take(turns, &now, 8 * MB));
        CHECK(!take(turns, &waits, 8 * MB));
        now.turn.begun_ns = 0;
        turns_end(turns, &now.turn);
        turns_end(turns, &waits.turn);
    }
    CHECK_U64(turns_bytes_max(turns), MB / 2);
    for (unsigned i = 0; i < 100; i++) {
        CHECK(take(turns, &now, 16 * MB));
        CHECK(!take(turns, &waits, 16 * MB));
        now.turn.begun_ns += TURNS_NS * 1000;
        turns_end(turns, &now.turn);
        turns_end(turns, &waits.turn);
    }
    CHECK_U64(turns_bytes_max(turns), 16 * MB);
    turns_destroy(&turns);
}

TEST(turns_refuse_what_too_many_wait_before)
{
    enum { WAITING = TURNS_WAITING_BYTES_MAX / MB };
    struct turns *turns = turns_create();
    struct write now, waiting[WAITING], more = {.turn = {.bytes = MB, .begin = begin}};

    CHECK(take(turns, &now, 16 * MB));
    for (unsigned i = 0; i < WAITING; i++)
        CHECK(!take(turns, &waiting[i], MB));
    CHECK_ERR(turns_take(turns, &more.turn), ERR_BUSY);
    turns_end(turns, &more.turn); /* it has none */
    turns_end(turns, &now.turn);
    CHECK(waiting[0].begun != 0);
    CHECK(!take(turns, &more, MB)); /* there is room to wait again */
    for (unsigned i = 0; i < WAITING; i++)
        turns_end(turns, &waiting[i].turn);
    CHECK(more.begun != 0);
    turns_end(turns, &more.turn);
    turns_destroy(&turns);
}

TEST(turns_that_are_open_keep_nobody_waiting)
{
    struct turns *turns = turns_create();
    struct write a, b, c;

    begun = 0;
    CHECK(take(turns, &a, 3 * MB));
    CHECK(!take(turns, &b, 3 * MB));
    turns_open(turns);
    CHECK(b.begun == 1);
    CHECK(take(turns, &c, 3 * MB));
    turns_end(turns, &a.turn);
    turns_end(turns, &b.turn);
    turns_end(turns, &c.turn);
    turns_destroy(&turns);

    CHECK(take(NULL, &a, MB)); /* without turns, too */
    turns_end(NULL, &a.turn);
}
