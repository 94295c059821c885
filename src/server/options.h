/* options.h - what `stele serve` was told: the rows of options.def, read and checked together.
 * Ownership: texts point into the arguments, the environment, the rows and the arena.
 */
#pragma once

#include "auth/auth.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/log.h"
#include "server/option_table.h"
#include "transfer/objects.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum option_toggle { OPTION_ON, OPTION_OFF };

/* A field per row; a text without value or default is NULL. */
struct options {
#define OPTION(type, name, kind, from, argument, fallback, low, high, help) type name;
#include "server/options.def"
};

/* Reads the words behind "serve", the environment (as environ) and the configuration file.
 * ERR_CONFIG: fault says what was wrong, where it came from and what to do. When options->help is
 * set, nothing else is. */
enum err options_parse(int argc, char *const *argv, char *const *environment, struct arena *arena,
                       struct fault *fault, struct options *options) MUST_CHECK;

/* What `stele serve --help` prints. */
void options_print_help(FILE *out);
/* The sections OPTIONS, ENVIRONMENT and CONFIGURATION FILE of the man page. */
void options_print_man(FILE *out);
/* The reference page, docs/configuration.md. */
void options_print_markdown(FILE *out);
