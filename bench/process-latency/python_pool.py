# Python: multiprocessing.Pool, apply(…). As many trips as with ProcessPoolExecutor.
# subject: Python multiprocessing.Pool
# package: python3
import multiprocessing

from python_executor import WORKERS, increment, measure

if __name__ == "__main__":
    with multiprocessing.get_context("fork").Pool(WORKERS) as pool:
        measure(lambda value: pool.apply(increment, (value,)))
