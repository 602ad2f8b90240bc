# Python: ProcessPoolExecutor whose workers are copies of a small program.
# subject: Python executor, fork
# package: python3
from python_spawn import measure

if __name__ == "__main__":
    measure("fork", 21)
