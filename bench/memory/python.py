# asyncio: tasks in asyncio.sleep; a fifth as many, since it is slow: the figure is per one.
# subject: Python asyncio
# package: python3
import asyncio
import os
import platform

COUNT = 200_000
asleep = 0


def kilobytes():
    with open("/proc/self/status") as status:
        return sum(int(line.split()[1]) for line in status if line.startswith(("VmRSS:", "VmPTE:")))


async def fall_asleep():
    global asleep
    asleep += 1
    await asyncio.sleep(3600)


async def main():
    before = kilobytes()
    tasks = [asyncio.create_task(fall_asleep()) for _ in range(COUNT)]
    while asleep < COUNT:
        await asyncio.sleep(0)
    each = (kilobytes() - before) * 1024 / len(tasks)
    print(f"bytes_each {each:.6g}\nversion {platform.python_version()}", flush=True)
    os._exit(0)  # nobody wants to wait for the end of a million


asyncio.run(main())
