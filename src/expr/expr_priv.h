/* expr_priv.h - the tree, and what the files of this module share.
 * A tree is made of nodes in the request's arena; paths and values in it are already resolved
 * (#names and :values substituted), so that evaluation never looks at the request again.
 *   condition    AND OR NOT over predicates: COMPARE, BETWEEN, IN, FUNCTION
 *   operand      PATH, VALUE, FUNCTION, and ARITHMETIC in SET clauses
 * A legacy condition (Expected, QueryFilter, ...) is the same tree over one-step paths, and so are
 * AttributeUpdates; only these ADD to a list.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "expr/expr.h"
#include "item/value.h"

#define EXPR_TEXT_BYTES_MAX      4096
#define EXPR_OPERATORS_MAX       300
#define EXPR_IN_OPERANDS_MAX     100
#define EXPR_PATH_STEPS_MAX      32
#define EXPR_VARIABLES_BYTES_MAX ((size_t)2 << 20)
/* Guide, "Constraints": names may have 64 KB. */
#define EXPR_NAME_BYTES_MAX 65535
/* Measured in 2026 on the service: the largest index that is not refused. */
#define EXPR_LIST_INDEX_MAX 4294967294u

/* --- paths ------------------------------------------------------------------------------------ */

/* One step into a map (by name) or a list (by index). */
struct expr_step {
    struct bytes name; /* empty for an index */
    uint32_t index;
    bool is_index;
};

struct expr_path {
    const struct expr_step *steps; /* at least one; the first is a name */
    unsigned count;
};

bool expr_path_equal(const struct expr_path *a, const struct expr_path *b);
/* "[a, b, [0]]", in the arena. */
struct bytes expr_path_text(const struct expr_path *path, struct arena *arena);
/* What an item holds there. */
bool expr_path_find(const struct expr_path *path, struct value item, struct value *found);
/* The same for the first `count` steps. */
bool expr_path_find_steps(const struct expr_path *path, unsigned count, struct value item,
                          struct value *found);
/* Indexes before names, indexes by number, names as maps have them. */
int expr_step_compare(const struct expr_step *a, const struct expr_step *b);
/* An entry of a map or an element of a list. False also when it is no such container. */
bool expr_step_find(const struct expr_step *step, struct value container, struct value *found);

/* The paths of one projection or the targets of one update, none a prefix of another, no parent
 * used as list and as map. Sorted, the paths below one container stand together in the
 * container's own order, so that walking a value means walking a range of them. */
struct expr_paths {
    struct expr_path *in_text; /* in order of the text */
    unsigned *sorted;          /* positions in in_text */
    unsigned count;
};

void expr_paths_sort(struct expr_paths *paths, struct arena *arena);

static inline const struct expr_path *expr_paths_at(const struct expr_paths *paths, unsigned place)
{
    return &paths->in_text[paths->sorted[place]];
}

/* What an item holds at these paths, as an item of its own. */
struct value expr_paths_project(const struct expr_paths *paths, struct value item,
                                struct arena *arena);

enum expr_relation { EXPR_APART, EXPR_OVERLAP, EXPR_CONFLICT };
enum expr_relation expr_path_relation(const struct expr_path *a, const struct expr_path *b);

/* --- the tree --------------------------------------------------------------------------------- */

/* Columns of functions.def. */
enum expr_function_use { EXPR_FUNCTION_CONDITION, EXPR_FUNCTION_UPDATE };
enum expr_function_result { EXPR_FUNCTION_BOOLEAN, EXPR_FUNCTION_VALUE };

enum expr_function_id {
#define FUNCTION(name, operands, use, result) EXPR_##name,
#include "expr/functions.def"
};

struct expr_function {
    struct bytes name;
    enum expr_function_id id;
    unsigned operands;
    enum expr_function_use use;
    enum expr_function_result result;
};

enum expr_node_kind {
    NODE_PATH,
    NODE_VALUE,
    NODE_FUNCTION, /* operand or condition: see expr_function_result */
    NODE_ARITHMETIC,
    NODE_COMPARE, /* from here on: conditions */
    NODE_BETWEEN,
    NODE_IN,
    NODE_AND,
    NODE_OR,
    NODE_NOT,
};

enum expr_operator {
    OPERATOR_NONE,
    OPERATOR_EQ,
    OPERATOR_NE,
    OPERATOR_LT,
    OPERATOR_LE,
    OPERATOR_GT,
    OPERATOR_GE,
    OPERATOR_PLUS,
    OPERATOR_MINUS,
};

struct expr_node {
    enum expr_node_kind kind;
    enum expr_operator operation; /* COMPARE, ARITHMETIC */
    unsigned operand_count;
    uint16_t row; /* VALUE of an expression: of the request's values, in their order */
    bool parenthesised;
    const struct expr_function *function; /* FUNCTION; NULL for an unknown one */
    struct expr_node *first;              /* operands, in order of the text */
    struct expr_node *next;               /* the next operand of the same node */
    struct bytes undefined; /* PATH, VALUE: the first placeholder that the request lacks */
    union {
        struct expr_path path;
        struct value value;
    };
};

struct expr_condition {
    struct expr_node *root;
};

struct expr_projection {
    struct expr_paths paths;
};

enum expr_action_kind { ACTION_SET, ACTION_REMOVE, ACTION_ADD, ACTION_DELETE, ACTION_KINDS };

struct expr_action {
    enum expr_action_kind kind;
    const struct expr_node *target; /* a PATH */
    const struct expr_node *value;  /* NULL for REMOVE; a VALUE for ADD and DELETE */
};

struct expr_update {
    struct expr_action *actions; /* in order of the text; their targets are `targets` */
    struct expr_paths targets;
    bool legacy; /* AttributeUpdates: its words for a stored value of another type */
};

/* --- walking paths and values together: in expr_walk.c ---------------------------------------- */

/* Sorted paths that go into one container; their steps number `depth` name its entries. */
struct expr_range {
    const struct expr_paths *paths;
    unsigned from; /* places in sorted order */
    unsigned to;
    unsigned depth;
};

struct expr_range expr_range_all(const struct expr_paths *paths);
/* Takes the paths of one entry off the front. False: none are left. */
bool expr_range_next_group(struct expr_range *range, struct expr_range *group);
/* The first path's step at the range's depth; of a group, the step of all its paths. */
const struct expr_step *expr_range_step(struct expr_range range);
/* Whether the group is one path that ends here. */
bool expr_range_is_whole(struct expr_range group);
/* The type of container that the range's steps go into: M or L. */
enum value_type expr_range_container(struct expr_range range);

/* The entries of a map or the elements of a list, with their encoded bytes. */
struct expr_cursor {
    struct value_walk walk;
    const uint8_t *entry; /* where the present one starts; it ends where the walk goes on */
    uint32_t position;    /* of the present one */
    bool there;
};

struct expr_cursor expr_cursor_begin(struct value container);
void expr_cursor_next(struct expr_cursor *cursor);
/* Whether the present entry is before the step's (<0), is it (0), or comes after it (>0). */
int expr_cursor_order(const struct expr_cursor *cursor, const struct expr_step *step);
/* Copies the present entry as it is, or all from it to the end. */
void expr_cursor_copy(const struct expr_cursor *cursor, struct value_builder *builder);
void expr_cursor_copy_rest(const struct expr_cursor *cursor, struct value_builder *builder);

/* Begins an entry at this step; append its value. */
void expr_build_next(struct value_builder *builder, const struct expr_step *step);

/* Room that building takes beside the entries themselves: heads of containers that grow. */
#define EXPR_BUILD_SLACK_BYTES 32

/* --- names and values of a request ------------------------------------------------------------ */

struct expr_placeholder {
    struct bytes key; /* with its # or : */
    bool used;
    union {
        struct bytes name;
        struct value value;
    };
};

struct expr_placeholders {
    struct expr_placeholder *rows;    /* in the order of the request */
    struct expr_placeholder **sorted; /* by key; NULL while there are few */
    unsigned count;
};

/* The contract's checks 1 and 2. */
enum err expr_names_read(const struct yyjson_val *json, struct arena *arena, struct fault *fault,
                         struct expr_placeholders *names) MUST_CHECK;
enum err expr_values_read(const struct yyjson_val *json, struct arena *arena, struct fault *fault,
                          struct expr_placeholders *values) MUST_CHECK;
enum err expr_placeholders_check_size(const struct expr_placeholders *names,
                                      const struct expr_placeholders *values,
                                      struct fault *fault) MUST_CHECK;
/* Finds and marks as used; NULL: not defined. */
const struct expr_placeholder *expr_placeholder_use(struct expr_placeholders *placeholders,
                                                    struct bytes key);
/* The contract's check 4; `parameter` for the text. */
enum err expr_placeholders_check_used(const struct expr_placeholders *placeholders,
                                      const char *parameter, struct fault *fault) MUST_CHECK;

/* --- parsing ---------------------------------------------------------------------------------- */

/* In the order in which a request's expressions are read. */
enum expr_kind {
    EXPR_KIND_UPDATE,
    EXPR_KIND_CONDITION,
    EXPR_KIND_KEY_CONDITION,
    EXPR_KIND_FILTER,
    EXPR_KIND_PROJECTION,
    EXPR_KINDS,
};

/* What is wrong with an expression is noted while it is read; which of it is told is a matter of
 * the kind's priorities, not of the order of the text (contract 4, 5, 7). Of each sort the first
 * in the text counts. */
enum expr_problem {
    PROBLEM_PARENTHESES,
    PROBLEM_UNKNOWN_FUNCTION,
    PROBLEM_MISUSED_FUNCTION,
    PROBLEM_RESERVED_WORD,
    PROBLEM_SECTION,
    PROBLEM_PATH, /* index out of range, too many steps */
    PROBLEM_PREDICATE,
    PROBLEM_UNDEFINED_NAME,
    PROBLEM_UNDEFINED_VALUE,
    PROBLEM_OVERLAP,
    PROBLEM_CONFLICT,
    PROBLEM_ACTION_OPERAND,
    PROBLEM_FUNCTION_OPERAND,
    PROBLEM_COUNT,
};

struct expr_report {
    struct arena *arena;
    struct {
        struct bytes text;
        bool wrapped;
    } problems[PROBLEM_COUNT];
    unsigned noted; /* bit set of problems */
};

void expr_note(struct expr_report *report, enum expr_problem problem, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* The same for texts that PutItem and UpdateItem wrap. */
void expr_note_wrapped(struct expr_report *report, enum expr_problem problem, const char *format,
                       ...) PRINTF_LIKE(3, 4);
static inline bool expr_noted(const struct expr_report *report, enum expr_problem problem)
{
    return (report->noted >> problem & 1) != 0;
}

/* What the service says of an expression whose problems were noted: OK if there are none. */
enum err expr_tell(const struct expr_report *report, enum expr_kind kind,
                   struct fault *fault) MUST_CHECK;

#define EXPR_REDUNDANT_PARENTHESES "The expression has redundant parentheses;"
#define EXPR_UNDEFINED_NAME \
    "An expression attribute name used in the document path is not defined; attribute name: %.*s"
#define EXPR_UNDEFINED_VALUE \
    "An expression attribute value used in expression is not defined; attribute value: %.*s"

/* "UpdateExpression" */
const char *expr_kind_name(enum expr_kind kind);

/* The text of an expression as the request has it. */
struct bytes expr_text_of(const struct yyjson_val *json);

/* One expression's text into its tree, checked. */
struct expr_source {
    struct bytes text;
    enum expr_kind kind;
    struct expr_placeholders *names;
    struct expr_placeholders *values;
};
enum err expr_parse_condition(const struct expr_source *source, struct arena *arena,
                              struct fault *fault, struct expr_condition **condition) MUST_CHECK;
enum err expr_parse_projection(const struct expr_source *source, struct arena *arena,
                               struct fault *fault, struct expr_projection **projection) MUST_CHECK;
enum err expr_parse_update(const struct expr_source *source, struct arena *arena,
                           struct fault *fault, struct expr_update **update) MUST_CHECK;

/* A row of functions.def that this kind of expression may use, or NULL. */
const struct expr_function *expr_function_find(struct bytes name, enum expr_kind kind);
const struct expr_function *expr_function_row(enum expr_function_id id);
/* Whether a path must not name it; any case. */
bool expr_reserved_word(struct bytes word);

/* --- checks of what was read; they only note -------------------------------------------------- */

/* They look at texts, names and the types of values, which a cached tree has in common with the
 * request that it is for. What looks into a value is checked for each request: it has a row among
 * the checks of expr_image.c. */

/* A whole predicate: undefined placeholders, operand counts, same operands, types. */
void expr_check_predicate(struct expr_report *report, const struct expr_node *predicate);
/* A function or a sum in a SET clause. */
void expr_check_update_operands(struct expr_report *report, const struct expr_node *node);
void expr_check_action(struct expr_report *report, const struct expr_action *action);
/* Overlaps and conflicts; paths must be sorted. */
void expr_check_paths(struct expr_report *report, const struct expr_paths *paths);
/* BETWEEN's, of one type: not the lower above the upper. */
bool expr_bounds_ordered(struct value lower, struct value upper);

/* Of a comparison, BETWEEN or begins_with; mirrored: the attribute is the right operand. */
enum expr_key_operator expr_key_operator_of(const struct expr_node *node, bool mirrored);
/* Reads a key condition off its tree: contract section 6, then 8.1 for its values. */
enum err expr_key_conditions(const struct expr_condition *condition, struct arena *arena,
                             struct fault *fault, struct expr_key_condition **conditions,
                             unsigned *count) MUST_CHECK;

/* As the text has it: "=", "<>", "+". */
const char *expr_operator_text(enum expr_operator operation);
