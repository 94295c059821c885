/* assert.h - statements about our own code that must hold; they stay on in production.
 * Stopping beats serving wrong data. Never assert what a client, a file or a peer can send:
 * that is an error (base/err.h), with a test. One condition each, without side effects.
 */
#pragma once

/* Prints where and what, then aborts the process. */
_Noreturn void assert_fail(const char *condition, const char *file, int line);

#define ASSERT(condition) \
    (__builtin_expect(!!(condition), 1) ? (void)0 : assert_fail(#condition, __FILE__, __LINE__))

/* Walks whole structures: test builds only. */
#ifdef STELE_SLOW_CHECKS
#define ASSERT_SLOW(condition) ASSERT(condition)
#else
#define ASSERT_SLOW(condition) ((void)0)
#endif
