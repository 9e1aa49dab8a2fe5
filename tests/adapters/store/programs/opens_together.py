"""Several processes open one database at the same moment. Arguments: state folder, database URL or "", how many.

Exits with the number of processes that failed.
"""

import asyncio
import os
import sys
from pathlib import Path

from manager.adapters.store import postgres, sqlite  # imported once, for all the children
from manager.adapters.store.choose import sql_store

_PRELOADED = (postgres, sqlite)


def main() -> None:
    folder, url, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    waiting, start = os.pipe()
    children: list[int] = []
    for _ in range(count):
        child = os.fork()
        if child == 0:
            os.close(start)
            os.read(waiting, 1)  # ends when the parent lets go
            asyncio.run(sql_store(folder, url).open())
            os._exit(0)
        children.append(child)
    os.close(start)
    sys.exit(sum(os.waitpid(child, 0)[1] != 0 for child in children))


main()
