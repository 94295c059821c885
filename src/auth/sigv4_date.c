/* sigv4_date.c - the two date forms a signed request may carry, both in UTC. */
#include "auth/sigv4_priv.h"

#include <string.h>
#include <time.h>

/* Broken-down UTC time, each field as written. */
struct civil {
    unsigned year, month, day, hour, minute, second;
};

static bool read_digits(struct bytes text, size_t at, size_t count, unsigned *number);
static bool civil_to_seconds(const struct civil *civil, uint64_t *seconds);

void sigv4_date_format(uint64_t seconds, char out[SIGV4_DATE_SIZE])
{
    time_t time = (time_t)seconds;
    struct tm utc;

    gmtime_r(&time, &utc);
    strftime(out, SIGV4_DATE_SIZE, "%Y%m%dT%H%M%SZ", &utc);
}

bool sigv4_date_parse_basic(struct bytes text, uint64_t *seconds)
{
    struct civil civil;

    return text.size == SIGV4_DATE_SIZE - 1 && text.data[8] == 'T' && text.data[15] == 'Z' &&
           read_digits(text, 0, 4, &civil.year) && read_digits(text, 4, 2, &civil.month) &&
           read_digits(text, 6, 2, &civil.day) && read_digits(text, 9, 2, &civil.hour) &&
           read_digits(text, 11, 2, &civil.minute) && read_digits(text, 13, 2, &civil.second) &&
           civil_to_seconds(&civil, seconds);
}

bool sigv4_date_parse_http(struct bytes text, uint64_t *seconds)
{
    static const char shape[] = "???, ?? ??? ???? ??:??:?? ";
    static const char *const zones[] = {"GMT", "UTC", "+0000",
                                        "-0000"}; /* botocore sends the last */
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    const size_t zone_at = sizeof(shape) - 1;
    struct civil civil;
    bool zone_is_utc = false;

    if (text.size < zone_at)
        return false;
    for (size_t i = 0; i < zone_at; i++)
        if (shape[i] != '?' && shape[i] != text.data[i])
            return false;
    for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++)
        zone_is_utc |= bytes_equal_string(bytes_skip(text, zone_at), zones[i]);
    for (civil.month = 1; civil.month <= 12; civil.month++)
        if (memcmp(months + (civil.month - 1) * 3, text.data + 8, 3) == 0)
            break;
    return zone_is_utc && read_digits(text, 5, 2, &civil.day) &&
           read_digits(text, 12, 4, &civil.year) && read_digits(text, 17, 2, &civil.hour) &&
           read_digits(text, 20, 2, &civil.minute) && read_digits(text, 23, 2, &civil.second) &&
           civil_to_seconds(&civil, seconds);
}

static bool read_digits(struct bytes text, size_t at, size_t count, unsigned *number)
{
    *number = 0;
    for (size_t i = at; i < at + count; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        *number = *number * 10 + (text.data[i] - '0');
    }
    return true;
}

static bool civil_to_seconds(const struct civil *civil, uint64_t *seconds)
{
    static const unsigned days_before_month[] = {0,   31,  59,  90,  120, 151, 181,
                                                 212, 243, 273, 304, 334, 365};
    unsigned years = civil->year - 1; /* whole years before this one, counted from year 1 */
    bool leap = civil->year % 4 == 0 && (civil->year % 100 != 0 || civil->year % 400 == 0);
    unsigned month_days, days;

    if (civil->year < 1970 || civil->month < 1 || civil->month > 12 || civil->hour > 23 ||
        civil->minute > 59 || civil->second > 59)
        return false;
    month_days = days_before_month[civil->month] - days_before_month[civil->month - 1] +
                 (leap && civil->month == 2);
    if (civil->day < 1 || civil->day > month_days)
        return false;
    days = years * 365 + years / 4 - years / 100 + years / 400 +
           days_before_month[civil->month - 1] + (leap && civil->month > 2) + civil->day - 1;
    days -= 719162; /* 1970-01-01, counted the same way */
    *seconds = (uint64_t)days * 86400 + civil->hour * 3600 + civil->minute * 60 + civil->second;
    return true;
}
