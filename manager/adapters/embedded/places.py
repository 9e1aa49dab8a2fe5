"""Which zones there are and what stands in them, as far as boxes with T4 and L4 need it (November 2026)."""

ZONES: dict[str, frozenset[str]] = {
    "us-central1-a": frozenset({"nvidia-tesla-t4", "nvidia-l4"}),
    "us-central1-b": frozenset({"nvidia-tesla-t4", "nvidia-l4"}),
    "us-central1-c": frozenset({"nvidia-l4"}),
    "us-central1-f": frozenset({"nvidia-tesla-t4"}),
    "us-west1-a": frozenset({"nvidia-tesla-t4", "nvidia-l4"}),
    "us-west1-b": frozenset({"nvidia-tesla-t4", "nvidia-l4"}),
    "us-west1-c": frozenset({"nvidia-l4"}),
    "us-east1-b": frozenset({"nvidia-l4"}),
    "us-east1-c": frozenset(),
    "us-east1-d": frozenset({"nvidia-l4"}),
    "europe-west4-a": frozenset({"nvidia-l4"}),
    "europe-west4-b": frozenset({"nvidia-l4"}),
    "europe-west4-c": frozenset({"nvidia-l4"}),
    "asia-southeast1-a": frozenset({"nvidia-l4"}),
    "asia-southeast1-b": frozenset({"nvidia-l4"}),
    "asia-southeast1-c": frozenset({"nvidia-l4"}),
}

# By name: what people read, and the most cards in one instance.
ACCELERATORS: dict[str, tuple[str, int]] = {
    "nvidia-tesla-t4": ("NVIDIA T4", 4),
    "nvidia-l4": ("NVIDIA L4", 8),
}

# By name: CPUs, memory in MB, and the L4s that are part of it.
MACHINE_TYPES: dict[str, tuple[int, int, int]] = {
    "e2-micro": (2, 1024, 0),
    "e2-small": (2, 2048, 0),
    "e2-medium": (2, 4096, 0),
    "e2-standard-2": (2, 8192, 0),
    "e2-standard-4": (4, 16384, 0),
    "n1-standard-1": (1, 3840, 0),
    "n1-standard-2": (2, 7680, 0),
    "n1-standard-4": (4, 15360, 0),
    "n1-standard-8": (8, 30720, 0),
    "n1-standard-16": (16, 61440, 0),
    "n1-highmem-2": (2, 13312, 0),
    "n1-highmem-4": (4, 26624, 0),
    "n1-highmem-8": (8, 53248, 0),
    "g2-standard-4": (4, 16384, 1),
    "g2-standard-8": (8, 32768, 1),
    "g2-standard-12": (12, 49152, 1),
    "g2-standard-16": (16, 65536, 1),
    "g2-standard-24": (24, 98304, 2),
}

DISK_TYPES: dict[str, tuple[int, str]] = {
    "pd-standard": (500, "Standard Persistent Disk"),
    "pd-balanced": (100, "Balanced Persistent Disk"),
    "pd-ssd": (100, "SSD Persistent Disk"),
    "hyperdisk-balanced": (100, "Hyperdisk Balanced"),
}

# By project: family, image and size in GB.
IMAGES: dict[str, tuple[tuple[str, str, int], ...]] = {
    "deeplearning-platform-release": (
        ("common-cu129-ubuntu-2204-nvidia-580", "common-cu129-ubuntu-2204-nvidia-580-v20261015", 50),
        ("common-cu129-ubuntu-2404-nvidia-580", "common-cu129-ubuntu-2404-nvidia-580-v20261015", 50),
    ),
    "debian-cloud": (
        ("debian-12", "debian-12-bookworm-v20261110", 10),
        ("debian-13", "debian-13-trixie-v20261110", 10),
    ),
    "ubuntu-os-cloud": (
        ("ubuntu-2204-lts", "ubuntu-2204-jammy-v20261112", 10),
        ("ubuntu-2404-lts-amd64", "ubuntu-2404-noble-amd64-v20261112", 10),
    ),
}


def region_of(zone: str) -> str:
    """Answer a zone's region."""
    return zone.rsplit("-", 1)[0]


def regions() -> list[str]:
    """Answer the regions in alphabetical order."""
    return sorted({region_of(zone) for zone in ZONES})
