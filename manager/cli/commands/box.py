"""`gpubox box create` and `gpubox box delete`."""

import typer

from manager.cli.commands import box_create, box_delete

group = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown")
group.command("create")(box_create.command)
group.command("delete")(box_delete.command)
