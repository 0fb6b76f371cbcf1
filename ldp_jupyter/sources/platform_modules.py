"""Modules of the platform's runtime that source imports beside the pipelines module.

`databricks.sdk.runtime`, `databricks.connect` and `pyspark.dbutils` give there what every notebook finds predefined; so
they do here. Real packages of these names stay what they are, but for `databricks.sdk.runtime`: the one that comes with
the SDK connects to a workspace as soon as its names are used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import ModuleType

RUNTIME = "databricks.sdk.runtime"
# given where no package has the name
SPARE = ("databricks.sdk", "databricks.connect", "pyspark.dbutils")
NAMES = (*SPARE, RUNTIME)


def fill(module: ModuleType) -> None:
    """Give a module what the one of its name holds on the platform."""
    if module.__name__ == RUNTIME:
        _fill_runtime(module)
    elif module.__name__ == "databricks.connect":
        module.DatabricksSession = DatabricksSession  # type: ignore[attr-defined]
    elif module.__name__ == "pyspark.dbutils":
        module.DBUtils = _dbutils  # type: ignore[attr-defined]
    else:
        module.__path__ = []
        module.__getattr__ = _not_installed  # type: ignore[method-assign]


def _fill_runtime(module: ModuleType) -> None:
    from ldp_jupyter.dbutils import DbUtils, display, display_html
    from ldp_jupyter.spark.lazy import LazySpark

    spark = LazySpark()

    def sql(text: str, **values: Any) -> Any:
        return spark.sql(text, **values)

    def table(name: str) -> Any:
        return spark.table(name)

    def udf(*arguments: Any, **options: Any) -> Any:
        from pyspark.sql import functions

        return functions.udf(*arguments, **options)

    given = {
        "dbutils": DbUtils(),
        "display": display,
        "displayHTML": display_html,
        "spark": spark,
        "sql": sql,
        "table": table,
        "udf": udf,
    }
    vars(module).update(given, __all__=list(given))


def _dbutils(spark: Any = None) -> Any:  # noqa: ARG001  (the platform's parameter)
    from ldp_jupyter.dbutils import DbUtils

    return DbUtils()


class _SessionBuilder:
    """Whatever it is told of hosts, profiles and clusters, the session is the one here."""

    def getOrCreate(self) -> Any:  # noqa: N802  (Spark's name)
        from ldp_jupyter.spark.lazy import LazySpark

        return LazySpark()

    create = getOrCreate

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *_arguments, **_options: self


class DatabricksSession:
    """`DatabricksSession.builder....getOrCreate()` gives the predefined `spark`."""

    builder = _SessionBuilder()


def _not_installed(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    raise ModuleNotFoundError("No module named 'databricks.sdk'", name="databricks.sdk")
