"""What time brings to an end: deleted instances go, old operations and requests are forgotten."""

from manager.adapters.embedded import operations
from manager.adapters.embedded.cloud import Cloud
from manager.adapters.embedded.instances.document import bury

_REQUEST_SECONDS = 24 * 3600


def settle(cloud: Cloud, now: float) -> None:
    """Carry out what is due at `now`; doing it late or twice makes no difference."""
    with cloud.store.transaction():
        bury(cloud, now)
        operations.forget_old(cloud, now)
        for name, _ in cloud.store.due("request", now - _REQUEST_SECONDS):
            cloud.store.delete("request", name)
