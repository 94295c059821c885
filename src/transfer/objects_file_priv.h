/* objects_file_priv.h - what walking over the folders of a bucket has in common with its files. */
#pragma once

#include "transfer/objects_priv.h"

#include <fcntl.h>

#define FILES_UPLOADS        ".stele-uploads"
#define FILES_DEPTH_MAX      64
#define FILES_PART_BYTES_MAX 255 /* between two '/' */
#define FILES_FOLDER         (O_RDONLY | O_DIRECTORY | O_CLOEXEC)

struct files {
    char *dir;
};

/* The call's bucket as an open folder. */
enum err files_open_bucket(const struct files *files, struct objects_call *call,
                           int *fd) MUST_CHECK;
/* What errno means to a client; doing: "open an object". */
enum err files_fail(struct objects_call *call, const char *doing);

/* The listing of objects_class. */
enum err files_walk_open(void *self, struct objects_call *call, struct bytes prefix,
                         struct objects_walk **walk) MUST_CHECK;
/* With another bound of the names that are kept. */
enum err files_walk_open_with(const struct files *files, struct objects_call *call,
                              struct bytes prefix, size_t names_max,
                              struct objects_walk **walk) MUST_CHECK;
enum err files_walk_page(struct objects_walk *walk, struct objects_page *page) MUST_CHECK;
void files_walk_close(struct objects_walk *walk);
