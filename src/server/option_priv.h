/* option_priv.h - what the option files share: one value of one kind. */
#pragma once

#include "server/option_table.h"

/* Reads a value into the row's field. False: not acceptable, the field is as it was. */
bool option_value_read(const struct option_row *row, const char *text, void *field);

/* What the row accepts, to follow "is not": "a number from 0 to 256". */
struct bytes option_accepted(const struct option_row *row, struct arena *arena);
