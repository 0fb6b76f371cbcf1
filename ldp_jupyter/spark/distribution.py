"""The Spark that the pyspark package carries: its folder, its JARs, its version; read without importing it."""

from __future__ import annotations

from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from ldp_jupyter.errors import LdpError


@lru_cache(maxsize=1)
def spark_home() -> Path:
    """The folder that holds ``jars/``; ``SPARK_HOME`` is another Spark's and does not count.

    Raises:
        LdpError: LDP-5005 when pyspark is not there, or without its JARs.
    """
    spec = find_spec("pyspark")
    if spec is None or spec.origin is None:
        raise LdpError("LDP-5005", "the package pyspark is missing",
                       hint="install it with: pip install --force-reinstall ldp_jupyter")
    home = Path(spec.origin).parent
    if not (home / "jars").is_dir():
        raise LdpError("LDP-5005", f"{home} is not the package pyspark, or it lacks its JARs",
                       hint="databricks-connect replaces it: use an environment without; else reinstall pyspark")
    return home


def spark_jars() -> list[Path]:
    """Spark's own JARs in a stable order, which the class-data archive relies on."""
    return sorted((spark_home() / "jars").glob("*.jar"))


def installed(package: str) -> str | None:
    """Version of an installed package, or None."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None
