# Python: ProcessPoolExecutor; a future each, and map with 64 values in a chunk. 20,000 of the former: it is a rate.
# subject: Python ProcessPoolExecutor
# package: python3
import multiprocessing
import platform
import time
from concurrent.futures import ProcessPoolExecutor

SUBMITS, TASKS, WARM, WORKERS = 20_000, 100_000, 1_000, 2


def increment(value):
    return value + 1


def submit(pool, count):
    return [future.result() for future in [pool.submit(increment, i) for i in range(count)]]


def map_all(pool, count):
    return list(pool.map(increment, range(count), chunksize=64))


def measure(run, pool, count):
    run(pool, WARM)
    start = time.perf_counter()
    results = run(pool, count)
    seconds = time.perf_counter() - start
    assert results == list(range(1, count + 1))
    return count / seconds


if __name__ == "__main__":
    with ProcessPoolExecutor(WORKERS, mp_context=multiprocessing.get_context("fork")) as pool:
        print(f"submit_per_s {measure(submit, pool, SUBMITS):.6g}")
        print(f"map_per_s {measure(map_all, pool, TASKS):.6g}")
    print("version", platform.python_version())
