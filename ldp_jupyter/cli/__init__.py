"""The command tree of `ldp` and `%ldp`: parse, call, show. No rules."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from ldp_jupyter.cli import check, look, project, run  # noqa: F401  (each adds its commands to the tree)
from ldp_jupyter.cli.door import Door
from ldp_jupyter.cli.tree import ldp
from ldp_jupyter.errors import LdpError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Door", "ldp", "main"]


def main(args: Sequence[str] | None = None) -> None:
    """Entry of the `ldp` program. Exit status: 0 done, 1 invalid or failed, 2 usage or settings, 130 interrupted."""
    door = Door()
    try:
        ldp.main(args=list(args) if args is not None else None, prog_name="ldp", standalone_mode=False, obj=door)
    except click.exceptions.Exit as left:
        sys.exit(left.exit_code)
    except click.Abort:  # what click makes of an interrupt
        sys.stderr.write("interrupted\n")
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except LdpError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(error.exit_status)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        sys.exit(130)
    finally:
        sys.stdout = door.out
