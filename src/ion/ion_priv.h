/* ion_priv.h - tokens, between the reader of structure (ion_read.c) and that of what is in them. */
#pragma once

#include "ion/ion_read.h"

static inline bool ion_is_digit(uint8_t byte)
{
    return (uint8_t)(byte - '0') < 10;
}

static inline bool ion_is_identifier_start(uint8_t byte)
{
    return (uint8_t)((byte | 0x20) - 'a') < 26 || byte == '_' || byte == '$';
}

static inline bool ion_is_space(uint8_t byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

/* ERR_CORRUPT at a place in the text. */
enum err ion_fault(struct ion_reader *reader, size_t at, const char *what) MUST_CHECK;

/* Where the text ends in the middle of something: ERR_PENDING, or a fault if it is final. */
enum err ion_cut(struct ion_reader *reader) MUST_CHECK;

/* Past blanks and comments. ERR_ABSENT: nothing else is there, and the text is final. */
enum err ion_skip_blanks(struct ion_reader *reader) MUST_CHECK;

/* Each takes a token off the text at reader->at. */
enum err ion_lex_identifier(struct ion_reader *reader, struct bytes *word) MUST_CHECK;
enum err ion_lex_number(struct ion_reader *reader, struct ion_event *event) MUST_CHECK;
/* "..." or '...', with that quote at reader->at. */
enum err ion_lex_quoted(struct ion_reader *reader, struct bytes *text) MUST_CHECK;
/* '''...''' '''...''' as one. */
enum err ion_lex_long(struct ion_reader *reader, bool clob, struct bytes *text) MUST_CHECK;
/* {{ ... }} */
enum err ion_lex_lob(struct ion_reader *reader, struct ion_event *event) MUST_CHECK;

/* Whether the text at reader->at begins with these; ERR_PENDING if it is too short to tell. */
enum err ion_looking_at(struct ion_reader *reader, const char *wanted, bool *found) MUST_CHECK;
