"""Logging to standard error in the journal's own way: a level in angle brackets, then one line."""

import logging
import sys

_LEVELS = ((logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6), (logging.NOTSET, 7))


class _ForJournal(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        level = next(number for least, number in _LEVELS if record.levelno >= least)
        return "\n".join(f"<{level}>{line}" for line in super().format(record).splitlines())


def set_up(level: int = logging.INFO) -> None:
    """Called once, by a program's `main`."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_ForJournal("%(message)s"))
    logging.basicConfig(level=level, handlers=[handler])
