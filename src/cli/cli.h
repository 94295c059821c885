/* cli.h - the commands that people give a running server: stele backup, restore, export, import.
 * Each is a few API calls and a wait: what it makes is printed to standard output, how it goes on
 * to standard error, as a line that moves if that is a terminal.
 * Status:  0 done; 1 refused, failed or not reached; 2 not understood.
 */
#pragma once

#include <stdio.h>

/* argv[0] is the command's name. */
int cli_run(int argc, char **argv);

/* The section of the man page about their options. */
void cli_print_man(FILE *out);
