/* expr_parser.h - what reading every kind of expression shares: tokens, operands, paths, nodes.
 *
 *   path       := name ( "[" digits "]" | "." name )*              expr_parser.c
 *   operand    := "(" operand ")" | function | ":"value | path
 *   function   := identifier "(" operand ( "," operand )* ")"
 *
 *   or         := and ( OR and )*                                  expr_parse_condition.c
 *   and        := not ( AND not )*
 *   not        := NOT predicate | predicate
 *   predicate  := "(" or ")" | operand cmp operand | operand BETWEEN operand AND operand
 *               | operand IN "(" operand ( "," operand )* ")" | function
 *
 *   projection := path ( "," path )*                               expr_parse_update.c
 *   update     := ( SET set, ... | REMOVE path, ... | ADD path ":"value, ... | DELETE ... )+
 *   set        := path "=" sum
 *   sum        := "(" sum ")" | operand | operand ( "+" | "-" ) operand
 *
 * Reading is by descent, one function a rule. A syntax error ends it at once: NULL all the way up,
 * and `failed` is set. Other problems are noted (expr_report) and told by priority when the text is
 * at its end. Descent is bounded: whatever opens a parenthesis enters and leaves.
 */
#pragma once

#include "expr/expr_lex.h"
#include "expr/expr_priv.h"

struct expr_parser {
    struct lexer lexer;
    struct token token;    /* the next to read */
    struct token previous; /* size 0: none */
    const struct expr_source *source;
    struct arena *arena;
    struct expr_report report;
    unsigned operator_count;
    unsigned depth;
    bool failed; /* syntax error at `token` */
    bool too_deep;
};

/* Size and emptiness, which come before syntax. */
enum err expr_parser_begin(struct expr_parser *p, const struct expr_source *source,
                           struct arena *arena, struct fault *fault) MUST_CHECK;
/* What is wrong with the whole: syntax, number of operators, then by priority. */
enum err expr_parser_finish(struct expr_parser *p, struct fault *fault) MUST_CHECK;

/* The next token becomes the previous one: whatever it is, if it is of a kind, or else fail. */
void expr_parser_take(struct expr_parser *p);
bool expr_parser_accept(struct expr_parser *p, enum token_kind kind);
bool expr_parser_expect(struct expr_parser *p, enum token_kind kind);
/* A syntax error, the next token being the offender. NULL, for any kind of result. */
void *expr_parser_fail(struct expr_parser *p);

/* Around what is inside parentheses. False: too deep. */
bool expr_parser_enter(struct expr_parser *p) MUST_CHECK;
/* Leaves; what was inside comes back marked. Parentheses that hold nothing but parentheses are
 * redundant. */
struct expr_node *expr_parser_close_group(struct expr_parser *p, struct expr_node *inside);

struct expr_node *expr_parser_node(struct expr_parser *p, enum expr_node_kind kind);

/* The operands of a node that is being read. */
struct expr_list {
    struct expr_node *owner;
    struct expr_node **end;
};
struct expr_list expr_list_begin(struct expr_node *owner);
/* An operand of AND, OR and NOT is a condition; of anything else, a boolean function is misused. */
void expr_list_add(struct expr_parser *p, struct expr_list *list, struct expr_node *operand);

/* Rules of the grammar that the kinds share. */
struct expr_node *expr_parser_operand(struct expr_parser *p);
struct expr_node *expr_parser_value(struct expr_parser *p);
struct expr_node *expr_parser_path(struct expr_parser *p);
