"""What can go wrong, as data. No sentences and no status codes: `messages` words them, `web.errors` maps them.

GpuboxError
├── CloudError                  the cloud answered, or could not be asked
│   ├── Stockout                no capacity in the zone           zone, machine, zones
│   ├── QuotaExceeded           the project's limit               metric, limit, scope
│   ├── PermissionMissing       a right is missing                permission, resource
│   ├── ApiDisabled             the Compute Engine API is off     project
│   ├── BadCredentials          Google does not know the caller   detail
│   ├── BillingDisabled         the project has no billing        project
│   ├── NoSuchResource          no such instance, project, zone   kind, name
│   ├── CloudUnreachable        no answer, or a broken one        endpoint, detail
│   ├── RateLimited             too many requests, even after retries
│   ├── NotReadyYet             the resource is changing; try again
│   ├── Conflict                somebody else changed it first (412, 409)
│   └── CloudRefused            anything else                     reason, message
├── ComfyUnreachable            ComfyUI did not answer            url, detail
├── GateUnreachable             the box's gate took no word       url, detail
├── NothingToFrame              ComfyUI has no address now        kind, problem
├── UnknownBox                  no box of that name               name
├── BoxExists                   the name is taken                 name
├── StoreUnavailable            the database cannot be read or written    detail
├── LoginRefused                wrong password
├── TooManyLogins               slow down                         retry_after (s)
├── NotAuthenticated            no valid session                  why
├── CrossSiteRefused            the cookie came with another site's request
├── DnsError                    the name cannot be set            kind, zone, name, detail
├── LocalAddress                not one that a box can see        address
├── NetworkTooWide              too many at once                  network, widest
├── TooManyAllowed              the list is full                  limit
└── InvalidInput                a value that cannot be            field, problem
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Fault:
    """An error's `code` and data, as it is remembered, journalled and worded."""

    code: str
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])


class GpuboxError(Exception):
    """Base of all errors of the program. `code` is stable; keyword arguments become `data`."""

    code: ClassVar[str] = "internal"

    def __init__(self, **data: Any) -> None:
        super().__init__(self.code)
        self.data: dict[str, Any] = data

    @property
    def fault(self) -> Fault:
        """The error as a value."""
        return Fault(self.code, self.data)


class CloudError(GpuboxError):
    """The cloud answered with a failure, or could not be asked."""

    code = "cloud_error"


class Stockout(CloudError):
    """The zone has no capacity now. Data: zone, machine (GPU and type), zones (where Google says there is room)."""

    code = "stockout"


class QuotaExceeded(CloudError):
    """A limit of the project. Data: metric, limit, scope (region or global)."""

    code = "quota_exceeded"


class PermissionMissing(CloudError):
    """The caller lacks a right. Data: permission, resource."""

    code = "permission_missing"


class ApiDisabled(CloudError):
    """The Compute Engine API is not enabled. Data: project."""

    code = "api_disabled"


class BadCredentials(CloudError):
    """Google does not accept the credentials, or there are none. Data: detail."""

    code = "bad_credentials"


class BillingDisabled(CloudError):
    """The project has no billing account. Data: project."""

    code = "billing_disabled"


class NoSuchResource(CloudError):
    """Data: kind (instance, project, zone, ...), name."""

    code = "no_such_resource"


class CloudUnreachable(CloudError):
    """No answer, or none that can be understood; the call may have been carried out. Data: endpoint, detail."""

    code = "cloud_unreachable"


class RateLimited(CloudError):
    """Still refused for too many requests after the retries. Data: detail."""

    code = "rate_limited"


class NotReadyYet(CloudError):
    """The resource is changing; the call can be made later. Data: detail."""

    code = "not_ready_yet"


class Conflict(CloudError):
    """Somebody else changed or made it first. Data: detail."""

    code = "conflict"


class CloudRefused(CloudError):
    """A refusal without a better name. Data: reason, message."""

    code = "cloud_refused"


class ComfyUnreachable(GpuboxError):
    """ComfyUI did not answer. Data: url, detail."""

    code = "comfyui_unreachable"


class GateUnreachable(GpuboxError):
    """The box's gate did not answer, or did not believe what it was told. Data: url, detail."""

    code = "gate_unreachable"


class NothingToFrame(GpuboxError):
    """ComfyUI cannot be opened anywhere yet. Data: kind (off, no_address, closed, no_relay), problem."""

    code = "nothing_to_frame"


class UnknownBox(GpuboxError):
    """No box of that name. Data: name."""

    code = "unknown_box"


class BoxExists(GpuboxError):
    """The name is taken. Data: name."""

    code = "box_exists"


class StoreUnavailable(GpuboxError):
    """The database cannot be read or written. Data: detail."""

    code = "store_unavailable"


class LoginRefused(GpuboxError):
    """Wrong password."""

    code = "login_refused"


class TooManyLogins(GpuboxError):
    """Data: retry_after, in whole seconds."""

    code = "too_many_logins"


class NotAuthenticated(GpuboxError):
    """No valid session. Data: why (missing, expired, revoked, invalid)."""

    code = "not_authenticated"


class CrossSiteRefused(GpuboxError):
    """A request of another site came with the session's cookie."""

    code = "cross_site_refused"


class DnsError(GpuboxError):
    """A name cannot be read or set. Data: zone, name, detail, and kind.

    Kinds: token (not accepted), right (may not do this), zone (no such zone, or the name is not in it), record
    (something else than an address stands at the name), rate (too many requests), unreachable, refused.
    """

    code = "dns"


class LocalAddress(GpuboxError):
    """An address that only this computer or its network knows. Data: address."""

    code = "local_address"


class NetworkTooWide(GpuboxError):
    """More addresses than may be let in at once. Data: network, widest."""

    code = "network_too_wide"


class TooManyAllowed(GpuboxError):
    """The list of networks that were let in is full. Data: limit."""

    code = "too_many_allowed"


class InvalidInput(GpuboxError):
    """A value that cannot be. Data: field, problem."""

    code = "invalid_input"
