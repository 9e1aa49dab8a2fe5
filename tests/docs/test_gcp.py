"""docs/gcp.md, run from top to bottom as a reader would.

A `gcloud` at the head of the PATH passes `gcloud compute` on to the real one, pointed to the embedded cloud. What
belongs to other services of Google's is written down, and judged by gcloud's own linter of commands and flags.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from manager.adapters.dns import CloudDns
from manager.adapters.embedded.thread import CloudThread
from manager.adapters.gce.methods import METHODS
from manager.application.fencing import ipv6_rule
from tests.adapters.dns.servers import CloudDnsServer

_REAL = shutil.which("gcloud")
_DOCUMENT = Path(__file__).parents[2] / "docs/gcp.md"
_FAREWELL = "## Taking it all away"

_WRAPPER = """#!/usr/bin/env bash
if [ "$1" = compute ]; then
  exec "$REAL_GCLOUD" "$@"
fi
printf '%s\\n' "$(printf '%q ' gcloud "$@")" >>"$OTHER_COMMANDS"
"""

needs_gcloud = pytest.mark.skipif(_REAL is None, reason="gcloud (Google Cloud CLI) is not installed")

_BUCKET_READER = "gpubox-vm@my-gpubox-project.iam.gserviceaccount.com"


def _blocks(text: str) -> list[str]:
    return re.findall(r"^```sh\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)


class Reader:
    """Somebody who copies blocks into a terminal."""

    def __init__(self, folder: Path, endpoint: str) -> None:
        self.folder = folder
        self.others = folder / "others"
        self.others.touch()
        wrapper = folder / "bin/gcloud"
        wrapper.parent.mkdir()
        wrapper.write_text(_WRAPPER, encoding="utf-8")
        wrapper.chmod(0o755)
        self.environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        self.environment |= {
            "PATH": f"{wrapper.parent}:{os.environ['PATH']}",
            "REAL_GCLOUD": str(_REAL),
            "OTHER_COMMANDS": str(self.others),
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE": f"{endpoint}/compute/v1/",
            "CLOUDSDK_AUTH_DISABLE_CREDENTIALS": "true",
            "CLOUDSDK_CONFIG": str(folder / "config"),
            "CLOUDSDK_CORE_PROJECT": "my-gpubox-project",
            "CLOUDSDK_CORE_DISABLE_PROMPTS": "true",
            "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "true",
            "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "true",
        }

    def follow(self, blocks: str) -> str:
        done = self._run(["bash", "-euo", "pipefail", "-c", blocks], timeout=240)
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    def asks(self, *arguments: str) -> Any:
        done = self._run([str(_REAL), "compute", *arguments, "--format=json"], timeout=60)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def lint(self, command: str) -> str | None:
        """What gcloud's own linter has against a command; None if nothing."""
        done = self._run([str(_REAL), "meta", "lint-gcloud-commands", f"--command-string={command}"], timeout=60)
        found = json.loads(done.stdout)
        assert found, f"gcloud did not recognise this as a command: {command}"
        return found[0]["error_message"]

    def _run(self, command: list[str], timeout: float) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 - the document's commands, or gcloud itself
            command,
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
        )


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    with CloudThread(tmp_path / "cloud", speed=0) as cloud:
        yield Reader(tmp_path, cloud.endpoint)


@needs_gcloud
def test_who_follows_the_document_has_a_box_and_can_take_it_all_away(reader: Reader) -> None:
    setup, farewell = _DOCUMENT.read_text(encoding="utf-8").split(_FAREWELL)
    variables = _blocks(setup)[0]
    said = reader.follow("".join(_blocks(setup)))
    assert "GPUS_ALL_REGIONS" in said
    assert "NVIDIA_T4_GPUS" in said
    assert "TERMINATED" in said

    boxes = {box["name"]: box for box in reader.asks("instances", "list")}
    assert sorted(boxes) == ["comfyui", "comfyui-l4", "comfyui-spot"]
    for box in boxes.values():
        assert box["status"] == "TERMINATED", "nothing is left running"
        assert box["deletionProtection"] is True
        assert box["tags"]["items"] == ["gpubox"]
        scheduling = box["scheduling"]
        assert scheduling["automaticRestart"] is False
        assert scheduling["onHostMaintenance"] == "TERMINATE"
        assert scheduling["instanceTerminationAction"] == "STOP"
        assert scheduling["maxRunDuration"]["seconds"] == "43200"
        (data,) = [disk for disk in box["disks"] if disk["deviceName"] == "persistent-comfyui"]
        assert data["autoDelete"] is False
        assert {"key": "enable-guest-attributes", "value": "TRUE"} in box["metadata"]["items"]
        # Nobody, or who may read one bucket: never the account that the panel works as.
        assert {account["email"] for account in box.get("serviceAccounts", [])} <= {_BUCKET_READER}
    assert boxes["comfyui-spot"]["scheduling"]["provisioningModel"] == "SPOT"
    rules = {rule["name"]: rule for rule in reader.asks("firewall-rules", "list")}
    sources = {name: rule["sourceRanges"] for name, rule in rules.items()}
    assert sources == {
        "gpubox-web": ["203.0.113.7/32"],
        "gpubox-web-ipv6": ["100::/128"],
        "gpubox-certificate": ["0.0.0.0/0"],
    }
    ports = {name: {port for each in rule["allowed"] for port in each["ports"]} for name, rule in rules.items()}
    assert ports == {
        "gpubox-web": {"80", "443"},
        "gpubox-web-ipv6": {"80", "443"},
        "gpubox-certificate": {"80"},
    }
    assert all(rule["targetTags"] == ["gpubox"] for rule in rules.values())
    assert ipv6_rule("gpubox-web") in rules
    assert reader.asks("disks", "describe", "comfyui-data", "--zone=us-central1-a")["sizeGb"] == "300"

    reader.follow("".join([variables, *_blocks(farewell)]))
    for kind in ("instances", "disks", "snapshots", "addresses", "firewall-rules"):
        assert reader.asks(kind, "list") == [], kind

    others = reader.others.read_text(encoding="utf-8").splitlines()
    assert len(others) >= 10
    complaints = {command: complaint for command in others if (complaint := reader.lint(command))}
    assert complaints == {}


@needs_gcloud
def test_the_linter_would_notice_a_wrong_flag(reader: Reader) -> None:
    assert "--bogus" in str(reader.lint("gcloud services enable compute.googleapis.com --bogus"))


def _granted(role: str) -> set[str]:
    document = _DOCUMENT.read_text(encoding="utf-8")
    return set(re.search(rf"roles create {role} .*--permissions=(\S+)", document)[1].split(","))  # pyright: ignore[reportOptionalSubscript]


async def test_the_role_for_names_has_what_is_asked_of_cloud_dns_and_nothing_more() -> None:
    """What each call needs stands in Google's description of it, except that a change also needs what it does."""
    folder = resources.files("googleapiclient") / "discovery_cache" / "documents"
    described = json.loads((folder / "dns.v1.json").read_text())["resources"]
    methods = [method for resource in described.values() for method in resource.get("methods", {}).values()]
    with CloudDnsServer() as server:
        dns = CloudDns("studio", "example-com", endpoint=server.endpoint)
        await dns.point("comfy.example.com", ("34.1.1.1",))
        called = {(asked.verb, re.sub(r"studio|example-com", "*", asked.path)) for asked in server.asked}
    named = {
        method["id"]
        for method in methods
        if (method["httpMethod"], "/" + re.sub(r"\{\w+\}", "*", method["path"])) in called
    }
    does = {f"dns.resourceRecordSets.{verb}" for verb in ("create", "update", "delete")}
    assert _granted("gpuboxDns") == named | does


def test_the_role_has_what_the_panel_calls() -> None:
    granted = _granted("gpubox")
    # Making and deleting boxes is done with a person's own login; whoever may read may also test what is allowed.
    others = {"instances.insert", "instances.delete", "instances.setDeletionProtection", "instances.setDiskAutoDelete"}
    others |= {"instances.testIamPermissions", "acceleratorTypes.aggregatedList"}
    others |= {method for method in METHODS if method.startswith("disks.")}
    # A patch is an update by another verb, and waiting for an operation is reading it.
    verbs = {"firewalls.patch": "firewalls.update", "globalOperations.wait": "globalOperations.get"}
    called = {
        f"compute.{verbs.get(method, method)}"
        for method in METHODS
        if method not in others and method != "zoneOperations.wait"
    }
    assert called <= granted
    firewall = {"compute.firewalls.get", "compute.firewalls.update", "compute.networks.updatePolicy"}
    assert granted - called <= firewall
