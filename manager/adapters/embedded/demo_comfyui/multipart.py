"""Reads multipart/form-data, as the page's uploads are sent (RFC 7578)."""

import email.message
import email.parser
import email.policy
from dataclasses import dataclass


@dataclass(frozen=True)
class Field:
    """One field of a form: its file's name, if it is a file, and its content."""

    filename: str
    content: bytes


@dataclass(frozen=True)
class FormData:
    """A form's fields by name. What is absent is empty."""

    fields: dict[str, Field]

    def text(self, name: str) -> str:
        """Give a field's value."""
        return self.content(name).decode("utf-8", "replace")

    def filename(self, name: str) -> str:
        """Give the name of the file in a field."""
        return self.fields[name].filename if name in self.fields else ""

    def content(self, name: str) -> bytes:
        """Give a field's bytes."""
        return self.fields[name].content if name in self.fields else b""


def parse_form(content_type: str, body: bytes) -> FormData:
    """Split a body at the boundary that its content type names; anything else is an empty form."""
    header = email.message.Message()
    header["Content-Type"] = content_type
    boundary = header.get_param("boundary")
    if header.get_content_type() != "multipart/form-data" or not isinstance(boundary, str):
        return FormData({})
    fields: dict[str, Field] = {}
    for part in (b"\r\n" + body).split(b"\r\n--" + boundary.encode())[1:]:
        head, separator, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        if not separator:
            continue  # the end, or not a part at all
        parsed = email.parser.BytesHeaderParser(policy=email.policy.HTTP).parsebytes(head)
        name = parsed.get_param("name", header="Content-Disposition")
        if isinstance(name, str):
            fields[name] = Field(parsed.get_filename() or "", content)
    return FormData(fields)
