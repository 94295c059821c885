/* objects_xml.h - the little XML that S3 answers with: elements by name, texts without markup.
 * Whatever the bytes are, nothing outside them is read; what is not found is not there.
 */
#pragma once

#include "base/arena.h"

/* What is between <name> and </name>, from the first one on, and the rest behind it. False: there
 * is none. Elements of a name are not inside each other. */
bool objects_xml_next(struct bytes *rest, const char *name, struct bytes *inner);

/* The text of the first element of this name, entities decoded, in the arena; empty if there is
 * none. */
struct bytes objects_xml_text(struct bytes xml, const char *name, struct arena *arena);

/* A text as XML has it. */
struct buf;
void objects_xml_append(struct buf *out, struct bytes text);
