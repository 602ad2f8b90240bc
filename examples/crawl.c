/* crawl.c: fetches the URLs on its input, be they a million, at most 256 at a time, and tells of
   each as it comes. A set of futures may grow while one takes from it, and each future brings along
   the argument that it was submitted with.

       cc crawl.c $(pkg-config --cflags --libs plait-http) -o crawl
       ./crawl < urls
*/
#include <plait.h>
#include <plait/http.h>
#include <string.h>

struct url {
    char text[500];
};
struct page {
    int status;
    size_t size;
};

static int crawl(const struct url *which, struct page *page)
{
    const char *url = which->text;
    plait_http_response res; /* in a coroutine it yields, in a thread it blocks */
    int err = plait_http_get(url, &(plait_http_options){ .deadline = plait_after(5 * PLAIT_SECOND) }, &res);
    *page = (struct page){ res.status, res.body.size };
    plait_http_response_clear(&res);
    return err;
}
PLAIT_TASK(crawl, struct url, struct page);

static bool next_url(struct url *url) /* one a line */
{
    if (!fgets(url->text, sizeof url->text, stdin)) return false;
    url->text[strcspn(url->text, "\n")] = 0;
    return true;
}

/* Goes on after a failure. Returns the last one. */
static int crawl_all(plait_executor *ex, plait_completions *c)
{
    int err = 0, failed = 0;
    bool more = true;
    struct url u;
    for (;;) {
        while (more && plait_completions_pending(c) < 256 && (more = next_url(&u)))
            plait_completions_add(c, plait_submit(ex, crawl, &u));
        plait_future *f;
        if (plait_completions_next(c, &f, PLAIT_FOREVER) != 0) break; /* PLAIT_EDONE, ETIMEDOUT or ECANCELED */
        const struct url *which = plait_future_argument(f);           /* the argument lives in the future */
        printf("%s: ", which->text);
        struct page page;
        err = plait_await(f, &page); /* ends the future, and the argument with it */
        if (!err) printf("status %d, %zu bytes\n", page.status, page.size);
        else printf("%s\n", plait_error_text(err));
        if (err) failed = err;
    }
    return failed;
}

int main(void)
{
    plait_executor *ex = plait_thread_executor_new(&(plait_thread_options){ .workers = 64 });
    plait_completions *c = plait_completions_new();
    int err = c ? crawl_all(ex, c) : plait_error_code();
    plait_completions_free(c); /* cancels and drains what is left */
    plait_executor_free(ex);
    return plait_exit_status(err);
}
