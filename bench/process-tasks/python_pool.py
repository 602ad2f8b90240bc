# Python: multiprocessing.Pool; map with one value in a chunk (an apply_async each, which gives a handle for each, is slower), and
# with 64.
# subject: Python multiprocessing.Pool
# package: python3
import multiprocessing
import platform
import time

TASKS, WARM, WORKERS = 100_000, 1_000, 2


def increment(value):
    return value + 1


def measure(pool, chunk):
    pool.map(increment, range(WARM), chunksize=chunk)
    start = time.perf_counter()
    results = pool.map(increment, range(TASKS), chunksize=chunk)
    seconds = time.perf_counter() - start
    assert results == list(range(1, TASKS + 1))
    return TASKS / seconds


if __name__ == "__main__":
    with multiprocessing.get_context("fork").Pool(WORKERS) as pool:
        print(f"submit_per_s {measure(pool, 1):.6g}")
        print(f"map_per_s {measure(pool, 64):.6g}")
    print("version", platform.python_version())
