"""What can go wrong with one file.

Fault
├── Lasting    trying again will not help: the list, the server or the disk has to change
└── Passing    trying again may help; `after_s` is when the server wants to be asked
"""


class Fault(Exception):
    """Carries a sentence that a person can act on, and never the address: it may hold somebody's token."""


class Lasting(Fault):
    """Trying again will not help."""


class Passing(Fault):
    """Trying again may help."""

    def __init__(self, sentence: str, after_s: float | None = None) -> None:
        super().__init__(sentence)
        self.after_s = after_s


def size_in_words(count: int) -> str:
    """Bytes as people say them."""
    return f"{count / 1e9:.1f} GB" if count >= 5e7 else f"{count / 1e6:.1f} MB"  # noqa: PLR2004 - 50 MB
