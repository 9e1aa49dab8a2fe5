"""`gpubox box create`, `gpubox box update` and `gpubox box delete`."""

import typer

from manager.cli.commands import box_create, box_delete, box_update

group = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown")
group.command("create")(box_create.command)
group.command("update")(box_update.command)
group.command("delete")(box_delete.command)
