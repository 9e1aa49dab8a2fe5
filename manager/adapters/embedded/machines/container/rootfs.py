"""Boot disks, made once from a recipe and kept in a cache folder.

A layer is made in a folder named `.partial` and renamed when it is whole, so a making that was killed is made anew.
The mirror, apt's configuration and the certificate authorities are this computer's: whatever lets it install packages
lets the box do so too.
"""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from manager.adapters.embedded.machines.container.recipe import (
    FILES,
    LINKS,
    PACKAGES,
    PROGRAMS,
    SUITE,
    SWITCHED_OFF,
    Recipe,
)
from manager.adapters.embedded.machines.orphans import BIND_TO_PARENT

CACHE = Path("/var/cache/gpubox/rootfs")
_SECONDS = 900.0
_SYSTEM_UNITS = "etc/systemd/system"
_BOUND = ("unshare", "--pid", "--mount", "--fork", "--kill-child=SIGKILL", "--mount-proc")


class RootFileSystemError(OSError):
    """A boot disk could not be made; the text says what failed, with the last line that was said."""


def layers(recipe: Recipe, cache: Path = CACHE) -> tuple[Path, ...]:
    """Answer the read-only folders that make the boot disk, the topmost first; made where they are not yet.

    Takes about a minute the first time, and the network. RootFileSystemError where it fails.
    """
    base = _layer(cache, recipe.base_digest, _make_base)
    if not recipe.extra:
        return (base,)
    packages = sorted(set(recipe.extra))
    extra = _layer(cache, recipe.extra_digest, lambda folder: _add_packages(folder, base, packages))
    return extra, base


def _layer(cache: Path, digest: str, make: Callable[[Path], None]) -> Path:
    folder = cache / digest
    if folder.is_dir():
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / f"{digest}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            partial = cache / f"{digest}.partial"
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            try:
                make(partial)
            except BaseException:
                shutil.rmtree(partial, ignore_errors=True)
                raise
            partial.rename(folder)
    return folder


def _make_base(folder: Path) -> None:
    mirror = host_mirror()
    arguments = ["--variant=minbase", f"--include={','.join(PACKAGES)}", SUITE, str(folder)]
    _run("debootstrap", *arguments, *([mirror] if mirror else []))
    _copy_from_host(folder)
    for name, content in {**FILES, **PROGRAMS}.items():
        file = folder / name.removeprefix("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
        file.chmod(0o755 if name in PROGRAMS else 0o644)
    for name, target in LINKS.items():
        link = folder / name.removeprefix("/")
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(target)
    for unit in SWITCHED_OFF:
        for wanted in (folder / _SYSTEM_UNITS).glob(f"*.wants/{unit}"):
            wanted.unlink()
    shutil.rmtree(folder / "var/cache/apt/archives", ignore_errors=True)


def _copy_from_host(folder: Path) -> None:
    """Take over how this computer installs packages, and whom it believes."""
    if host_mirror():
        (folder / "etc/apt/sources.list").write_text("")
        for source in _sources():
            shutil.copyfile(source, folder / "etc/apt" / source.relative_to("/etc/apt"))
    for conf in Path("/etc/apt/apt.conf.d").glob("*"):
        if "Acquire::" in conf.read_text(errors="replace"):
            shutil.copyfile(conf, folder / "etc/apt/apt.conf.d" / conf.name)
    authorities = Path("/usr/local/share/ca-certificates")
    for own in authorities.glob("**/*.crt"):
        shutil.copyfile(own, folder / str(authorities).removeprefix("/") / own.name)
    _run("chroot", str(folder), "update-ca-certificates")


def _sources() -> list[Path]:
    """Answer the files in which this computer, where it is the same Debian, names its mirrors."""
    apt = Path("/etc/apt")
    files = [apt / "sources.list", *apt.glob("sources.list.d/*.list"), *apt.glob("sources.list.d/*.sources")]
    return [file for file in files if file.is_file() and SUITE in file.read_text()]


def host_mirror() -> str | None:
    """Answer the mirror of this computer's Debian, None where debootstrap is to take its own default."""
    for source in _sources():
        for line in source.read_text().splitlines():
            words = line.split()
            if words[:1] == ["URIs:"] and len(words) > 1:
                return words[1]
            if words[:1] == ["deb"] and SUITE in words:
                return words[words.index(SUITE) - 1]
    return None


# Packages that start themselves when they are installed shall not, in a chroot.
_INSTALL = """\
mount -t overlay overlay -o "$1" "$2"
cd "$2"
shift 2
printf '#!/bin/sh\\nexit 101\\n' >usr/sbin/policy-rc.d
chmod +x usr/sbin/policy-rc.d
rm -f etc/resolv.conf
cp /etc/resolv.conf etc/resolv.conf
chroot . apt-get -q update
chroot . apt-get -q -y --no-install-recommends install "$@"
chroot . apt-get -q clean
rm -f usr/sbin/policy-rc.d etc/resolv.conf
"""


def _add_packages(upper: Path, base: Path, packages: list[str]) -> None:
    root, work = upper.with_suffix(".root"), upper.with_suffix(".work")
    for folder in (root, work):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
    try:
        options = f"lowerdir={base},upperdir={upper},workdir={work}"
        _run("sh", "-ec", _INSTALL, "install", options, str(root), *packages, name=f"installing {' '.join(packages)}")
    finally:
        for folder in (root, work):
            shutil.rmtree(folder, ignore_errors=True)


def _run(*command: str, name: str = "") -> None:
    """Run a program in namespaces that end with this process, and with them what it mounted and started."""
    kept = {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
    environment = kept | {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    done = subprocess.run(  # noqa: S603 - Debian's programs, with fixed words
        [*_BOUND, *command],
        env=environment,
        preexec_fn=BIND_TO_PARENT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
        timeout=_SECONDS,
    )
    if done.returncode:
        said = [line for line in done.stdout.splitlines() if line.strip()]
        raise RootFileSystemError(f"{name or command[0]} failed: {said[-1] if said else 'without a word'}")
