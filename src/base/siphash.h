/* siphash.h - SipHash-2-4 (Aumasson, Bernstein 2012): keyed, so that a client cannot aim its
 * partition keys at one slot. */
#pragma once

#include "base/bytes.h"

#define SIPHASH_KEY_BYTES 16

uint64_t siphash(const uint8_t key[SIPHASH_KEY_BYTES], struct bytes data);
