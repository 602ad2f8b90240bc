# asyncio: sleep(0) in two tasks. A million switches in place of twenty: the figure is per switch.
# subject: Python asyncio
# package: python3
import asyncio
import platform
import time

SWITCHES = 1_000_000
turns = wrong = 0
last = None


async def take_turns(who):
    global turns, wrong, last
    for _ in range(SWITCHES // 2):
        turns += 1
        wrong += last == who
        last = who
        await asyncio.sleep(0)


async def main():
    start = time.perf_counter()
    await asyncio.gather(take_turns(0), take_turns(1))
    return time.perf_counter() - start


seconds = asyncio.run(main())
assert turns == SWITCHES and not wrong
print(f"ns_per_switch {seconds * 1e9 / SWITCHES:.6g}")
print("version", platform.python_version())
