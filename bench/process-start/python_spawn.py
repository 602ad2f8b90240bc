# Python: ProcessPoolExecutor whose workers begin afresh. 5 pools.
# subject: Python executor, spawn
# package: python3
import multiprocessing
import platform
import statistics
import time
from concurrent.futures import ProcessPoolExecutor

WORKERS = 2


def increment(value):
    return value + 1


def measure(method, pools):
    samples = []
    for i in range(-1, pools):
        start = time.perf_counter()
        with ProcessPoolExecutor(WORKERS, mp_context=multiprocessing.get_context(method)) as pool:
            result = pool.submit(increment, i).result()
            samples.append(time.perf_counter() - start)
        assert result == i + 1
    print(f"ms {statistics.median(samples[1:]) * 1e3:.6g}")
    print("version", platform.python_version())


if __name__ == "__main__":
    measure("spawn", 5)
