"""What can be rented: zones, regions, machine types, GPUs, disk types, images, and the project itself."""

import hashlib
from collections.abc import Callable, Iterable

from manager.adapters.embedded.call import Call, Method
from manager.adapters.embedded.cloud import Cloud, fingerprint
from manager.adapters.embedded.errors import not_found
from manager.adapters.embedded.links import link
from manager.adapters.embedded.listing import aggregated, listed
from manager.adapters.embedded.places import (
    ACCELERATORS,
    DISK_TYPES,
    IMAGES,
    MACHINE_TYPES,
    ZONES,
    region_of,
    regions,
)
from manager.adapters.embedded.store import Json

_BORN = "1969-12-31T16:00:00.000-08:00"


def _number(*parts: str) -> str:
    return str(int(hashlib.sha256("/".join(parts).encode()).hexdigest()[:12], 16) + 1)


def _common(kind: str, *parts: str) -> Json:
    shown: Json = {"kind": f"compute#{kind}", "id": _number(*parts), "name": parts[-1]}
    return shown | {"creationTimestamp": _BORN, "selfLink": link(*parts)}


def known_zone(project: str, zone: str) -> str:
    """Answer the zone; 404 where there is none of that name."""
    if zone not in ZONES:
        raise not_found(f"projects/{project}/zones/{zone}")
    return zone


def has_machine_type(zone: str, name: str) -> bool:
    """Tell whether the zone offers a machine type; those with L4 stand only where L4s are."""
    return name in MACHINE_TYPES and (not MACHINE_TYPES[name][2] or "nvidia-l4" in ZONES.get(zone, frozenset()))


def has_accelerator(zone: str, name: str) -> bool:
    """Tell whether the zone offers a GPU."""
    return name in ZONES.get(zone, frozenset())


def built_in_accelerators(project: str, zone: str, machine_type: str) -> list[Json]:
    """Answer the GPUs that are part of a machine type, as guestAccelerators."""
    count = MACHINE_TYPES[machine_type][2]
    address = link("projects", project, "zones", zone, "acceleratorTypes", "nvidia-l4")
    return [{"acceleratorType": address, "acceleratorCount": count}] if count else []


def zone_resource(project: str, zone: str) -> Json:
    """Answer a zone."""
    region = link("projects", project, "regions", region_of(zone))
    shown = _common("zone", "projects", project, "zones", zone)
    return shown | {"description": zone, "status": "UP", "region": region, "supportsPzs": False}


def region_resource(project: str, region: str) -> Json:
    """Answer a region with its zones and quotas."""
    zones = [link("projects", project, "zones", zone) for zone in ZONES if region_of(zone) == region]
    quotas = [
        {"metric": "CPUS", "limit": 72.0, "usage": 0.0},
        {"metric": "NVIDIA_T4_GPUS", "limit": 1.0, "usage": 0.0},
        {"metric": "NVIDIA_L4_GPUS", "limit": 1.0, "usage": 0.0},
        {"metric": "IN_USE_ADDRESSES", "limit": 8.0, "usage": 0.0},
    ]
    shown = _common("region", "projects", project, "regions", region)
    return shown | {"description": region, "status": "UP", "zones": zones, "quotas": quotas}


def _machine_type(project: str, zone: str, name: str) -> Json:
    cpus, memory, l4 = MACHINE_TYPES[name]
    shown = _common("machineType", "projects", project, "zones", zone, "machineTypes", name) | {
        "description": f"{cpus} vCPUs {memory // 1024} GB RAM",
        "guestCpus": cpus,
        "memoryMb": memory,
        "imageSpaceGb": 0,
        "maximumPersistentDisks": 128,
        "maximumPersistentDisksSizeGb": "263168",
        "zone": zone,
        "isSharedCpu": name in {"e2-micro", "e2-small", "e2-medium"},
        "architecture": "X86_64",
    }
    if l4:
        shown["accelerators"] = [{"guestAcceleratorType": "nvidia-l4", "guestAcceleratorCount": l4}]
    return shown


def _accelerator_type(project: str, zone: str, name: str) -> Json:
    described, most = ACCELERATORS[name]
    return _common("acceleratorType", "projects", project, "zones", zone, "acceleratorTypes", name) | {
        "description": described,
        "maximumCardsPerInstance": most,
        "zone": link("projects", project, "zones", zone),
    }


def _disk_type(project: str, zone: str, name: str) -> Json:
    size, described = DISK_TYPES[name]
    return _common("diskType", "projects", project, "zones", zone, "diskTypes", name) | {
        "description": described,
        "defaultDiskSizeGb": str(size),
        "validDiskSize": "10GB-65536GB",
        "zone": link("projects", project, "zones", zone),
    }


def _image(project: str, family: str, name: str, size: int) -> Json:
    return _common("image", "projects", project, "global", "images", name) | {
        "family": family,
        "status": "READY",
        "sourceType": "RAW",
        "diskSizeGb": str(size),
        "archiveSizeBytes": str(size * 2**27),
        "architecture": "X86_64",
        "labelFingerprint": fingerprint({}),
    }


def _machine_types_of(zone: str) -> list[str]:
    return [name for name in MACHINE_TYPES if has_machine_type(zone, name)]


_Build = Callable[[str, str, str], Json]
_Names = Callable[[str], Iterable[str]]
_ZONAL: dict[str, tuple[_Build, _Names]] = {
    "machineTypes": (_machine_type, _machine_types_of),
    "acceleratorTypes": (_accelerator_type, lambda zone: sorted(ZONES[zone])),
    "diskTypes": (_disk_type, lambda _zone: list(DISK_TYPES)),
}


def _zonal(call: Call, zone: str, collection: str) -> list[Json]:
    build, names = _ZONAL[collection]
    return [build(call.project, known_zone(call.project, zone), name) for name in names(zone)]


def _zonal_methods(collection: str, parameter: str, kind: str) -> list[Method]:
    def get(_cloud: Cloud, call: Call) -> Json:
        for item in _zonal(call, call.zone, collection):
            if item["name"] == call.path[parameter]:
                return item
        raise not_found(f"projects/{call.project}/zones/{call.zone}/{collection}/{call.path[parameter]}")

    def every(_cloud: Cloud, call: Call) -> Json:
        return listed(call, f"compute#{kind}List", _zonal(call, call.zone, collection))

    def everywhere(_cloud: Cloud, call: Call) -> Json:
        found = {f"zones/{zone}": _zonal(call, zone, collection) for zone in ZONES}
        return aggregated(call, f"compute#{kind}AggregatedList", collection, found)

    base = "{project}/zones/{zone}/" + collection
    return [
        Method(f"{collection}.get", "GET", f"{base}/{{{parameter}}}", get),
        Method(f"{collection}.list", "GET", base, every),
        Method(f"{collection}.aggregatedList", "GET", "{project}/aggregated/" + collection, everywhere),
    ]


def _get_zone(_cloud: Cloud, call: Call) -> Json:
    return zone_resource(call.project, known_zone(call.project, call.zone))


def _list_zones(_cloud: Cloud, call: Call) -> Json:
    return listed(call, "compute#zoneList", [zone_resource(call.project, zone) for zone in ZONES])


def _get_region(_cloud: Cloud, call: Call) -> Json:
    if call.path["region"] not in regions():
        raise not_found(f"projects/{call.project}/regions/{call.path['region']}")
    return region_resource(call.project, call.path["region"])


def _list_regions(_cloud: Cloud, call: Call) -> Json:
    return listed(call, "compute#regionList", [region_resource(call.project, name) for name in regions()])


def _images(call: Call) -> list[Json]:
    return [_image(call.project, *image) for image in IMAGES.get(call.project, ())]


def _get_image(_cloud: Cloud, call: Call) -> Json:
    for image in _images(call):
        if image["name"] == call.path["image"]:
            return image
    raise not_found(f"projects/{call.project}/global/images/{call.path['image']}")


def _get_family(_cloud: Cloud, call: Call) -> Json:
    for image in _images(call):
        if image["family"] == call.path["family"]:
            return image
    raise not_found(f"projects/{call.project}/global/images/family/{call.path['family']}")


def _list_images(_cloud: Cloud, call: Call) -> Json:
    return listed(call, "compute#imageList", _images(call))


def _get_project(_cloud: Cloud, call: Call) -> Json:
    shown: Json = _common("project", "projects", call.project)
    return shown | {
        "commonInstanceMetadata": {"kind": "compute#metadata", "fingerprint": fingerprint([])},
        "defaultServiceAccount": f"{shown['id']}-compute@developer.gserviceaccount.com",
        "defaultNetworkTier": "PREMIUM",
        "xpnProjectStatus": "UNSPECIFIED_XPN_PROJECT_STATUS",
        "quotas": [{"metric": "GPUS_ALL_REGIONS", "limit": 1.0, "usage": 0.0}],
    }


METHODS = [
    Method("projects.get", "GET", "{project}", _get_project),
    Method("zones.get", "GET", "{project}/zones/{zone}", _get_zone),
    Method("zones.list", "GET", "{project}/zones", _list_zones),
    Method("regions.get", "GET", "{project}/regions/{region}", _get_region),
    Method("regions.list", "GET", "{project}/regions", _list_regions),
    Method("images.getFromFamily", "GET", "{project}/global/images/family/{family}", _get_family),
    Method("images.get", "GET", "{project}/global/images/{image}", _get_image),
    Method("images.list", "GET", "{project}/global/images", _list_images),
    *_zonal_methods("machineTypes", "machineType", "machineType"),
    *_zonal_methods("acceleratorTypes", "acceleratorType", "acceleratorType"),
    *_zonal_methods("diskTypes", "diskType", "diskType"),
]
