# Python: multiprocessing.Pool whose workers are copies of a small program.
# subject: Python Pool, fork
# package: python3
from python_pool_spawn import measure

if __name__ == "__main__":
    measure("fork", 21)
