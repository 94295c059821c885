/* loop_exprs.c - one cache of expressions a thread, so that nobody waits for another's. */
#include "api/loop_exprs.h"

#include "base/thread.h"
#include "expr/expr.h"

#include <stddef.h>

static _Thread_local struct expr_cache *own;

static void end_own(void);

struct expr_cache *loop_exprs(void)
{
    if (own == NULL) {
        own = expr_cache_create();
        thread_at_end(end_own);
    }
    return own;
}

static void end_own(void)
{
    expr_cache_destroy(&own);
}
