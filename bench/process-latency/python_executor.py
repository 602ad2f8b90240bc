# Python: ProcessPoolExecutor, submit(…).result(). 2,000 trips, 500 asleep.
# subject: Python ProcessPoolExecutor
# package: python3
import multiprocessing
import platform
import sys
import time
from concurrent.futures import ProcessPoolExecutor

WARM, WORKERS = 200, 2


def increment(value):
    return value + 1


def measure(trip):
    asleep = sys.argv[1:] == ["asleep"]
    trips = 500 if asleep else 2_000
    samples = []
    for i in range(WARM + trips):
        if asleep:
            time.sleep(0.002)
        start = time.perf_counter_ns()
        result = trip(i)
        samples.append(time.perf_counter_ns() - start)
        assert result == i + 1
    samples = sorted(samples[WARM:])
    print(f"p50_us {samples[trips // 2] / 1e3:.6g}")
    print(f"p99_us {samples[trips * 99 // 100] / 1e3:.6g}")
    print("version", platform.python_version())


if __name__ == "__main__":
    with ProcessPoolExecutor(WORKERS, mp_context=multiprocessing.get_context("fork")) as pool:
        measure(lambda value: pool.submit(increment, value).result())
