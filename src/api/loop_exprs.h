/* loop_exprs.h - the expressions that each loop has parsed lately. */
#pragma once

struct expr_cache;

/* The calling loop's own, made when it first asks; it ends with the loop's thread. */
struct expr_cache *loop_exprs(void);
