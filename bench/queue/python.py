# Python: queue.Queue. 200,000 items in place of ten million: the figure is per item.
# subject: Python queue.Queue
# package: python3
import platform
import queue
import sys
import threading
import time

ITEMS, CAPACITY = 200_000, 1024
producers, consumers = int(sys.argv[1]), int(sys.argv[2])
channel = queue.Queue(CAPACITY)
sums = []


def produce():
    for i in range(ITEMS // producers):
        channel.put(i)


def consume():
    sums.append(sum(channel.get() for _ in range(ITEMS // consumers)))


threads = [threading.Thread(target=produce) for _ in range(producers)]
threads += [threading.Thread(target=consume) for _ in range(consumers)]
start = time.perf_counter()
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
seconds = time.perf_counter() - start
assert sum(sums) == ITEMS * (ITEMS // producers - 1) // 2
print(f"ns_per_item {seconds * 1e9 / ITEMS:.6g}")
print("version", platform.python_version())
