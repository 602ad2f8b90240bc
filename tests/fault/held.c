/* held.c: see held.h. */
#include "held.h"
#include "check.h"
#include <plait/io.h>
#include <dirent.h>
#include <poll.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>

static size_t entries(const char *folder)
{
    size_t count = 0;
    DIR *d = opendir(folder);
    check(d != NULL);
    while (readdir(d)) count++;
    closedir(d);
    return count;
}

static size_t shared_mappings(void)
{
    char line[4096];
    size_t count = 0;
    FILE *maps = fopen("/proc/self/maps", "re");
    check(maps != NULL);
    while (fgets(line, sizeof line, maps)) {
        char rights[8];
        count += sscanf(line, "%*s %7s", rights) == 1 && rights[3] == 's';
    }
    fclose(maps);
    return count;
}

/* Of all threads, also those that are no children for wait(2), and those that have ended and were not waited for. */
static size_t children(void)
{
    size_t count = 0;
    DIR *tasks = opendir("/proc/self/task");
    check(tasks != NULL);
    for (struct dirent *e; (e = readdir(tasks));) {
        char path[300];
        int child;
        snprintf(path, sizeof path, "/proc/self/task/%s/children", e->d_name);
        FILE *list = e->d_name[0] == '.' ? NULL : fopen(path, "re");
        if (!list) continue; /* the thread has ended, or the kernel has no such lists */
        while (fscanf(list, "%d", &child) == 1) count++;
        fclose(list);
    }
    closedir(tasks);
    return count;
}

struct held held_now(void)
{
    return (struct held){ entries("/proc/self/fd"), shared_mappings(), children(), entries("/proc/self/task") };
}

bool held_no_more_than(struct held before)
{
    struct held now;
    for (int i = 0; i < 20000; i++) {
        now = held_now();
        if (now.descriptors <= before.descriptors && now.mappings <= before.mappings &&
            now.children <= before.children && now.threads <= before.threads)
            return true;
        nanosleep(&(struct timespec){ 0, 1000000 }, NULL);
    }
    fprintf(stderr,
            "left behind: descriptors %zu, before %zu; mappings %zu, before %zu; children %zu, before %zu; "
            "threads %zu, before %zu\n",
            now.descriptors, before.descriptors, now.mappings, before.mappings, now.children, before.children,
            now.threads, before.threads);
    return false;
}

static void *wait_for_a_descriptor(void *all_here)
{
    int ends[2];
    check_number(pipe(ends), 0);
    check_code(plait_wait_fd(ends[0], POLLIN, plait_after(1)), PLAIT_ETIMEDOUT);
    pthread_barrier_wait(all_here);
    close(ends[0]), close(ends[1]);
    return NULL;
}

void held_settle(void)
{
    enum { THREADS = 8 };
    pthread_t threads[THREADS];
    pthread_barrier_t all_here;
    pthread_barrier_init(&all_here, NULL, THREADS + 1);
    for (int i = 0; i < THREADS; i++)
        check_number(pthread_create(&threads[i], NULL, wait_for_a_descriptor, &all_here), 0);
    wait_for_a_descriptor(&all_here);
    for (int i = 0; i < THREADS; i++) check_number(pthread_join(threads[i], NULL), 0);
    pthread_barrier_destroy(&all_here);
}
