/* crc32c.h - CRC-32C (Castagnoli), which stored files are checked with: most processors compute it.
 * Source: RFC 3720, appendix B.4. */
#pragma once

#include "base/bytes.h"

uint32_t crc32c_bytes(struct bytes bytes);
/* Goes on: the checksum of what had `crc`, with these bytes behind it. */
uint32_t crc32c_extend(uint32_t crc, struct bytes bytes);
/* The way of processors without the instruction: for the test that both agree. */
uint32_t crc32c_bytes_by_tables(struct bytes bytes);
