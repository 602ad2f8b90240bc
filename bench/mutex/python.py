# Python: threading.Lock in a with statement; the adding takes its share too. A million additions: the figure is per one.
# subject: Python threading.Lock
# package: python3
import platform
import sys
import threading
import time

threads = int(sys.argv[1])
each = 1_000_000 // threads
lock = threading.Lock()
count = 0


def add():
    global count
    for _ in range(each):
        with lock:
            count += 1


workers = [threading.Thread(target=add) for _ in range(threads)]
start = time.perf_counter()
for worker in workers:
    worker.start()
for worker in workers:
    worker.join()
seconds = time.perf_counter() - start
assert count == each * threads
print(f"ns_per_lock {seconds * 1e9 / (each * threads):.6g}")
print("version", platform.python_version())
