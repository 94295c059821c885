/* item.h - an item as it is stored: a fixed header and its attributes.
 * Layout (frozen, docs/decisions/0001-stored-formats.md), numbers big-endian:
 *   0  format u8     ITEM_FORMAT; an older one is read for ever, a newer one refused
 *   1  flags u8      bit 0 sealed (encrypted), bit 1 compressed; the others are 0
 *   2  region u16    where the change was made; 0 is this server's own
 *   4  version u64   stamped by the committer, see store.h
 *   12 size u32      the item's size as the service counts it (names and values)
 *   16 attributes    payload of a map value (value.h)
 * Ownership: a struct item points into the stored bytes.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "item/value.h"

#define ITEM_FORMAT         1
#define ITEM_HEADER_BYTES   16
#define ITEM_VERSION_OFFSET 4
#define ITEM_SIZE_OFFSET    12
#define ITEM_SIZE_BYTES_MAX 409600 /* contract core-api-data.md 4 */

enum { ITEM_SEALED = 1, ITEM_COMPRESSED = 2 };

struct item {
    uint64_t version;
    uint16_t region;
    uint32_t size_bytes;
    struct value attributes; /* a map */
};

/* Opens what the store gave. ERR_CORRUPT: too short. ERR_NEWER_FORMAT: a later format, or a flag
 * this server does not know how to read (for now: any). Nested bytes are trusted as far as the
 * readers of value.h go. */
enum err item_open(struct bytes stored, struct item *item) MUST_CHECK;

/* Stored bytes for these attributes, version 0, in the arena. */
struct bytes item_store(struct value attributes, uint16_t region, struct arena *arena);

/* An item that is not there: no attributes. For conditions on absent items. */
struct item item_absent(void);

/* Deep check of stored bytes, for `stele check`: canonical attributes, and the right size. */
enum err item_check(struct bytes stored) MUST_CHECK;
