/* photo.h: a struct that owns strings, a buffer and an array, described once, and a task over it for a function that
   another file defines: as a program's own header would have them. */
#ifndef PLAIT_TEST_PHOTO_H
#define PLAIT_TEST_PHOTO_H
#include <plait.h>

struct photo {
    char *path;
    int32_t width, height;
    plait_bytes pixels;
    size_t tag_count;
    char **tags;
};
PLAIT_TYPE(photo_type, struct photo, PLAIT_FIELD(struct photo, path), PLAIT_FIELD(struct photo, width),
           PLAIT_FIELD(struct photo, height), PLAIT_FIELD(struct photo, pixels),
           PLAIT_FIELD_ARRAY(struct photo, tags, tag_count));

PLAIT_BEGIN_DECLARATIONS

/* Half as wide and high, under a new name. */
int shrink(const struct photo *from, struct photo *to);
PLAIT_TASK_TYPED(shrink, struct photo, struct photo, photo_type);

PLAIT_TASK_DECLARE(double_of, int, int);

PLAIT_END_DECLARATIONS
#endif
