/* photos.c: a task whose argument and result own memory: a struct with a string, a buffer and a list, described once. What a
   photo owns is copied at submit and freed with the future; the result is ours, and we clear it.

       cc photos.c $(pkg-config --cflags --libs plait) -o photos
*/
#include <plait.h>
#include <string.h>

struct photo {
    char *path;
    int width, height;
    plait_bytes pixels;
    size_t tag_count;
    char **tags;
};
PLAIT_TYPE(photo_type, struct photo, PLAIT_FIELD(struct photo, path), PLAIT_FIELD(struct photo, width),
           PLAIT_FIELD(struct photo, height), PLAIT_FIELD(struct photo, pixels),
           PLAIT_FIELD_ARRAY(struct photo, tags, tag_count));

/* A photo of every second pixel, in each direction. */
static int shrink(const struct photo *from, struct photo *to)
{
    int err = plait_type_copy(photo_type, to, from);
    if (err) return err; /* a result that is half made is cleared for us */
    char *pixels = to->pixels.data;
    to->width = from->width / 2, to->height = from->height / 2;
    for (int y = 0; y < to->height; y++)
        for (int x = 0; x < to->width; x++) pixels[y * to->width + x] = pixels[2 * y * from->width + 2 * x];
    to->pixels.size = (size_t)to->width * (size_t)to->height;
    return 0;
}
PLAIT_TASK_TYPED(shrink, struct photo, struct photo, photo_type);

static void show(const struct photo *p)
{
    printf("%s, %d x %d, %s and %s\n", p->path, p->width, p->height, p->tags[0], p->tags[1]);
    for (int y = 0; y < p->height; y++) printf("  %.*s\n", p->width, (const char *)p->pixels.data + y * p->width);
}

int main(void)
{
    char path[] = "beach.png", pixels[] = "~.~.~.~."
                                          "........"
                                          "@.@.@.@."
                                          "........";
    char *tags[] = { "sea", "sun" };
    struct photo photo = { path, 8, 4, { pixels, 32 }, 2, tags }, small;
    plait_executor *ex = plait_thread_executor_new(NULL);
    plait_future *f = plait_submit(ex, shrink, &photo);
    memset(path, 'x', sizeof path - 1); /* it has its own copy by now */
    int err = plait_take(shrink, f, &small);
    if (!err) {
        show(&small);
        plait_type_clear(photo_type, &small);
    }
    plait_executor_free(ex);
    plait_error_print(stderr, err);
    return plait_exit_status(err);
}
