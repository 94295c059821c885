/* option_value.c - the kinds of values: how each is read, and what to say when it cannot be. */
#include "auth/sigv4.h"
#include "base/assert.h"
#include "server/option_priv.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

static const char size_letters[] = "KMGT"; /* 2^10, 2^20, ... */

static bool read_switch(const char *text, bool *on);
static bool read_number(const char *text, const char **end, uint64_t *number);
static bool read_count(const struct option_row *row, const char *text, unsigned *count);
static bool read_size(const struct option_row *row, const char *text, uint64_t *bytes);
static bool read_choice(const char *words, const char *text, unsigned *choice);
static bool read_address(const char *text, struct option_address *address);
static bool consists_of(const char *text, size_t size_min, size_t size_max, int (*is_good)(int));
static int is_key_id(int c);
static int is_printable(int c);
static struct bytes size_text(uint64_t bytes, struct arena *arena);

bool option_value_read(const struct option_row *row, const char *text, void *field)
{
    bool good = false;

    switch (row->kind) {
    case OPTION_SWITCH:
        return read_switch(text, field);
    case OPTION_COUNT:
        return read_count(row, text, field);
    case OPTION_SIZE:
        return read_size(row, text, field);
    case OPTION_CHOICE:
        return read_choice(row->argument, text, field);
    case OPTION_ADDRESS:
        return read_address(text, field);
    case OPTION_TEXT:
        good = text[0] != 0;
        break;
    case OPTION_REGION:
        good = sigv4_region_valid(bytes_of_string(text));
        break;
    case OPTION_ACCOUNT:
        good = consists_of(text, 12, 12, isdigit);
        break;
    case OPTION_KEY_ID:
        good = consists_of(text, 1, 128, is_key_id);
        break;
    case OPTION_SECRET:
        good = consists_of(text, 1, 128, is_printable);
        break;
    }
    if (good)
        *(const char **)field = text;
    return good;
}

struct bytes option_accepted(const struct option_row *row, struct arena *arena)
{
    struct bytes low, high;

    switch (row->kind) {
    case OPTION_SWITCH:
        return BYTES("true or false");
    case OPTION_TEXT:
        return arena_format(arena, "a value: %s", row->argument);
    case OPTION_COUNT:
        return arena_format(arena, "a number from %" PRIu64 " to %" PRIu64, row->low, row->high);
    case OPTION_SIZE:
        low = size_text(row->low, arena);
        high = size_text(row->high, arena);
        return arena_format(arena, "a size from %.*s to %.*s, such as 512M or 2G", BYTES_ARGS(low),
                            BYTES_ARGS(high));
    case OPTION_CHOICE:
        return arena_format(arena, "one of %s", row->argument);
    case OPTION_ADDRESS:
        return BYTES("an IP address and port, such as 127.0.0.1:8000 or [::1]:8000, nor a port");
    case OPTION_REGION:
        return BYTES("a region: 1 to 32 of a-z, 0-9 and '-', such as us-east-1");
    case OPTION_ACCOUNT:
        return BYTES("an account id: 12 digits, such as 000000000000");
    case OPTION_KEY_ID:
        return BYTES("an access key id: 1 to 128 letters, digits, '-' or '_'");
    case OPTION_SECRET:
        return BYTES("a secret: 1 to 128 printable ASCII characters without blanks");
    }
    ASSERT(false);
    return BYTES("");
}

static bool read_switch(const char *text, bool *on)
{
    static const char *const words[] = {"false", "true", "off", "on", "no", "yes", "0", "1"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(text, words[i]) == 0) {
            *on = i % 2 != 0;
            return true;
        }
    }
    return false;
}

/* Decimal digits, at least one; what follows them is left at *end. */
static bool read_number(const char *text, const char **end, uint64_t *number)
{
    uint64_t value = 0;

    if (!isdigit((unsigned char)text[0]))
        return false;
    for (; isdigit((unsigned char)*text); text++)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*text - '0'), &value))
            return false;
    *end = text;
    *number = value;
    return true;
}

static bool read_count(const struct option_row *row, const char *text, unsigned *count)
{
    const char *end;
    uint64_t number;

    ASSERT(row->high <= UINT32_MAX);
    if (!read_number(text, &end, &number) || *end != 0 || number < row->low || number > row->high)
        return false;
    *count = (unsigned)number;
    return true;
}

static bool read_size(const struct option_row *row, const char *text, uint64_t *bytes)
{
    const char *end, *letter;
    uint64_t number;

    if (!read_number(text, &end, &number))
        return false;
    if (*end != 0) {
        letter = strchr(size_letters, toupper((unsigned char)*end));
        if (letter == NULL || end[1] != 0 ||
            __builtin_mul_overflow(number, (uint64_t)1024 << (10 * (letter - size_letters)),
                                   &number))
            return false;
    }
    if (number < row->low || number > row->high)
        return false;
    *bytes = number;
    return true;
}

static bool read_choice(const char *words, const char *text, unsigned *choice)
{
    size_t size = strlen(text);

    for (unsigned i = 0;; i++) {
        size_t word_size = strcspn(words, "|");

        if (word_size == size && memcmp(words, text, size) == 0) {
            *choice = i;
            return true;
        }
        if (words[word_size] == 0)
            return false;
        words += word_size + 1;
    }
}

/* The address is written back by the system, so that each has one spelling. */
static bool read_address(const char *text, struct option_address *address)
{
    const char *colon = strrchr(text, ':'), *port_text = colon == NULL ? text : colon + 1, *end;
    struct option_address found = {.host = "127.0.0.1"};
    uint8_t binary[sizeof(struct in6_addr)];
    size_t host_size = colon == NULL ? 0 : (size_t)(colon - text);
    uint64_t port;
    bool is_v6 = host_size >= 2 && text[0] == '[' && text[host_size - 1] == ']';
    int family = is_v6 ? AF_INET6 : AF_INET;

    if (!read_number(port_text, &end, &port) || *end != 0 || port > UINT16_MAX)
        return false;
    if (colon != NULL) {
        if (host_size >= sizeof(found.host))
            return false;
        memcpy(found.host, text + is_v6, host_size);
        found.host[host_size - (is_v6 ? 2 : 0)] = 0;
        if (inet_pton(family, found.host, binary) != 1)
            return false;
        inet_ntop(family, binary, found.host, sizeof(found.host));
    }
    found.port = (uint16_t)port;
    *address = found;
    return true;
}

static bool consists_of(const char *text, size_t size_min, size_t size_max, int (*is_good)(int))
{
    size_t size = 0;

    for (; text[size] != 0; size++)
        if (size == size_max || !is_good((unsigned char)text[size]))
            return false;
    return size >= size_min;
}

static int is_key_id(int c)
{
    return c < 0x80 && (isalnum(c) || c == '-' || c == '_');
}

static int is_printable(int c)
{
    return c > ' ' && c < 0x7f;
}

static struct bytes size_text(uint64_t bytes, struct arena *arena)
{
    for (int i = 3; i >= 0; i--) {
        uint64_t unit = (uint64_t)1024 << (10 * i);

        if (bytes >= unit && bytes % unit == 0)
            return arena_format(arena, "%" PRIu64 "%c", bytes / unit, size_letters[i]);
    }
    return arena_format(arena, "%" PRIu64, bytes);
}
