# asyncio: Queue, which has no capacity of 0. 500,000 items in place of ten million: the figure is per item.
# subject: Python asyncio.Queue
# package: python3
# workloads: channel-1024
import asyncio
import platform
import sys
import time

ITEMS = 500_000
total = 0


async def main():
    channel = asyncio.Queue(int(sys.argv[1]))

    async def put_all():
        for i in range(ITEMS):
            await channel.put(i)

    async def get_all():
        global total
        for _ in range(ITEMS):
            total += await channel.get()

    start = time.perf_counter()
    await asyncio.gather(put_all(), get_all())
    return time.perf_counter() - start


seconds = asyncio.run(main())
assert total == ITEMS * (ITEMS - 1) // 2
print(f"ns_per_item {seconds * 1e9 / ITEMS:.6g}")
print("version", platform.python_version())
