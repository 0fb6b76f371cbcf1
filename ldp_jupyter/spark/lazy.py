"""The predefined `spark`: the session of whoever runs now, started on first need.

While a flow's function is evaluated it is the flow's own clone; in a notebook cell it is the kernel's session.
Reading configuration needs no session, so source that only does that loads without Spark.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ldp_jupyter.context import Context, current
from ldp_jupyter.errors import LdpError

if TYPE_CHECKING:
    from collections.abc import Callable

_MISSING = object()


class PipelineConf:
    """`spark.conf` of pipeline source: the pipeline's values first, then Spark's."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def get(self, key: str, default: Any = _MISSING) -> Any:
        """The value of a key.

        Raises:
            LdpError: LDP-2022 when neither the pipeline nor Spark has it and no default is given.
        """
        for values in (self._context.confs, self._context.configuration):
            if key in values:
                return values[key]
        running = _running()
        if running is not None or (key.startswith("spark.") and (default is _MISSING or _is_set(key))):
            session = running if running is not None else self._context.get_session()
            value = session.conf.get(key, None)
            if value is None and default is _MISSING:  # Spark's own default of a key that nobody set
                value = _spark_default(session, key)
            if value is not None:
                return value
        if default is not _MISSING:
            return default
        from ldp_jupyter.names import did_you_mean
        from ldp_jupyter.pipelines.arguments import caller_location

        raise LdpError(
            "LDP-2022",
            f'configuration "{key}" has no value',
            hint=did_you_mean(key, self._context.configuration)
            or f"set it in the pipeline's configuration, or with --set {key}=value",
            location=caller_location(),
        )

    def set(self, key: str, value: Any) -> None:
        """Set a value for the flows that this source declares from here on; a session that is there gets it too."""
        text = ("true" if value else "false") if isinstance(value, bool) else str(value)
        self._context.confs[key] = text
        if key.startswith("spark.") and _running() is not None:
            conf = self._context.get_session().conf
            self._context.replaced.setdefault(key, conf.get(key, None))
            conf.set(key, text)

    def unset(self, key: str) -> None:
        self._context.confs.pop(key, None)

    def isModifiable(self, key: str) -> bool:  # noqa: N802  (Spark's name)
        return bool(self._context.get_session().conf.isModifiable(key))

    @property
    def getAll(self) -> dict[str, str]:  # noqa: N802  (Spark's name)
        return {**self._context.get_session().conf.getAll, **self._context.configuration, **self._context.confs}


def _is_set(key: str) -> bool:
    """Whether a session may hold a value of its own for a key, so that a default given for it does not count."""
    from ldp_jupyter.spark.settings import jvm_confs

    return key.startswith(("spark.sql.", "spark.app.", "spark.driver.")) or key in jvm_confs(1, None)


def _spark_default(session: Any, key: str) -> str | None:
    """What Spark itself takes for a key that is not set; None where it does not know the key."""
    from pyspark.errors import PySparkException

    try:
        return str(session.conf.get(key))
    except PySparkException:
        return None


def _running() -> Any:
    from ldp_jupyter.spark import session

    return session.current()


def _active() -> Any:
    """The session that Spark itself calls back in: a handler of micro-batches runs on a thread of its own."""
    if _running() is None:
        return None
    from pyspark.sql import SparkSession

    return SparkSession.getActiveSession()


class LazySpark:
    """Stands for the SparkSession of the running code; passes as an instance of SparkSession."""

    def __init__(self, fallback: Callable[[], Any] | None = None) -> None:
        object.__setattr__(self, "_fallback", fallback)

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        from pyspark.sql import SparkSession

        return SparkSession

    def _session(self) -> Any:
        context = current()
        if context is not None:
            return context.get_session()
        fallback = object.__getattribute__(self, "_fallback")
        if fallback is not None:
            return fallback()
        active = _active()
        if active is None:
            raise LdpError("LDP-2012", "there is no pipeline whose session `spark` could be")
        return active

    def __getattr__(self, name: str) -> Any:
        if name.startswith(("_repr_", "_ipython")):  # asked by IPython for each value shown
            raise AttributeError(name)
        context = current()
        if name == "conf" and context is not None:
            return PipelineConf(context)
        if name == "sql" and context is not None and _running() is None:
            from ldp_jupyter.spark.source_rules import taken_without_session

            return taken_without_session(lambda: self._session().sql)
        if name == "version":
            import pyspark

            return pyspark.__version__
        return getattr(self._session(), name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._session(), name, value)

    def __repr__(self) -> str:
        running = _running()
        return "<SparkSession: starts on first use>" if running is None else f"<SparkSession {running.version}>"

    def __dir__(self) -> list[str]:
        from pyspark.sql import SparkSession

        return dir(SparkSession)
