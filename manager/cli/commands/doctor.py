"""`gpubox doctor`."""

import asyncio
from collections.abc import Mapping

import typer
from rich.text import Text

from manager.cli.checks.finding import Finding, State
from manager.cli.checks.rounds import rounds
from manager.cli.exits import ExitCode
from manager.cli.options import Json
from manager.cli.terminal import out, print_json
from manager.messages import sentence

_MARKS: Mapping[State, tuple[str, str]] = {
    State.OK: ("✓", "green"),
    State.NOTE: ("!", "yellow"),
    State.SKIPPED: ("–", "dim"),  # noqa: RUF001 - a dash is meant
    State.WRONG: ("✗", "red"),
}
_NAME = 20


def command(*, as_json: Json = False) -> None:
    """Look at everything once and say what to do where something is wrong.

    ✓ is well, ! is worth knowing, – was not looked at, ✗ is wrong. Exit status 1 if anything is wrong.
    """  # noqa: RUF002 - a dash is meant
    findings = asyncio.run(_collect(quiet=as_json))
    bad = [finding for finding in findings if finding.state is State.WRONG]
    if as_json:
        print_json({"ok": not bad, "checks": [finding.as_json() for finding in findings]})
    else:
        code = {0: "doctor.well", 1: "doctor.mend_one"}.get(len(bad), "doctor.mend")
        print(f"\n{sentence(code, count=len(bad))}")
    if bad:
        raise typer.Exit(ExitCode.FAILED)


async def _collect(*, quiet: bool) -> list[Finding]:
    findings: list[Finding] = []
    async for finding in rounds():
        findings.append(finding)
        if not quiet:
            _print(finding)
    return findings


def _print(finding: Finding) -> None:
    mark, colour = _MARKS[finding.state]
    out().print(Text.assemble((f"{mark} ", colour), f"{finding.check:<{_NAME}}", finding.text))
    if finding.remedy:
        out().print(Text(f"  {'':<{_NAME}}→ {finding.remedy}"))
