# Python: ThreadPoolExecutor, submit(…).result(). 10,000 trips.
# subject: Python ThreadPoolExecutor
# package: python3
import platform
import time
from concurrent.futures import ThreadPoolExecutor

TRIPS, WARM, WORKERS = 10_000, 1_000, 2


def increment(value):
    return value + 1


samples = []
with ThreadPoolExecutor(WORKERS) as pool:
    for i in range(WARM + TRIPS):
        start = time.perf_counter_ns()
        result = pool.submit(increment, i).result()
        samples.append(time.perf_counter_ns() - start)
        assert result == i + 1
samples = sorted(samples[WARM:])
print(f"p50_us {samples[TRIPS // 2] / 1e3:.6g}")
print(f"p99_us {samples[TRIPS * 99 // 100] / 1e3:.6g}")
print("version", platform.python_version())
