"""A thin `dbutils` over local files, settings and the environment, so that pipeline source loads and runs."""

from ldp_jupyter.dbutils.showing import display, display_html, give_display
from ldp_jupyter.dbutils.utils import DbUtils, NotebookExit

__all__ = ["DbUtils", "NotebookExit", "display", "display_html", "give_display"]
