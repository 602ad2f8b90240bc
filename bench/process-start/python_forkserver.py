# Python: ProcessPoolExecutor whose workers are forked from a server that was started before.
# subject: Python executor, forkserver
# package: python3
from python_spawn import measure

if __name__ == "__main__":
    measure("forkserver", 11)
