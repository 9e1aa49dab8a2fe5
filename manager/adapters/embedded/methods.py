"""The list of what is served, one `Method` each."""

from manager.adapters.embedded import addresses, catalog, disks, firewalls, operation_methods, snapshots
from manager.adapters.embedded.call import Method
from manager.adapters.embedded.instances import routes

METHODS: list[Method] = [
    *routes.METHODS,
    *operation_methods.METHODS,
    *disks.METHODS,
    *snapshots.METHODS,
    *firewalls.METHODS,
    *addresses.METHODS,
    *catalog.METHODS,
]
