"""What the metadata server of a cloud's machine answers: what the cloud says at that moment."""

from manager.adapters.embedded.machines.container.metadata_tree import Identity, Tree, tree
from manager.adapters.embedded.machines.machine import Birth

_PROJECT_NUMBER = 123456789012


class CloudSource:
    """Reads from the cloud for each answer, and writes guest attributes into it."""

    def __init__(self, birth: Birth, address: str) -> None:
        self._birth, self._address = birth, address

    def tree(self) -> Tree:
        """Answer everything but guest attributes."""
        told = self._birth.told()
        identity = Identity(
            project=told.project,
            number=_PROJECT_NUMBER,
            zone=told.zone,
            name=self._birth.name,
            instance_id=self._birth.instance_id,
            machine_type=told.machine_type,
            address=self._address,
            service_account=f"{_PROJECT_NUMBER}-compute@developer.gserviceaccount.com",
            token="embedded",  # noqa: S106 - opens nothing
        )
        return tree(identity, told.attributes, {})

    def guest_attributes(self) -> dict[str, dict[str, str]] | None:
        """Answer them by namespace; None where metadata does not allow them."""
        return self._birth.told().guest_attributes

    def write(self, namespace: str, key: str, value: str | None) -> None:
        """Write one, or remove it (None)."""
        self._birth.write_attribute(namespace, key, value)
