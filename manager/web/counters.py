"""What the web counts, in plain dicts: the metrics library is imported when somebody asks for the figures."""

from collections import Counter


class Counters:
    """Answers by method, kind of path and status; open event streams; refused logins."""

    def __init__(self) -> None:
        self.answers: Counter[tuple[str, str, int]] = Counter()
        self.refused_logins: Counter[str] = Counter()
        self.open_streams = 0
