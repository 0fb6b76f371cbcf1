"""Everything a fresh machine needs before the first start: JARs, companion, class-data archive.

`make setup` and `ldp doctor --prepare` call this; also ``python -m ldp_jupyter.spark.prepare``.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def prepare(say: Callable[[str], None], *, with_archive: bool = True) -> None:
    """Fetch, build and make what is missing; what is there already costs nothing.

    Parameters:
        with_archive: also make the class-data archive, which takes about a minute and halves every later start.

    Raises:
        LdpError: LDP-5001, LDP-5002 or LDP-5004.
    """
    from ldp_jupyter.spark import archive
    from ldp_jupyter.spark.session import plan_launch

    launch = plan_launch({}, None, say)
    say(str(launch.java))
    if not with_archive or archive.mode() == "off":
        return
    file = archive.archive_file(launch.java, launch.jars)
    if not file.is_file():
        say("Making the class-data archive (about a minute, once)")
    made = archive.make(launch)
    say(f"class-data archive: {made}" if made else "class-data archive: this Java makes none; Spark starts without it")


def _in_background() -> None:
    """The same with the lowest priority, and not at once: whoever started Spark is working with it."""
    import os
    import time

    from ldp_jupyter.spark.settings import memory_bytes

    if hasattr(os, "nice"):
        os.nice(19)
    if memory_bytes() < 4 * 1024**3:
        return
    time.sleep(30)
    prepare(lambda _text: None)


def main() -> int:
    """Entry of ``python -m ldp_jupyter.spark.prepare``."""
    from ldp_jupyter.errors import LdpError

    try:
        if "--background" in sys.argv[1:]:
            _in_background()
        else:
            prepare(lambda text: print(text, file=sys.stderr, flush=True),  # noqa: T201  (a command's output)
                    with_archive="--no-archive" not in sys.argv[1:])
    except LdpError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return error.exit_status
    return 0


if __name__ == "__main__":
    sys.exit(main())
