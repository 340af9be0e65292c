"""Runs a command on some cores only: `python -m scripts.turns_bench.on_cores 1,3 COMMAND ...`.

From its very start: how many threads a library begins depends on how many cores it sees.
"""

import os
import sys


def main() -> None:
    cores, *command = sys.argv[1:]
    os.sched_setaffinity(0, {int(core) for core in cores.split(",")})
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
