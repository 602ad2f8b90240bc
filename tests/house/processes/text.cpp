/* text.cpp: a task in C++ that needs what a constructor has made before main, in a process that is started. */
#include <plait.h>
#include <stdexcept>
#include <string>

static std::string prefix = std::string("made before main: ") + std::string(100, '*');

static int extend(const plait_bytes *word, plait_bytes *result)
{
    if (word->size == 0) throw std::runtime_error("no word");
    prefix += static_cast<const char *>(word->data);
    return plait_bytes_copy(result, prefix.data(), prefix.size());
}
PLAIT_TASK(extend, plait_bytes, plait_bytes);

int main()
{
    plait_init();
    plait_bytes word, result = {};
    int code = 0;
    if (plait_bytes_format(&word, "%s", " and after") != 0) return 1;
    plait_process *p = plait_process_start(extend, &word), *q = plait_process_start(extend, &result);
    if (plait_process_join(p, &code, PLAIT_FOREVER) != 0 || code != 0) return plait_error_print(stdout, code), 1;
    if (plait_process_result(p, &result) != 0) return 1;
    printf("%s\n", static_cast<char *>(result.data));
    if (plait_process_join(q, &code, PLAIT_FOREVER) != 0) return 1;
    printf("%s: %s\n", plait_error_name(code), plait_error()->message);
    plait_bytes_clear(&word);
    plait_bytes_clear(&result);
    plait_process_free(p);
    plait_process_free(q);
    return prefix.size() == 118 ? 0 : 1;
}
