/* machine_test.c - how open files are shared out. */
#include "base/arena.h"
#include "server/machine.h"
#include "unit.h"

TEST(files_are_the_engines_before_they_are_connections)
{
    static const struct {
        uint64_t allowed;
        unsigned loops, wanted;
        uint32_t engine, connections; /* 0: refused */
    } rows[] = {
        {100, 2, 10000, 0, 0},
        {167, 2, 10000, 0, 0},
        {168, 2, 10000, 96, 16},
        {256, 2, 10000, 100, 100},
        {256, 2, 10, 190, 10},
        {1024, 2, 10000, 484, 484},
        {12056, 2, 10000, 4096, 7904},
        {14152, 2, 10000, 4096, 10000},
        {524288, 4, 10000, 514224, 10000},
        {1048576, 256, 1000000, 47504, 1000000},
        {1256, 256, 10000, 96, 88},
    };

    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct machine_files files = {0};
        struct arena arena;
        struct fault fault;
        enum err err;

        arena_init(&arena);
        fault_init(&fault, &arena);
        err = machine_share_files(rows[i].allowed, rows[i].loops, rows[i].wanted, &fault, &files);
        CHECK_ERR(err, rows[i].engine != 0 ? OK : ERR_CONFIG);
        CHECK_U64(files.engine, rows[i].engine);
        CHECK_U64(files.connections, rows[i].connections);
        arena_fini(&arena);
    }
}
