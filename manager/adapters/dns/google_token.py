"""An access token for Google's APIs, as google-auth gets it; in a thread, because it may ask the network."""

import asyncio
import threading
import warnings
from importlib import import_module
from typing import Any

from manager.domain.errors import DnsError

_SCOPE = "https://www.googleapis.com/auth/ndev.clouddns.readwrite"


class GoogleToken:
    """`await token()`: a token that is valid now. `credentials_file` None leaves it to Google's search."""

    def __init__(self, credentials_file: str | None) -> None:
        self._file = credentials_file
        self._credentials: Any = None
        self._lock = threading.Lock()

    async def __call__(self) -> str | None:
        """The token; raises DnsError (kind: token or unreachable)."""
        return await asyncio.to_thread(self._fresh)

    def _fresh(self) -> str:
        auth: Any = import_module("google.auth")
        errors: Any = import_module("google.auth.exceptions")
        transport: Any = import_module("google.auth.transport.requests")
        try:
            with self._lock:
                if self._credentials is None:
                    self._credentials = self._found(auth)
                if not self._credentials.valid:
                    self._credentials.refresh(transport.Request())
                return str(self._credentials.token)
        except errors.TransportError:
            raise DnsError(kind="unreachable", detail="Google's identity service does not answer.") from None
        except (errors.GoogleAuthError, OSError, ValueError) as error:
            words = str(error.args[0]) if error.args else type(error).__name__
            raise DnsError(kind="token", detail=words) from None

    def _found(self, auth: Any) -> Any:
        if self._file is None:
            return auth.default(scopes=[_SCOPE])[0]
        with warnings.catch_warnings():
            # It warns of files that others hand in; this one is named by whoever runs the program.
            warnings.simplefilter("ignore", DeprecationWarning)
            return auth.load_credentials_from_file(self._file, scopes=[_SCOPE])[0]
