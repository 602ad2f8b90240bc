# asyncio: tasks that wait for an Event.
# subject: Python asyncio
# package: python3
import asyncio
import platform
import time

ALIVE = 100_000
begun = gone_on = 0


async def live(event):
    global begun, gone_on
    begun += 1
    await event.wait()
    gone_on += 1


async def main():
    start = time.perf_counter()
    event = asyncio.Event()
    lives = [asyncio.create_task(live(event)) for _ in range(ALIVE)]
    await asyncio.sleep(0)
    assert begun == ALIVE
    event.set()
    for life in lives:
        await life
    return time.perf_counter() - start


seconds = asyncio.run(main())
assert gone_on == ALIVE
print(f"ns_per_life {seconds * 1e9 / ALIVE:.6g}")
print("version", platform.python_version())
