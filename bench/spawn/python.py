# asyncio: a task and await. 200,000 in place of two million: the figure is per task.
# subject: Python asyncio
# package: python3
import asyncio
import platform
import time

SPAWNS = 200_000
count = 0


async def add_one():
    global count
    count += 1


async def main():
    start = time.perf_counter()
    for _ in range(SPAWNS):
        await asyncio.create_task(add_one())
    return time.perf_counter() - start


seconds = asyncio.run(main())
assert count == SPAWNS
print(f"ns_per_spawn {seconds * 1e9 / SPAWNS:.6g}")
print("version", platform.python_version())
