"""The root of the command tree: `ldp` itself, and its help."""

from __future__ import annotations

from typing import Any

import click

from ldp_jupyter import __version__
from ldp_jupyter.cli.door import Door
from ldp_jupyter.errors import UsageProblem


class Tree(click.Group):
    """Commands with did-you-mean for their names."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        from ldp_jupyter.names import did_you_mean

        try:
            return super().resolve_command(ctx, args)
        except click.UsageError:
            known = self.list_commands(ctx)
            raise UsageProblem(
                "LDP-1001",
                f'unknown command "{args[0]}"',
                hint=did_you_mean(args[0], known) or f"commands: {', '.join(known)}",
            ) from None


@click.group(cls=Tree, context_settings={"help_option_names": ["-h", "--help"]}, invoke_without_command=True)
@click.version_option(__version__, prog_name="ldp")
@click.pass_context
def ldp(ctx: click.Context) -> None:
    """Lakeflow Declarative Pipelines on local Spark and Delta."""
    if ctx.obj is None:
        ctx.obj = Door()
    if ctx.invoked_subcommand is None:
        ctx.invoke(ldp.commands["status"])


@ldp.command(name="help")
@click.argument("command", required=False)
@click.pass_context
def help_command(ctx: click.Context, command: str | None) -> None:
    """Help on a command."""
    parent = ctx.parent
    assert parent is not None
    if command is None:
        ctx.obj.text(parent.get_help())
        return
    found = ldp.get_command(ctx, command)
    if found is None:
        from ldp_jupyter.names import did_you_mean

        raise UsageProblem(
            "LDP-1001", f'unknown command "{command}"', hint=did_you_mean(command, ldp.list_commands(ctx))
        )
    ctx.obj.text(found.get_help(click.Context(found, info_name=f"ldp {command}", parent=None)))
