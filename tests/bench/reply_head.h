/* reply_head.h - as much of an HTTP/1.1 reply as a load generator has to know.
 * Status and Content-Length; a reply without a length (chunked) is refused, none of the servers
 * measured here sends one.
 */
#pragma once

#include "base/bytes.h"
#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

struct reply_head {
    unsigned status;
    size_t head_bytes; /* status line to empty line; the body follows */
    uint64_t body_bytes;
};

/* Reads the head at the start of `data`. ERR_WOULD_BLOCK: it is not all there yet. ERR_CORRUPT: not
 * an HTTP/1.1 reply, or one without a Content-Length. */
enum err reply_head_parse(struct bytes data, struct reply_head *reply) MUST_CHECK;
