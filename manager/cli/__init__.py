"""The `gpubox` command.

Reading order: `exits` (what scripts hold on to), `app` (which commands there are), `failures` (how they fail),
`commands/` (one module each), and what several of them share: `access` and `panel` (the running panel over HTTP),
`words` and `show` (sentences in the reader's zone), `reach` (the cloud and the store), `checks/` (the doctor).

Modules are imported only when a command needs them, because `gpubox serve` is timed from here.
"""

import sys


def main() -> int:
    """Run the command that the arguments name; the exit status."""
    arguments = sys.argv[1:]
    if arguments[:1] == ["serve"]:
        from manager.cli import serving  # noqa: PLC0415 - only for this command

        given = serving.plain_options(arguments[1:])
        if given is not None:
            return serving.serve(**given)
    from manager.cli.app import run  # noqa: PLC0415 - typer costs 0.1 s, a tenth of what the start may take

    return run(arguments)
