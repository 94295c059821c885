/* test_clock.h - setting the server's clock forward over HTTP, where it was started for that.
 *   POST /test/clock {"AdvanceMs": 86400000}    →    200 {"NowMs": ...}
 * Without --test-clock the path is what every unknown one is.
 */
#pragma once

#include "api/api.h"

/* True: it was such a request, and is answered. */
bool test_clock_answer(struct api *api, struct http_exchange *exchange) MUST_CHECK;
