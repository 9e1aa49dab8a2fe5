"""Builds an image with podman over a base from debootstrap, and runs it as an engine would.

Read-only root, the image's own user, environment and command, no capabilities, no new privileges, and a network
namespace that has a loopback and nothing else.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

REPOSITORY = Path(__file__).parents[2]
_PACKAGES = "python3,python3-venv,ca-certificates"
_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


def _run(command: Sequence[str], timeout: float) -> str:
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=timeout)  # noqa: S603 - ours
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def build_base(folder: Path) -> Path:
    """Make a small Debian with Python, as a tar file."""
    root, packed = folder / "base", folder / "base.tar"
    _run(["debootstrap", "--variant=minbase", f"--include={_PACKAGES}", "bookworm", str(root)], timeout=480)
    (root / "etc/hosts").touch()  # engines put theirs in its place
    _run(["tar", "-C", str(root), "-cf", str(packed), "."], timeout=120)
    shutil.rmtree(root)
    return packed


@dataclass(frozen=True)
class Image:
    """What was built: its file system and its configuration."""

    root: Path
    config: dict[str, Any]
    health: dict[str, Any]

    @property
    def environment(self) -> dict[str, str]:
        return dict(entry.split("=", 1) for entry in self.config["Env"])

    @property
    def command(self) -> list[str]:
        return [*self.config["Entrypoint"], *self.config["Cmd"]]

    @property
    def health_check(self) -> list[str]:
        kind, *command = self.health["Test"]
        assert kind == "CMD"
        return command


@contextmanager
def build_image(folder: Path, base: Path) -> Iterator[Image]:
    """Build the repository's Dockerfile; storage of our own, so that nothing else on this machine is touched."""
    podman = ["podman", "--root", str(folder / "store"), "--runroot", str(folder / "run"), "--cgroup-manager=cgroupfs"]
    podman += ["--storage-driver=overlay"]
    _run([*podman, "import", "--quiet", str(base), "gpubox-base"], timeout=180)
    build = [*podman, "build", "--isolation=chroot", "--format=docker", "--layers=false", "--tag=gpubox-test"]
    build += ["--build-arg=BASE_IMAGE=localhost/gpubox-base", *_secrets(folder), str(REPOSITORY)]
    _run(build, timeout=480)
    (described,) = json.loads(_run([*podman, "image", "inspect", "gpubox-test"], timeout=60))
    root = Path(_run([*podman, "image", "mount", "gpubox-test"], timeout=60).strip())
    try:
        yield Image(root, described["Config"], described["Healthcheck"])
    finally:
        _run([*podman, "image", "umount", "--force", "gpubox-test"], timeout=60)
        _run([*podman, "image", "rm", "--all", "--force"], timeout=120)


def _secrets(folder: Path) -> list[str]:
    """Give the build this machine's certificates and its pip's index, if it has one of its own."""
    secrets = [f"--secret=id=ca,src={_CERTIFICATES}"] if _CERTIFICATES.is_file() else []
    listed = subprocess.run(["pip", "config", "get", "global.index-url"], check=False, capture_output=True, text=True)  # noqa: S607
    if listed.returncode == 0 and listed.stdout.strip():
        (folder / "pip.conf").write_text(f"[global]\nindex-url = {listed.stdout.strip()}\n", encoding="utf-8")
        secrets.append(f"--secret=id=pip_conf,src={folder / 'pip.conf'}")
    return secrets


_START = """
set -eu
root=$1 data=$2 hosts=$3; shift 3
ip link set lo up
mount --make-rprivate /
mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
mount --bind "$data" "$root/data"
mount --bind "$hosts" "$root/etc/hosts"
mount -t tmpfs tmpfs "$root/tmp"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
exec chroot "$root" "$@"
"""


@dataclass
class Container:
    """One run of the image. `data` is its volume and outlives it."""

    image: Image
    data: Path
    _processes: list[subprocess.Popen[str]] = field(default_factory=list[subprocess.Popen[str]])
    _output: IO[str] | None = None

    def __enter__(self) -> Self:
        self.data.mkdir(mode=0o700, exist_ok=True)
        shutil.chown(self.data, 10001, 10001)
        self._hosts.write_text("127.0.0.1 localhost panel\n", encoding="ascii")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # The first process of the namespaces takes all others along. It is ended by its own id: the death signal that
        # `unshare --kill-child` sets is forgotten when the program takes on another user.
        with contextlib.suppress(IndexError, FileNotFoundError, ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        for process in reversed(self._processes):
            process.kill()
            process.wait(10)
        if self._output is not None:
            self._output.close()

    def start(self, environment: Mapping[str, str]) -> None:
        """Start the image's command in new namespaces."""
        unshare = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "sh", "-c", _START, "container"]
        self._output = (self.data.parent / "output").open("w+", encoding="utf-8")
        command = [
            *unshare,
            str(self.image.root),
            str(self.data),
            str(self._hosts),
            *self._as_user(environment),
            *self.image.command,
        ]
        self._spawn(command, self._output)
        end = time.monotonic() + 10
        while self._processes[0].poll() is None and not self._set_up():
            assert time.monotonic() < end, "the namespaces were not set up in 10 s"
            time.sleep(0.02)

    def _set_up(self) -> bool:
        """Whether the mounts are done: the shell that makes them has given its place to the program."""
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            children = self._children()
            return bool(children) and Path(f"/proc/{children[0]}/comm").read_text(encoding="ascii").startswith("python")
        return False

    def _children(self) -> list[str]:
        unshare = self._processes[0].pid
        return Path(f"/proc/{unshare}/task/{unshare}/children").read_text(encoding="ascii").split()

    def wait(self) -> int:
        """Wait until the program has ended by itself; its exit status."""
        return self._processes[0].wait(15)

    def stop(self) -> int:
        """SIGTERM to the program, and its exit status."""
        os.kill(self.pid, signal.SIGTERM)
        return self.wait()

    @property
    def _hosts(self) -> Path:
        return self.data.parent / "hosts"

    @property
    def pid(self) -> int:
        return int(self._children()[0])

    @property
    def output(self) -> str:
        return (self.data.parent / "output").read_text(encoding="utf-8")

    def run(self, *command: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command inside, as the image's user."""
        inside = self._enter(environment or {}, command)
        return subprocess.run(inside, check=False, capture_output=True, text=True, timeout=30)  # noqa: S603

    def run_beside(self, *command: str, environment: Mapping[str, str] | None = None) -> None:
        """Start another program of the image inside."""
        self._spawn(self._enter(environment or {}, command), subprocess.DEVNULL)

    def run_outside(self, *command: str) -> None:
        """Start a program of this machine in the container's network, as root, with a private /etc/hosts."""
        wrapped = f'mount --make-rprivate / && mount --bind "{self._hosts}" /etc/hosts && exec "$@"'
        into = ["nsenter", f"--target={self.pid}", "--net", "--"]
        self._spawn([*into, "unshare", "--mount", "sh", "-c", wrapped, "beside", *command], subprocess.DEVNULL)

    def fetch(self, url: str, *, body: object = None) -> tuple[int, dict[str, str], str]:
        """Ask a server inside: status, headers (names in lower case) and body; status 0 where nobody answers."""
        said = self.run("/venv/bin/python", "-c", _FETCH, url, json.dumps(body) if body is not None else "")
        assert said.returncode == 0, said.stderr
        status, headers, text = json.loads(said.stdout)
        return status, headers, text

    def wait_for(self, url: str, seconds: float = 30) -> None:
        """Wait until a server inside answers 200."""
        end = time.monotonic() + seconds
        while self.fetch(url)[0] != 200:
            assert self._processes[0].poll() is None, self.output[-3000:]
            assert time.monotonic() < end, f"{url} did not answer in {seconds} s:\n{self.output[-3000:]}"
            time.sleep(0.1)

    def _spawn(self, command: Sequence[str], output: IO[str] | int) -> None:
        self._processes.append(
            subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, text=True)  # noqa: S603
        )

    def _enter(self, environment: Mapping[str, str], command: Sequence[str]) -> list[str]:
        into = ["nsenter", f"--target={self.pid}", "--mount", "--net", "--pid", "--", "chroot", str(self.image.root)]
        return [*into, *self._as_user(environment), *command]

    def _as_user(self, environment: Mapping[str, str]) -> list[str]:
        uid = _id_of(self.image, self.image.config["User"])
        drop = [
            "setpriv",
            f"--reuid={uid}",
            f"--regid={uid}",
            "--clear-groups",
            "--no-new-privs",
            "--bounding-set=-all",
        ]
        merged = self.image.environment | environment
        return [*drop, "env", "-i", "-C", "/data", *(f"{name}={value}" for name, value in merged.items())]


def _id_of(image: Image, user: str) -> int:
    rows = (image.root / "etc/passwd").read_text(encoding="utf-8").splitlines()
    return next(int(row.split(":")[2]) for row in rows if row.split(":")[0] == user)


_FETCH = """
import json, sys, urllib.error, urllib.request
url, body = sys.argv[1:]
ask = urllib.request.Request(url, body.encode() or None, {"Content-Type": "application/json"})
try:
    answer = urllib.request.urlopen(ask, timeout=10)
except urllib.error.HTTPError as error:
    answer = error
except OSError:
    sys.exit(print(json.dumps([0, {}, ""])))
headers = {name.lower(): value for name, value in answer.headers.items()}
print(json.dumps([answer.status, headers, answer.read().decode(errors="replace")]))
"""
