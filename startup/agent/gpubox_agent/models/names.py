"""The name that a server gives a file."""

from email.message import Message

from gpubox_agent.models.wanted import Wanted, is_safe_name, last_part


def file_name(wanted: Wanted, disposition: str | None, final_url: str) -> str:
    """The entry's own name, else the server's, else that of the address it came from, else one of its hash."""
    if wanted.name is not None:
        return wanted.name
    for name in (_of_disposition(disposition), last_part(wanted.url), last_part(final_url)):
        if name is not None:
            return name
    return f"{wanted.sha256[:16]}.bin"


def _of_disposition(header: str | None) -> str | None:
    """The file name in a Content-Disposition, of which only the last part counts: servers write whole paths."""
    if not header:
        return None
    message = Message()
    message["Content-Disposition"] = header
    name = message.get_filename()
    if name is None:
        return None
    last = name.replace("\\", "/").rpartition("/")[2].strip()
    return last if is_safe_name(last) else None
