"""Options that commands share, and the words given to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ldp_jupyter.errors import UsageProblem

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def common(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options that every command has."""
    options = [
        click.option(
            "--project",
            type=click.Path(exists=True, file_okay=False),
            help="Project folder (default: here and upward).",
        ),
        click.option("--pipeline", help="Which pipeline, where the project has several."),
        click.option("--target", help="Bundle target, e.g. dev."),
        click.option(
            "--set", "settings", multiple=True, metavar="KEY=VALUE", help="Pipeline configuration for this command."
        ),
        click.option("--var", "variables", multiple=True, metavar="KEY=VALUE", help="Bundle variable."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def output_format(*choices: str) -> Callable[..., Any]:
    """`--format`, the first choice being the default."""
    return click.option(
        "--format", "-o", "form", type=click.Choice(choices), default=choices[0], help="Form of the output."
    )


def selection(command: Callable[..., Any]) -> Callable[..., Any]:
    """Which datasets an update refreshes, and how."""
    options = [
        click.option("--refresh", "-r", multiple=True, metavar="A,B", help="Refresh these datasets only."),
        click.option(
            "--full-refresh", "-f", multiple=True, metavar="A,B", help="Empty these and compute them from the start."
        ),
        click.option("--full-refresh-all", is_flag=True, help="The same for all."),
        click.option("--refresh-failed", is_flag=True, help="Refresh what failed or was skipped in the last update."),
        click.option(
            "--refresh-file", multiple=True, metavar="FILE", help="Refresh what this source file declares or writes."
        ),
        click.option(
            "--reset-checkpoint",
            multiple=True,
            metavar="FLOW,...",
            help="Let these streaming flows read their sources from the start; their tables keep their rows.",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def take_selection(options: dict[str, Any]) -> dict[str, Any]:
    """Take the options of `selection` out of all options, named as `Pipeline.run` and `plan` take them."""
    return {
        "refresh": names_of(options.pop("refresh")),
        "full_refresh": names_of(options.pop("full_refresh")),
        "full_refresh_all": options.pop("full_refresh_all"),
        "refresh_failed": options.pop("refresh_failed"),
        "refresh_files": options.pop("refresh_file"),
        "reset_checkpoints": names_of(options.pop("reset_checkpoint")),
    }


def pairs(given: Sequence[str] | None, flag: str) -> dict[str, str]:
    """What was given as `key=value`."""
    found = {}
    for text in given or ():
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise UsageProblem("LDP-1001", f"{flag} wants key=value, got {text!r}")
        found[key.strip()] = value
    return found


def names_of(given: tuple[str, ...]) -> tuple[str, ...]:
    """Names of an option that may be repeated and may list several by commas."""
    return tuple(part.strip() for text in given for part in text.split(",") if part.strip())


strict_platform = click.option(
    "--strict-platform", is_flag=True, help="Make errors of what is accepted here and not by the platform."
)
