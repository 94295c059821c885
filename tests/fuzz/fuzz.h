/* fuzz.h - what every fuzz target has. libFuzzer brings main() and calls this with each input it
 * makes up; the target ends the process (ASSERT, a sanitizer) when something does not hold.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Always 0. The bytes are borrowed, end without a terminator, and may be none. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
