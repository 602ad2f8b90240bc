/* photo.c: the tasks that photo.h declares. What must hold: whatever they have made when they fail is in *to. */
#include "future/photo.h"
#include <stdlib.h>
#include <string.h>

int shrink(const struct photo *from, struct photo *to)
{
    int err = plait_type_copy(photo_type, to, from);
    if (err) return err;
    to->width /= 2, to->height /= 2;
    to->pixels.size /= 4;
    plait_bytes path;
    if ((err = plait_bytes_format(&path, "small-%s", from->path))) return err;
    free(to->path);
    to->path = path.data;
    return from->width ? 0 : plait_fail(PLAIT_EUSER, "%s is empty", from->path);
}

int double_of(const int *n, int *out)
{
    *out = 2 * *n;
    return 0;
}
