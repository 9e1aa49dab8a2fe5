"""What is in a box's boot disk before its first boot."""

import hashlib
from dataclasses import dataclass

SUITE = "bookworm"
PACKAGES = (
    *("systemd", "systemd-sysv", "dbus", "udev", "kmod", "procps", "util-linux", "mount", "e2fsprogs"),
    *("ca-certificates", "curl", "iproute2", "openssl", "jq", "git", "xz-utils"),
    *("python3-minimal", "python3-venv", "nginx-light", "google-guest-agent"),
)
# What a fresh machine does not do: serve a page, and look for updates while a test counts what is downloaded.
SWITCHED_OFF = ("nginx.service", "apt-daily.timer", "apt-daily-upgrade.timer", "e2scrub_reap.service")

_CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
# Programs that bring their own list of authorities are told to use the system's, which holds this computer's too.
ENVIRONMENT = dict.fromkeys(("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE"), _CERTIFICATES)

# udev does not run in a container. This does the one thing that boxes need of it: links by UUID and label to the data
# disk, at boot and whenever something was written to it.
_LINKS = """\
#!/bin/sh
mkdir -p /dev/disk/by-uuid /dev/disk/by-label
find /dev/disk/by-uuid /dev/disk/by-label -type l -delete
for disk in /dev/disk/by-id/google-*; do
  [ -b "$disk" ] || continue
  uuid=$(blkid -p -o value -s UUID "$disk") && [ -n "$uuid" ] && ln -s "$disk" "/dev/disk/by-uuid/$uuid"
  label=$(blkid -p -o value -s LABEL "$disk") && [ -n "$label" ] && ln -s "$disk" "/dev/disk/by-label/$label"
done
exit 0
"""
_LINKS_SERVICE = """\
[Unit]
Description=Links to disks, as udev makes them
DefaultDependencies=no
Before=local-fs-pre.target
Wants=local-fs-pre.target

[Service]
Type=oneshot
ExecStart=/usr/local/lib/links-to-disks
"""
_LINKS_PATH = """\
[Unit]
Description=Watches disks, as udev does
DefaultDependencies=no
Before=local-fs-pre.target

[Path]
PathChanged=/dev/disk/by-id/google-persistent-comfyui
TriggerLimitIntervalSec=0
"""
_UNITS = "/etc/systemd/system"
FILES = {
    "/etc/hostname": "",
    "/etc/machine-id": "",
    "/etc/systemd/system.conf.d/certificates.conf": "[Manager]\nDefaultEnvironment="
    + " ".join(f"{name}={value}" for name, value in ENVIRONMENT.items())
    + "\n",
    # As in Google's images: what services say comes out at serial port 1 as well.
    "/etc/systemd/journald.conf.d/console.conf": "[Journal]\nForwardToConsole=yes\nMaxLevelConsole=info\n",
    f"{_UNITS}/links-to-disks.service": _LINKS_SERVICE,
    f"{_UNITS}/links-to-disks.path": _LINKS_PATH,
}
PROGRAMS = {"/usr/local/lib/links-to-disks": _LINKS}
LINKS = {
    f"{_UNITS}/sysinit.target.wants/links-to-disks.service": "../links-to-disks.service",
    f"{_UNITS}/sysinit.target.wants/links-to-disks.path": "../links-to-disks.path",
}


@dataclass(frozen=True, slots=True)
class Recipe:
    """A boot disk: Debian with these packages, and `extra` ones in a layer above."""

    extra: tuple[str, ...] = ()

    @property
    def base_digest(self) -> str:
        """Answer the name of the layer that all boxes share."""
        return _digest((SUITE, PACKAGES, SWITCHED_OFF, FILES, PROGRAMS, LINKS))

    @property
    def extra_digest(self) -> str:
        """Answer the name of the layer with the extra packages."""
        return _digest((self.base_digest, tuple(sorted(set(self.extra)))))


def _digest(content: object) -> str:
    return hashlib.sha256(repr(content).encode()).hexdigest()[:16]
