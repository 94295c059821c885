/* loop_exprs.c - one cache of expressions a thread, so that nobody waits for another's. */
#include "api/loop_exprs.h"

#include "base/assert.h"
#include "expr/expr.h"

#include <pthread.h>

static pthread_key_t slot;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void init_once(void);
static void free_cache(void *memory);

struct expr_cache *loop_exprs(void)
{
    struct expr_cache *cache;

    pthread_once(&once, init_once);
    cache = pthread_getspecific(slot);
    if (cache == NULL) {
        int failed;

        cache = expr_cache_create();
        failed = pthread_setspecific(slot, cache);
        ASSERT(failed == 0);
    }
    return cache;
}

static void init_once(void)
{
    int failed = pthread_key_create(&slot, free_cache);

    ASSERT(failed == 0);
}

static void free_cache(void *memory)
{
    struct expr_cache *cache = memory;

    expr_cache_destroy(&cache);
}
