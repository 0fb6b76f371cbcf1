"""``python -m ldp_jupyter`` is ``ldp``."""

from ldp_jupyter.cli import main

main()
