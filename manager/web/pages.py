"""The templates, compiled when the first page is opened."""

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment


class Pages:
    """Renders templates of one folder; everything that is put into them is escaped."""

    def __init__(self, folder: Path, static_url: Callable[[str], str]) -> None:
        self._folder = folder
        self._static_url = static_url

    def render(self, name: str, context: Mapping[str, Any]) -> str:
        """The page as HTML."""
        return self._environment.get_template(name).render({**context, "static_url": self._static_url})

    @cached_property
    def _environment(self) -> "Environment":
        from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415 - needed by pages only

        return Environment(
            loader=FileSystemLoader(self._folder),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
