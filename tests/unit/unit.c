/* unit.c - runs the registered tests and counts them. */
#include "unit.h"

#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The thread sanitizer asks for this. RocksDB is the distribution's, built without it: its plain
 * reads and writes of its own memory are seen, also those of the libraries it compresses and builds
 * strings with, the atomics that order them are not. The same for our files under its log, which it
 * writes under a mutex of its own, from the committer and from who takes a checkpoint. */
const char *__tsan_default_suppressions(void);
const char *__tsan_default_suppressions(void)
{
    return "called_from_lib:librocksdb\n"
           "race:librocksdb.so\nrace:liblz4.so\nrace:libzstd.so\nrace:libstdc++.so\n"
           "race:LogFile\n";
}

static struct unit_test *tests;
static unsigned failures_of_test;
static char temp_dir[128];

void unit_register(struct unit_test *test)
{
    struct unit_test **at = &tests;

    while (*at != NULL &&
           (strcmp((*at)->file, test->file) < 0 ||
            (strcmp((*at)->file, test->file) == 0 && strcmp((*at)->name, test->name) < 0)))
        at = &(*at)->next;
    test->next = *at;
    *at = test;
}

void unit_failed(const char *file, int line, const char *format, ...)
{
    va_list args;

    failures_of_test++;
    fprintf(stderr, "%s:%d: ", file, line);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}

const char *unit_temp_dir(void)
{
    if (temp_dir[0] == 0) {
        snprintf(temp_dir, sizeof(temp_dir), "%s/stele-unit-XXXXXX",
                 getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
        if (mkdtemp(temp_dir) == NULL) {
            perror(temp_dir);
            exit(2);
        }
    }
    return temp_dir;
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void)info, (void)type, (void)walk;
    return remove(path);
}

static void remove_temp_dir(void)
{
    if (temp_dir[0] != 0)
        nftw(temp_dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    temp_dir[0] = 0;
}

int main(int argc, char **argv)
{
    unsigned passed = 0, failed = 0;

    for (const struct unit_test *test = tests; test != NULL; test = test->next) {
        if (argc > 1 && strstr(test->name, argv[1]) == NULL && strstr(test->file, argv[1]) == NULL)
            continue;
        failures_of_test = 0;
        test->run();
        remove_temp_dir();
        if (failures_of_test == 0) {
            passed++;
        } else {
            failed++;
            fprintf(stderr, "FAILED %s (%s)\n", test->name, test->file);
        }
    }
    printf("unit: %u passed, %u failed\n", passed, failed);
    return failed != 0 || passed == 0;
}
