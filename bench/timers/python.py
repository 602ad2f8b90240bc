# asyncio: loop.call_later and TimerHandle.cancel.
# subject: Python asyncio
# package: python3
import asyncio
import platform
import random
import sys
import time

COUNT = 1_000_000
fired = 0


def fire(done):
    global fired
    fired += 1
    if fired == COUNT:
        done.set_result(None)


async def main(part):
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    least = 0 if part == "fire" else 1000
    delays = [least + random.random() * 2 for _ in range(COUNT)]
    start = time.perf_counter_ns()
    handles = [loop.call_later(delay, fire, done) for delay in delays]
    if part == "add":
        took = time.perf_counter_ns() - start
    if part == "cancel":
        start = time.perf_counter_ns()
        for handle in handles:
            handle.cancel()
        await asyncio.sleep(0)  # which throws the cancelled out
        took = time.perf_counter_ns() - start
    if part == "fire":
        time.sleep(2.1)
        start = time.process_time_ns()
        await done
        took = time.process_time_ns() - start
    assert fired == (COUNT if part == "fire" else 0)
    print(f"ns_per_timer {took / COUNT:.6g}")
    print("version", platform.python_version())


asyncio.run(main(sys.argv[1]))
