/* restore_priv.h - between the files of restore_params.h. */
#pragma once

#include "backup/restore_params.h"

/* LocalSecondaryIndexOverride and GlobalSecondaryIndexOverride: the indexes of the new table, whose
 * billing is known. ERR_VALIDATION. */
enum err restore_indexes(struct req *req, const struct table_definition *source,
                         struct table_definition *target) MUST_CHECK;
