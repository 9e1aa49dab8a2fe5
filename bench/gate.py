"""What the gate costs: requests a second for ComfyUI's assets, with it and without it, by the same nginx; prints JSON.

    python bench/gate.py [--seconds 1] [--rounds 15]

One nginx, rendered as on a box, with the real gate beside it and the demo ComfyUI behind it, has two ports that differ
in one line: `auth_request`. wrk asks both in turn, over TLS, for the scripts and styles of ComfyUI's frontend that
a page loads. `ratio` is with over without, the median over the rounds. Goal: 0.9 and more.

On a computer that does other things too, `cpu_us_per_request`, what nginx's workers spend on one, says it more exactly.
"""

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx
import psutil

ROOT = Path(__file__).parents[1]
GOAL = 0.9
CONNECTIONS = 16
NAMED = re.compile(r"(?:assets|\.)/([\w.-]+-[\w-]{8}\.(?:js|css))")
IMPORTED = re.compile(r"(?:from|import)\s*[\"'`]\./([\w.-]+\.(?:js|css))")
# Each connection begins elsewhere in the list, and goes on from there.
LUA = """
paths = {%s}
at = math.random(#paths)
request = function()
  at = at %% #paths + 1
  return wrk.format("GET", paths[at])
end
"""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=int, default=1, help="per measurement")
    options.add_argument("--rounds", type=int, default=15)
    chosen = options.parse_args()
    print(json.dumps(measure(chosen.seconds, chosen.rounds, assets()), indent=2))


def assets() -> list[str]:
    """Paths of what a page loads: what the index names, what that says it needs, and what these import."""
    package = find_spec("comfyui_frontend_package")
    assert package is not None, "The frontend is not installed: script/run does it."
    assert package.origin is not None
    static = Path(package.origin).parent / "static"
    first = NAMED.findall((static / "index.html").read_text(encoding="utf-8"))
    todo = first + [name for entry in first for name in NAMED.findall(text_of(static, entry))]
    found: set[str] = set()
    while todo:
        name = todo.pop()
        if name not in found and (static / "assets" / name).exists():
            found.add(name)
            todo += IMPORTED.findall(text_of(static, name))
    return [f"/assets/{name}" for name in sorted(found)]


def text_of(static: Path, name: str) -> str:
    path = static / "assets" / name
    return path.read_text(encoding="utf-8") if path.suffix == ".js" and path.exists() else ""


def measure(seconds: int, rounds: int, paths: list[str]) -> dict[str, object]:
    rates: dict[str, list[float]] = {"with": [], "without": []}
    costs: dict[str, list[float]] = {"with": [], "without": []}
    with served() as (ports, bearer, nginx), tempfile.NamedTemporaryFile("w", suffix=".lua") as lua:
        lua.write(LUA % ", ".join(f'"{path}"' for path in paths))
        lua.flush()
        headers = {"Authorization": bearer, "Accept-Encoding": "gzip"}
        size = warm(ports["with"], paths, headers)
        script = ["-s", lua.name, *[each for name, value in headers.items() for each in ("-H", f"{name}: {value}")]]
        for number in range(rounds):
            # Each is first every other time: what else the computer does is shared fairly.
            for name in sorted(ports, reverse=bool(number % 2)):
                before = worked(nginx)
                rate, requests = wrk([*script, f"https://127.0.0.1:{ports[name]}"], seconds)
                rates[name].append(rate)
                costs[name].append((worked(nginx) - before) / requests * 1e6)
    ratio = statistics.median(one / other for one, other in zip(rates["with"], rates["without"], strict=True))
    return {
        "requests_per_second": medians(rates),
        "cpu_us_per_request": medians(costs),
        "files": len(paths),
        "mean_bytes_compressed": size,
        "ratio": round(ratio, 3),
        "goal": GOAL,
        "ok": ratio >= GOAL,
    }


@contextmanager
def served() -> Generator[tuple[dict[str, int], str, int]]:
    """The ports, and what opens the gate."""
    sys.path[:0] = [str(ROOT), str(ROOT / "startup" / "agent"), str(ROOT / "tests" / "startup" / "entrance")]
    support: Any = import_module("box")
    with tempfile.TemporaryDirectory() as folder, import_module("world").World() as world:
        (Path(folder) / "custom_nodes").mkdir()
        comfyui = support.free_port()
        command = [sys.executable, "-m", "manager.adapters.embedded.demo_comfyui", "--port", str(comfyui)]
        with (
            subprocess.Popen([*command, "--base-directory", folder], cwd=ROOT, stderr=subprocess.DEVNULL) as running,
            support.Box(world, comfyui) as box,
        ):
            try:
                support.wait_until(lambda: box.listens(comfyui))
                assert box.apply()["problem"] is None, box.said
                box.open_gate()
                without, before = support.free_port(), workers(box)
                add_port_without_gate(box, without)
                # A worker that the reload retires may still take a connection, and closes it.
                support.wait_until(lambda: box.listens(without) and not before & workers(box))
                with box.client() as manager:
                    assert box.speak(manager).status_code == 200
                nginx = int((box.folder / "nginx.pid").read_text())
                yield {"with": box.https_port, "without": without}, box.bearer("manager")["Authorization"], nginx
            finally:
                running.kill()


def add_port_without_gate(box: Any, port: int) -> None:
    """A second server in the same nginx, which lets everybody pass."""
    conf: Path = box.folder / "etc" / "nginx"
    gate = (conf / "gate.conf").read_text(encoding="utf-8")
    asking = "auth_request /_gpubox/internal/check;"
    assert asking in gate
    (conf / "open.conf").write_text(gate.replace(asking, "auth_request off;"), encoding="utf-8")
    server = (conf / "servers" / "relay.conf").read_text(encoding="utf-8")
    server = server.replace(f"{box.https_port} ", f"{port} ").replace("include gate.conf;", "include open.conf;")
    (conf / "servers" / "open.conf").write_text(server, encoding="utf-8")
    subprocess.run(["nginx", "-c", conf / "nginx.conf", "-s", "reload"], check=True, stderr=subprocess.DEVNULL)


def workers(box: Any) -> set[int]:
    """The processes of nginx that serve."""
    return {child.pid for child in psutil.Process(int((box.folder / "nginx.pid").read_text())).children()}


def warm(port: int, paths: list[str], headers: dict[str, str]) -> int:
    """Ask for each once, so that nginx has all of them; the mean size as it is sent."""
    sizes: list[int] = []
    with httpx.Client(base_url=f"https://127.0.0.1:{port}", verify=False, trust_env=False, headers=headers) as client:  # noqa: S501 - the box's own certificate
        for path in paths:
            with client.stream("GET", path) as answer:
                answer.raise_for_status()
                sizes.append(sum(len(piece) for piece in answer.iter_raw()))
    return round(statistics.mean(sizes))


def wrk(arguments: list[str], seconds: int) -> tuple[float, int]:
    """Requests a second, and how many there were."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", *arguments]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "Non-2xx" not in out, out
    lines = [line.split() for line in out.splitlines()]
    rate = next(float(words[1]) for words in lines if words[:1] == ["Requests/sec:"])
    return rate, next(int(words[0]) for words in lines if words[1:3] == ["requests", "in"])


def worked(nginx: int) -> float:
    """Seconds of CPU that nginx's workers have spent."""
    times = [worker.cpu_times() for worker in psutil.Process(nginx).children()]
    return sum(each.user + each.system for each in times)


def medians(figures: dict[str, list[float]]) -> dict[str, float]:
    return {name: round(statistics.median(each), 1) for name, each in figures.items()}


if __name__ == "__main__":
    main()
