/* partiql_parser.h - what reading the parts of a statement shares: tokens, paths, nodes, errors.
 *
 *   statement := select | EXISTS "(" select ")" | insert | update | delete, [ ";" ]
 *   select    := SELECT ( "*" | path, ... ) FROM name [ "." name ] [ WHERE or ]
 *                [ ORDER BY name [ ASC | DESC ], ... ]               partiql_statement.c
 *   insert    := INSERT INTO name VALUE literal
 *   update    := UPDATE name ( SET set, ... | REMOVE path, ... )+ WHERE or [ returning ]
 *   delete    := DELETE FROM name WHERE or [ returning ]
 *   returning := RETURNING ( ALL | MODIFIED ) ( OLD | NEW ) "*"
 *
 *   or        := and ( OR and )*                                     partiql_condition.c
 *   and       := not ( AND not )*
 *   not       := NOT not | "(" or ")" | predicate
 *   predicate := operand cmp operand | operand [ NOT ] BETWEEN operand AND operand
 *              | operand [ NOT ] IN ( "[" operand, ... "]" | "(" operand, ... ")" | "?" )
 *              | path IS [ NOT ] ( MISSING | NULL ) | function
 *   operand   := path | literal | size "(" path ")"
 *
 *   set       := path "=" ( sum | ( set_add | set_delete ) "(" path "," literal ")" )
 *   sum       := term ( ( "+" | "-" ) term )*
 *   term      := path | literal | "(" sum ")" | list_append "(" sum "," sum ")"
 *              | if_not_exists "(" path "," sum ")"
 *
 *   literal   := string | [ "-" ] number | TRUE | FALSE | NULL | "?" | "[" literal, ... "]"
 *              | "{" string ":" literal, ... "}" | "<<" literal, ... ">>"    partiql_value.c
 *   path      := name ( "." name | "[" digits "]" | "[" string "]" )*    partiql_parser.c
 *
 * Reading is by descent. The first error ends it: false or NULL all the way up, the fault is set.
 * What needs the whole text (parameters that are too few or too many, operands of wrong types) is
 * noted and told at the end. Words of the errors: what the contract has; else what DynamoDB Local,
 * AWS's own code, answers; behind "well formed" those of the language's reference parser
 * (unverified which of them at which place).
 */
#pragma once

#include "expr/expr_priv.h"
#include "expr/partiql.h"
#include "expr/partiql_lex.h"

/* Whatever opens something: parentheses, NOT, literals inside each other, terms of a sum. */
#define PARTIQL_DEPTH_MAX 256
/* More than any key has attributes. */
#define PARTIQL_ORDERS_MAX 16

#define PARTIQL_EMPTY_NAME "Path component cannot be an empty string"

struct partiql_parser {
    struct partiql_lexer lexer;
    struct partiql_token token; /* the next to read */
    struct bytes text;
    struct arena *arena;
    struct fault *fault;
    const struct value *parameters;
    unsigned parameter_count;
    unsigned parameters_used;
    unsigned depth;
    bool wrong_operand;
};

void partiql_take(struct partiql_parser *p);
bool partiql_accept(struct partiql_parser *p, enum partiql_token_kind kind);
/* Takes it, or fails: the next token is not what belongs here. */
bool partiql_expect(struct partiql_parser *p, enum partiql_token_kind kind);

/* "Statement wasn't well formed, ...", and false. */
bool partiql_fail(struct partiql_parser *p, const char *detail);
/* Other words than these, bare, and false. */
bool partiql_refuse(struct partiql_parser *p, const char *format, ...) PRINTF_LIKE(2, 3);
/* The same with the place of the next token behind them: " at line:column:length". */
bool partiql_refuse_token(struct partiql_parser *p, const char *what);
/* A term is wanted here, and this is none. */
bool partiql_fail_term(struct partiql_parser *p);
/* False: too deep. */
bool partiql_enter(struct partiql_parser *p) MUST_CHECK;

/* The token behind the next one. */
enum partiql_token_kind partiql_ahead(const struct partiql_parser *p);
/* Whether the next tokens are this word, in any case, and an open parenthesis. */
bool partiql_at_call(const struct partiql_parser *p, const char *function);
bool partiql_at_any_call(const struct partiql_parser *p);
/* A word that is no keyword everywhere: whether it is next, and taking it. */
bool partiql_at_word(const struct partiql_parser *p, const char *word);
bool partiql_accept_word(struct partiql_parser *p, const char *word);
/* Whether a name must be quoted to be one, though no keyword of ours; any case. */
bool partiql_reserved_word(struct bytes word);
/* A name of a table, an index or an attribute. */
bool partiql_name(struct partiql_parser *p, struct bytes *name) MUST_CHECK;
struct expr_node *partiql_path(struct partiql_parser *p);

struct expr_node *partiql_node(struct partiql_parser *p, enum expr_node_kind kind);
struct expr_node *partiql_function_node(struct partiql_parser *p, enum expr_function_id id);
/* Appends an operand; the list goes on behind it. */
void partiql_add(struct expr_node *owner, struct expr_node ***end, struct expr_node *operand);

/* --- parts of statements ---------------------------------------------------------------------- */

/* Whether a literal begins here. */
bool partiql_at_literal(const struct partiql_parser *p);
/* A literal or parameter as a VALUE node. */
struct expr_node *partiql_literal(struct partiql_parser *p);

/* From the word behind WHERE on. */
bool partiql_condition(struct partiql_parser *p, struct expr_condition **condition) MUST_CHECK;
/* All SET and REMOVE clauses. */
bool partiql_update_clauses(struct partiql_parser *p, struct expr_update **update) MUST_CHECK;
/* Paths that overlap or conflict with each other are refused; the paths must be sorted. */
bool partiql_check_paths(struct partiql_parser *p, const struct expr_paths *paths) MUST_CHECK;
