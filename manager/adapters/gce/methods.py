"""The methods of Compute Engine that are used here: Google's name, and how its Python client calls them."""

from collections.abc import Mapping

# Google's name of a method: the client, its Python method, and the message that carries the request.
METHODS: Mapping[str, tuple[str, str, str]] = {
    "acceleratorTypes.aggregatedList": (
        "AcceleratorTypesClient",
        "aggregated_list",
        "AggregatedListAcceleratorTypesRequest",
    ),
    "disks.delete": ("DisksClient", "delete_unary", "DeleteDiskRequest"),
    "disks.get": ("DisksClient", "get", "GetDiskRequest"),
    "disks.insert": ("DisksClient", "insert_unary", "InsertDiskRequest"),
    "firewalls.get": ("FirewallsClient", "get", "GetFirewallRequest"),
    "firewalls.patch": ("FirewallsClient", "patch_unary", "PatchFirewallRequest"),
    "globalOperations.wait": ("GlobalOperationsClient", "wait", "WaitGlobalOperationRequest"),
    "instances.delete": ("InstancesClient", "delete_unary", "DeleteInstanceRequest"),
    "instances.get": ("InstancesClient", "get", "GetInstanceRequest"),
    "instances.getGuestAttributes": (
        "InstancesClient",
        "get_guest_attributes",
        "GetGuestAttributesInstanceRequest",
    ),
    "instances.getSerialPortOutput": (
        "InstancesClient",
        "get_serial_port_output",
        "GetSerialPortOutputInstanceRequest",
    ),
    "instances.insert": ("InstancesClient", "insert_unary", "InsertInstanceRequest"),
    "instances.setDeletionProtection": (
        "InstancesClient",
        "set_deletion_protection_unary",
        "SetDeletionProtectionInstanceRequest",
    ),
    "instances.setDiskAutoDelete": (
        "InstancesClient",
        "set_disk_auto_delete_unary",
        "SetDiskAutoDeleteInstanceRequest",
    ),
    "instances.setMetadata": ("InstancesClient", "set_metadata_unary", "SetMetadataInstanceRequest"),
    "instances.setScheduling": ("InstancesClient", "set_scheduling_unary", "SetSchedulingInstanceRequest"),
    "instances.start": ("InstancesClient", "start_unary", "StartInstanceRequest"),
    "instances.stop": ("InstancesClient", "stop_unary", "StopInstanceRequest"),
    "instances.testIamPermissions": (
        "InstancesClient",
        "test_iam_permissions",
        "TestIamPermissionsInstanceRequest",
    ),
    "zoneOperations.get": ("ZoneOperationsClient", "get", "GetZoneOperationRequest"),
    "zoneOperations.list": ("ZoneOperationsClient", "list", "ListZoneOperationsRequest"),
    "zoneOperations.wait": ("ZoneOperationsClient", "wait", "WaitZoneOperationRequest"),
}

# Instances, disks and operations always have a status; an answer without one came from somebody else.
WITHOUT_STATUS = frozenset(
    {
        "acceleratorTypes.aggregatedList",
        "firewalls.get",
        "instances.getGuestAttributes",
        "instances.getSerialPortOutput",
        "instances.testIamPermissions",
        "zoneOperations.list",
    }
)
