/* container.h - from a member back to the structure that holds it: for callbacks that are given
 * their own task, timer or watch. */
#pragma once

#include <stddef.h>

#define CONTAINER_OF(member_at, type, member) \
    ((type *)(void *)((char *)(member_at)-offsetof(type, member)))
