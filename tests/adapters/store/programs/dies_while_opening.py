"""Opens a database again and again, dying at the first statement, at the second, ... until it lives through it.

Arguments: state folder, database URL or "", and how many statements to go further each time. Prints how
often it died. SIGKILL lets nothing be tidied up.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

import alembic.command  # imported once, for all the children
from sqlalchemy import Engine, event

from manager.adapters.store import postgres, sqlite
from manager.adapters.store.choose import sql_store

_PRELOADED = (alembic.command, postgres, sqlite)


def open_and_die_after(statements: int) -> None:
    left = statements

    def count(*_: object) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "before_cursor_execute", count)
    event.listen(Engine, "commit", count)
    asyncio.run(sql_store(Path(sys.argv[1]), sys.argv[2]).open())


def main() -> None:
    died = after = 0
    while True:
        child = os.fork()
        if child == 0:
            open_and_die_after(after)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status):
            break
        died += 1
        after += int(sys.argv[3])
    print(died)  # noqa: T201 - a program's answer
    sys.exit(os.WEXITSTATUS(status))


main()
