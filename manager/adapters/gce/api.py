"""The seam to google-cloud-compute: JSON in, JSON out, and three ways to fail.

The client costs 1.0-1.7 s and 148 MB to import (measured), so it is imported on first use. The `*_unary` methods
are used throughout: an `ExtendedOperation` polls the real Google whatever the endpoint is (measured).
"""

import threading
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, cast

from manager.adapters.gce.methods import METHODS, WITHOUT_STATUS

Json = dict[str, Any]

_STRANGE = "the answer is not Compute Engine's"


class Refused(Exception):
    """The server answered with an HTTP error. `body` is its JSON, empty where it was none."""

    def __init__(self, status: int, body: Json) -> None:
        super().__init__(status)
        self.status = status
        self.body = body


class Unanswered(Exception):
    """No answer came, or none that can be understood: whether the call took effect is not known."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class Unidentified(Exception):
    """There are no credentials, or the identity provider refused them."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class Api:
    """Google's client at one endpoint. Every method blocks: call it from a thread.

    `endpoint` None is Google's own; `credentials_file` None leaves it to Google's search (Application Default
    Credentials), which heeds GOOGLE_APPLICATION_CREDENTIALS in the environment.

    Over plain http nobody's credentials are looked for or sent, nor anything that the environment holds for other
    hosts (proxies, .netrc); no redirect leads anywhere else.
    """

    def __init__(self, endpoint: str | None = None, credentials_file: str | None = None) -> None:
        self.endpoint = _origin(endpoint)
        self._credentials_file = credentials_file
        self.loaded = False
        self._lock = threading.Lock()
        self._google: Any = None
        self._clients: dict[str, Any] = {}

    def load(self) -> None:
        """Import Google's client and find the credentials; raises Unidentified or Unanswered."""
        with self._lock:
            if self.loaded:
                return
            self._google = self._google or _Google()
            credentials = self._credentials()
            for name in {client for client, _, _ in METHODS.values()}:
                self._clients[name] = self._client(name, credentials)
            self.loaded = True

    def call(self, method: str, request: Json, timeout: float) -> Json:
        """Carry out `method` (Google's name, e.g. instances.get) once, giving up on silence after `timeout` s."""
        self.load()
        name, python_name, message = METHODS[method]
        ready = self._google.message(message, request)
        with self._google.failures():
            answer = getattr(self._clients[name], python_name)(request=ready, retry=None, timeout=timeout)
            # A listing answers with a pager around the first page; the pages after it are asked for one by one.
            page = next(iter(answer.pages)) if hasattr(answer, "pages") else answer
            body = self._google.json(page)
        if method not in WITHOUT_STATUS and "status" not in body:
            raise Unanswered(_STRANGE)
        return body

    def _credentials(self) -> Any:
        if self.endpoint is not None and self.endpoint.startswith("http://"):
            return self._google.anonymous()
        with self._google.failures():
            return self._google.credentials(self._credentials_file)

    def _client(self, name: str, credentials: Any) -> Any:
        options = {"api_endpoint": self.endpoint} if self.endpoint else {}
        client = getattr(self._google.compute, name)(credentials=credentials, client_options=options)
        session: Any = client.transport._session  # noqa: SLF001 - the library has no other way to its session
        session.max_redirects = 0
        session.trust_env = not (self.endpoint or "").startswith("http://")
        return client


def _origin(endpoint: str | None) -> str | None:
    """The endpoint as the client wants it: without the path that other Google tools carry in theirs."""
    if endpoint is None:
        return None
    scheme, mark, rest = endpoint.rstrip("/").removesuffix("/compute/v1").rpartition("://")
    return f"{scheme.lower()}{mark}{rest}"


class _Google:
    """The modules of Google's client, imported when this is made."""

    def __init__(self) -> None:
        self.compute: Any = import_module("google.cloud.compute_v1")
        self._auth: Any = import_module("google.auth")
        self._auth_errors: Any = import_module("google.auth.exceptions")
        self._core_errors: Any = import_module("google.api_core.exceptions")
        self._json: Any = import_module("google.protobuf.json_format")
        self._requests: Any = import_module("requests.exceptions")

    def anonymous(self) -> Any:
        """Credentials that send nothing."""
        return import_module("google.auth.credentials").AnonymousCredentials()

    def credentials(self, file: str | None) -> Any:
        """Those in the file, else Application Default Credentials, found as Google's tools find them."""
        scopes = ["https://www.googleapis.com/auth/cloud-platform"]
        if file is None:
            return self._auth.default(scopes=scopes)[0]
        with warnings.catch_warnings():
            # It warns of files that others hand in; this one is named by whoever runs the program.
            warnings.simplefilter("ignore", DeprecationWarning)
            return self._auth.load_credentials_from_file(file, scopes=scopes)[0]

    def message(self, name: str, request: Json) -> Any:
        """A request message out of JSON; a field that Google does not know raises at once."""
        kind: Any = getattr(self.compute, name)
        message: Any = kind()
        self._json.ParseDict(request, kind.pb(message))
        return message

    def json(self, message: Any) -> Json:
        """A message as the REST API writes it."""
        return self._json.MessageToDict(message.__class__.pb(message))

    @contextmanager
    def failures(self) -> Generator[None]:
        """Turn the many exceptions of the client into the three of this module."""
        try:
            yield
        except self._core_errors.GoogleAPICallError as error:
            raise Refused(*_answer(error)) from error
        except (self._auth_errors.TransportError, self._requests.RequestException) as error:
            raise Unanswered(_wording(error)) from error
        except self._auth_errors.GoogleAuthError as error:
            if error.retryable:
                raise Unanswered(_wording(error)) from error
            raise Unidentified(str(error.args[0]) if error.args else type(error).__name__) from error
        except (self._json.ParseError, ValueError, AttributeError, TypeError) as error:
            # What the client makes of an answer that is no JSON, or JSON of another shape than Google's.
            raise Unanswered(_STRANGE) from error


def _answer(error: Any) -> tuple[int, Json]:
    """The status and the JSON of a refusal."""
    try:
        body: Any = error.response.json()
    except (AttributeError, ValueError):
        body = {}
    named: Json = cast("Json", body) if isinstance(body, dict) else {}
    return int(error.code), named if isinstance(named.get("error"), dict) else {}


def _wording(error: Exception) -> str:
    """A short reason: the texts of nested network errors name objects by their address in memory."""
    cause: BaseException = error
    while cause.__cause__ is not None or cause.__context__ is not None:
        cause = cause.__cause__ or cause.__context__ or cause
    return f"{type(error).__name__}: {getattr(cause, 'strerror', None) or type(cause).__name__}"
