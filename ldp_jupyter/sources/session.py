"""The session while one source is read: what the source sets holds for it alone, and starts no Spark by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ldp_jupyter.context import Context


class SourceSession:
    """Lends the pipeline's session to a source; settings and `USE` of the source are put back at its end.

    What the source sets before it needs Spark is kept in its context and comes into the session with the first need.

    Parameters:
        base: context of the pipeline.
        context: of the source; its `get_session` goes through this object from now on.
    """

    def __init__(self, base: Context, context: Context) -> None:
        self._base = base
        self._context = context
        self._session: Any = None
        context.get_session = self._lend

    def _lend(self) -> Any:
        if self._session is None:
            self._session = session = self._base.get_session()
            for key, value in self._context.confs.items():
                if key.startswith("spark.") and self._base.confs.get(key) != value:
                    self._context.replaced.setdefault(key, session.conf.get(key, None))
                    session.conf.set(key, value)
            if self._context.namespace != self._base.namespace:
                _stand(session, self._context)
        return self._session

    def __enter__(self) -> None:
        """Nothing yet: the session comes with the first need."""

    def __exit__(self, *error: object) -> None:
        if self._session is None:
            return
        for key, value in self._context.replaced.items():
            if value is None:
                self._session.conf.unset(key)
            else:
                self._session.conf.set(key, value)
        if self._context.namespace != self._base.namespace:
            _stand(self._session, self._base)


def _stand(session: Any, context: Context) -> None:
    from ldp_jupyter.spark import bridge

    namespace = context.namespace
    bridge.prepare_session(session, session.conf.get(bridge.WAREHOUSE_SETTING), namespace.catalog, namespace.schema)
