/* expr_image.h - parsed expressions as one block, of which a request makes trees of its own.
 * The block holds all that the trees point to: nodes, steps, names, sorted paths. Beside it stand
 * the places of its pointers, which move with each copy; the places of values, by the row of
 * ExpressionAttributeValues that they come from; and what must be looked at in values themselves,
 * which is all that the types, names and texts of a request do not decide about it.
 * Ownership: an image is one piece of memory, for free(). Trees made of it know nothing of it.
 */
#pragma once

#include "expr/expr_priv.h"

#define EXPR_IMAGE_BYTES_MAX 8192 /* of the trees; the lists of places come on top */

struct expr_image;

/* The trees of a set that was parsed without a fault, with the tree that its key conditions were
 * read from or NULL. NULL: they are too large. Uses the arena meanwhile. */
struct expr_image *expr_image_create(const struct expr_set *set,
                                     const struct expr_condition *key_condition,
                                     struct arena *arena);

/* Trees with other values of the same types, in the arena. False: these values do not fit, and
 * parsing tells why; *set is untouched. */
bool expr_image_open(const struct expr_image *image, const struct expr_placeholders *values,
                     struct arena *arena, struct expr_set *set) MUST_CHECK;

/* The memory that it takes. */
size_t expr_image_bytes(const struct expr_image *image);
