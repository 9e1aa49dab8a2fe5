"""A certificate authority on loopback: pebble, and the name server that it and the box ask."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, Self

import httpx
from box import DOMAIN, Box, free_port, wait_until

from tests.support.certificates import self_signed

PROGRAMS = ("pebble", "pebble-challtestsrv", "certbot")


class Authority:
    """Answers the questions of one box. `missing()` names what is not installed."""

    def __init__(self, box: Box) -> None:
        self.box = box
        self.folder = box.folder / "authority"
        self.folder.mkdir()
        self._dns, self._names, self._acme = free_port(), free_port(), free_port()
        self._running: list[subprocess.Popen[bytes]] = []
        self.directory = f"https://localhost:{self._acme}/dir"
        box.attributes["gpubox-acme-directory"] = self.directory
        box.environment |= {
            "GPUBOX_RESOLVER": f"127.0.0.1:{self._dns}",
            "REQUESTS_CA_BUNDLE": str(self.folder / "certificate.pem"),
            "NO_PROXY": "127.0.0.1,127.0.0.2,localhost",
            "no_proxy": "127.0.0.1,127.0.0.2,localhost",
        }

    @staticmethod
    def missing() -> str:
        return " ".join(program for program in PROGRAMS if shutil.which(program) is None)

    def __enter__(self) -> Self:
        self._start(
            *("pebble-challtestsrv", "-dns01", f"127.0.0.1:{self._dns}", "-management", f"127.0.0.1:{self._names}"),
            *("-defaultIPv4", "", "-defaultIPv6", "", "-http01", "", "-https01", "", "-tlsalpn01", ""),
        )
        wait_until(lambda: self.box.listens(self._names))
        self.points_to("127.0.0.1")
        self.open()
        return self

    def __exit__(self, *_error: object) -> None:
        for running in self._running:
            running.kill()
            running.wait(10)

    def open(self) -> None:
        """Start the authority itself."""
        certificate, key = self_signed("localhost")
        (self.folder / "certificate.pem").write_bytes(certificate)
        (self.folder / "key.pem").write_bytes(key)
        settings = {
            "listenAddress": f"127.0.0.1:{self._acme}",
            "certificate": str(self.folder / "certificate.pem"),
            "privateKey": str(self.folder / "key.pem"),
            "httpPort": self.box.http_port,
            "tlsPort": self.box.https_port,
        }
        (self.folder / "pebble.json").write_text(json.dumps({"pebble": settings}))
        self._start(
            *("pebble", "-config", str(self.folder / "pebble.json"), "-dnsserver", f"127.0.0.1:{self._dns}"),
            PEBBLE_VA_NOSLEEP="1",
            PEBBLE_WFE_NONCEREJECT="0",
            PEBBLE_AUTHZREUSE="0",
        )
        wait_until(lambda: self.box.listens(self._acme))

    def close(self) -> None:
        """End the authority; the name server goes on."""
        running = self._running.pop()
        running.kill()
        running.wait(10)

    def points_to(self, *addresses: str) -> None:
        """What DNS says of the box's name from now on."""
        self._tell("clear-a", host=f"{DOMAIN}.")
        if addresses:
            self._tell("add-a", host=f"{DOMAIN}.", addresses=addresses)

    def given(self) -> int:
        """How many certificates it has given out."""
        return (self.folder / "pebble.log").read_text().count("Issued certificate serial")

    def questions(self) -> int:
        """How often it has asked the box."""
        return (self.folder / "pebble.log").read_text().count("Attempting to validate w/ HTTP")

    def _tell(self, call: str, **body: Any) -> None:
        httpx.post(f"http://127.0.0.1:{self._names}/{call}", json=body, trust_env=False).raise_for_status()

    def _start(self, program: str, *arguments: str, **environment: str) -> None:
        with Path(self.folder / f"{program}.log").open("ab") as log:
            self._running.append(
                subprocess.Popen([program, *arguments], env=os.environ | environment, stdout=log, stderr=log)
            )
