# Python: multiprocessing.Pool, apply_async.
# subject: Python multiprocessing.Pool
# package: python3
import multiprocessing
import platform
import time

SIZE, BLOCKS, WARM, UNDER_WAY, WORKERS, PAGE = 1 << 20, 1024, 64, 16, 2, 4096
BLOCK = b"\1" * SIZE


def look(block):
    return sum(block[::PAGE])


def make(_):
    return BLOCK


def exchange(pool, task, argument, see, count):
    under_way = []
    for _ in range(count):
        if len(under_way) == UNDER_WAY:
            assert see(under_way.pop(0).get()) == SIZE // PAGE
        under_way.append(pool.apply_async(task, (argument,)))
    for result in under_way:
        assert see(result.get()) == SIZE // PAGE


def measure(key, pool, task, argument, see):
    exchange(pool, task, argument, see, WARM)
    start = time.perf_counter()
    exchange(pool, task, argument, see, BLOCKS)
    print(f"{key} {BLOCKS * SIZE / 1e9 / (time.perf_counter() - start):.6g}")


if __name__ == "__main__":
    with multiprocessing.get_context("fork").Pool(WORKERS) as pool:
        measure("arguments_gb_per_s", pool, look, BLOCK, int)
        measure("results_gb_per_s", pool, make, 0, look)
    print("version", platform.python_version())
