/* crc32.h - CRC-32 (IEEE 802.3), as in zip files and the x-amz-crc32 header. */
#pragma once

#include "base/bytes.h"

uint32_t crc32_bytes(struct bytes bytes);
