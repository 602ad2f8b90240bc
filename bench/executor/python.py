# Python: ThreadPoolExecutor, a future each, all results taken. 50,000 tasks in place of a million: it is a rate.
# subject: Python ThreadPoolExecutor
# package: python3
import platform
import time
from concurrent.futures import ThreadPoolExecutor

TASKS, WARM, WORKERS = 50_000, 1_000, 2


def one():
    return 1


def run(pool, tasks):
    start = time.perf_counter()
    futures = [pool.submit(one) for _ in range(tasks)]
    total = sum(future.result() for future in futures)
    seconds = time.perf_counter() - start
    assert total == tasks
    return seconds


with ThreadPoolExecutor(WORKERS) as pool:
    run(pool, WARM)
    print(f"tasks_per_s {TASKS / run(pool, TASKS):.6g}")
print("version", platform.python_version())
