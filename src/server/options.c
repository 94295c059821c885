/* options.c - the table of `stele serve`, and the rules between its rows. */
#include "server/options.h"

#include <stddef.h>
#include <string.h>

enum option_id {
#define OPTION(type, name, kind, from, argument, fallback, low, high, help) OPTION_ID_##name,
#include "server/options.def"
    OPTION_ID_COUNT
};

static const struct option_row rows[OPTION_ID_COUNT] = {
#define OPTION(type, name, kind, from, argument, fallback, low, high, help) \
    {#name,    OPTION_##kind, OPTION_##from,                                \
     argument, fallback,      low,                                          \
     high,     help,          offsetof(struct options, name)},
#include "server/options.def"
};

static const struct option_table table = {"serve", rows, OPTION_ID_COUNT};

/* The type of a row is what its kind writes. */
#define SIZE_OF_SWITCH  sizeof(bool)
#define SIZE_OF_TEXT    sizeof(const char *)
#define SIZE_OF_COUNT   sizeof(unsigned)
#define SIZE_OF_SIZE    sizeof(uint64_t)
#define SIZE_OF_CHOICE  sizeof(unsigned)
#define SIZE_OF_ADDRESS sizeof(struct option_address)
#define SIZE_OF_REGION  sizeof(const char *)
#define SIZE_OF_ACCOUNT sizeof(const char *)
#define SIZE_OF_KEY_ID  sizeof(const char *)
#define SIZE_OF_SECRET  sizeof(const char *)
#define OPTION(type, name, kind, from, argument, fallback, low, high, help) \
    _Static_assert(sizeof(type) == SIZE_OF_##kind, #name);
#include "server/options.def"

/* A choice is stored as its number. */
_Static_assert(AUTH_OPEN == 0 && AUTH_KEYS == 1, "--auth lists its words in this order");
_Static_assert(OBJECTS_STYLE_PATH == 0 && OBJECTS_STYLE_VIRTUAL == 1,
               "--s3-style lists its words in this order");
_Static_assert(LOG_DEBUG == 0 && LOG_INFO == 1 && LOG_WARN == 2 && LOG_ERROR == 3,
               "--log-level lists its words in this order");

static enum err check_storage(const struct option_value *values, const struct options *options,
                              struct fault *fault);
static enum err check_tls(const struct option_value *values, struct fault *fault);
static enum err check_auth(const struct option_value *values, const struct options *options,
                           struct fault *fault);
static enum err check_s3(const struct options *options, struct fault *fault);
static bool is_loopback(const char *host);

enum err options_parse(int argc, char *const *argv, char *const *environment, struct arena *arena,
                       struct fault *fault, struct options *options)
{
    const struct option_input input = {argc, argv, environment};
    struct option_value values[OPTION_ID_COUNT];
    struct options found = {0};
    enum err err = option_table_parse(&table, &input, arena, fault, values, &found);

    if (err == OK && !found.help) {
        err = check_storage(values, &found, fault);
        if (err == OK)
            err = check_tls(values, fault);
        if (err == OK)
            err = check_auth(values, &found, fault);
        if (err == OK)
            err = check_s3(&found, fault);
    }
    if (err == OK)
        *options = found;
    return err;
}

void options_print_help(FILE *out)
{
    fputs("usage: stele serve [OPTION...]\n\n"
          "Each --name VALUE can also be a variable, STELE_NAME=VALUE with '_' for '-', and\n"
          "a line of the --config file, name = VALUE. A flag wins over the environment, the\n"
          "environment over the file.\n\n",
          out);
    option_table_print_help(&table, out);
}

void options_print_man(FILE *out)
{
    option_table_print_man(&table, out);
    fputs(".SH CONFIGURATION FILE\n"
          "The file of \\fB\\-\\-config\\fR has a line for each setting,\n"
          ".IR name \" = \" value ,\n"
          "where the name is that of the option without the dashes in front, or that of a\n"
          "variable in lower case with dashes and without \\fBSTELE_\\fR. A \\(oq#\\(cq at the\n"
          "start of a line or behind a blank begins a comment. An option that takes no value as\n"
          "a flag is set to \\fBtrue\\fR or \\fBfalse\\fR.\n"
          ".PP\n"
          "A flag wins over the environment, the environment over the file, the file over the\n"
          "default.\n",
          out);
}

void options_print_markdown(FILE *out)
{
    fputs("# Configuration\n\n"
          "The settings of `stele serve`. Each can be a flag, an environment variable, and a line\n"
          "`name = value` of the file given with `--config` (the name is the flag's, without the\n"
          "dashes in front; `#` at the start of a line or behind a blank begins a comment). A "
          "flag\n"
          "wins over the environment, the environment over the file, the file over the default.\n"
          "An empty variable counts as none.\n\n",
          out);
    option_table_print_markdown(&table, out);
}

static enum err check_storage(const struct option_value *values, const struct options *options,
                              struct fault *fault)
{
    const char *data = values[OPTION_ID_data].where;

    if (!options->in_memory || data == NULL)
        return OK;
    return fault_set(fault, ERR_CONFIG,
                     "%s and %s exclude each other: data is kept in a directory or in memory", data,
                     values[OPTION_ID_in_memory].where);
}

static enum err check_tls(const struct option_value *values, struct fault *fault)
{
    const char *cert = values[OPTION_ID_tls_cert].where, *key = values[OPTION_ID_tls_key].where;

    if ((cert == NULL) == (key == NULL))
        return OK;
    return fault_set(fault, ERR_CONFIG,
                     "%s is given without --tls-%s: TLS needs a certificate and its key",
                     cert != NULL ? cert : key, cert != NULL ? "key" : "cert");
}

static enum err check_auth(const struct option_value *values, const struct options *options,
                           struct fault *fault)
{
    bool has_id = options->root_access_key_id != NULL;
    bool has_secret = options->root_secret_access_key != NULL;

    if (options->auth == AUTH_KEYS && !(has_id && has_secret))
        return fault_set(fault, ERR_CONFIG,
                         "--auth keys needs the root key: set %s%s%s in the environment or the "
                         "--config file",
                         has_id ? "" : "STELE_ROOT_ACCESS_KEY_ID",
                         has_id || has_secret ? "" : " and ",
                         has_secret ? "" : "STELE_ROOT_SECRET_ACCESS_KEY");
    if (options->auth == AUTH_OPEN && !is_loopback(options->listen.host) && !options->insecure)
        return fault_set(fault, ERR_CONFIG,
                         "%s: with --auth open, everybody who reaches %s could read and change "
                         "everything: use --auth keys with a root key, listen on 127.0.0.1, or "
                         "give --insecure if the network is trusted",
                         values[OPTION_ID_listen].where, values[OPTION_ID_listen].text);
    if (options->test_clock && !is_loopback(options->listen.host))
        return fault_set(fault, ERR_CONFIG,
                         "%s: --test-clock is for tests on this machine, whoever reaches %s could "
                         "change the time",
                         values[OPTION_ID_listen].where, values[OPTION_ID_listen].text);
    return OK;
}

static enum err check_s3(const struct options *options, struct fault *fault)
{
    bool has_id = options->s3_access_key_id != NULL;

    if (has_id == (options->s3_secret_access_key != NULL))
        return OK;
    return fault_set(fault, ERR_CONFIG,
                     "the key for the S3 endpoint has two parts: set STELE_S3_%s in the "
                     "environment or the --config file, too",
                     has_id ? "SECRET_ACCESS_KEY" : "ACCESS_KEY_ID");
}

/* 127.0.0.0/8, ::1, and the former as an IPv6 address. */
static bool is_loopback(const char *host)
{
    struct in6_addr v6;
    struct in_addr v4;

    if (inet_pton(AF_INET, host, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    if (inet_pton(AF_INET6, host, &v6) != 1)
        return false;
    return IN6_IS_ADDR_LOOPBACK(&v6) || (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127);
}
