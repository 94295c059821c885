/* loop_exprs_test.c - each thread has a cache of its own, which ends with it. */
#include "api/loop_exprs.h"
#include "unit.h"

#include <pthread.h>

static void *ask(void *arg)
{
    struct expr_cache **first = arg;

    *first = loop_exprs();
    return loop_exprs();
}

TEST(each_thread_has_its_own_cache_of_expressions)
{
    struct expr_cache *mine = loop_exprs(), *others = NULL;
    pthread_t thread;
    void *again;

    CHECK(pthread_create(&thread, NULL, ask, &others) == 0);
    CHECK(pthread_join(thread, &again) == 0);
    CHECK(others != NULL && again == others && others != mine);
    CHECK(loop_exprs() == mine);
}
