"""Flows into declared tables, and sinks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ldp_jupyter.declarations import Flow, PythonQuery, Sink
from ldp_jupyter.errors import LdpError
from ldp_jupyter.pipelines import arguments as check
from ldp_jupyter.pipelines.expectations import refuse_rules
from ldp_jupyter.pipelines.layers import innermost, layer

if TYPE_CHECKING:
    from collections.abc import Callable


@check.api
def append_flow(
    name: Any = None,
    target: str | None = None,
    comment: str | None = None,
    spark_conf: dict[str, str] | None = None,
    once: bool = False,
) -> Callable[[Any], Any]:
    """Append the rows of a query to a streaming table or sink.

    Parameters:
        name: default: the function's name. It is the checkpoint's identity: renaming a flow reads its source again.
        target: a streaming table or sink declared in the pipeline.
        once: a batch query that runs one time, and again after a full refresh of the target.
    """
    return _flow("append_flow", name, target, comment, spark_conf, check.flag("append_flow", "once", once))


@check.api
def update_flow(
    name: Any = None,
    target: str | None = None,
    spark_conf: dict[str, str] | None = None,
    comment: str | None = None,
) -> Callable[[Any], Any]:
    """Write a streaming query to a sink in update mode."""
    confs = {**check.text_map("update_flow", "spark_conf", spark_conf), "ldp.outputMode": "update"}
    return _flow("update_flow", name, target, comment, confs, once=False)


def replace_flow(*_args: Any, **_kwargs: Any) -> Callable[[Any], Any]:
    """A beta of the platform that is not supported here.

    Raises:
        LdpError: LDP-2023, always.
    """
    raise LdpError(
        "LDP-2023", "replace_flow is a beta of the platform and not supported here", location=check.caller_location()
    )


def _flow(decorator: str, name: Any, target: Any, comment: Any, spark_conf: Any, once: bool) -> Callable[[Any], Any]:
    if not isinstance(target, str):
        check.wrong(decorator, "target", target, "the name of a streaming table or sink")
    check.text(decorator, "name", name)
    confs = check.text_map(decorator, "spark_conf", spark_conf)

    def register(function: Callable[[], Any]) -> Any:
        context, declarations = check.declaring()
        refuse_rules(decorator, function)
        place = check.function_location(function)
        declarations.flows.append(
            Flow(
                name or function.__name__,
                check.full_name(context, target),
                PythonQuery(innermost(function)),
                context.namespace,
                once=once,
                confs={**context.confs, **confs},
                comment=comment,
                location=place,
                sink=target,
            )
        )
        return layer(innermost(function), flow=decorator)

    return register


@check.api
def create_sink(name: str, format: str, options: dict[str, str] | None = None) -> None:  # noqa: A002
    """Declare a streaming target outside the pipeline's own tables.

    Parameters:
        format: ``delta`` (option ``tableName`` or ``path``), ``kafka`` or any streaming format.
    """
    _, declarations = check.declaring()
    for parameter, value in (("name", name), ("format", format)):
        if not isinstance(value, str):
            check.wrong("create_sink", parameter, value, "str")
    given = check.text_map("create_sink", "options", options)
    if format.lower() == "delta" and ("path" in given) == ("tableName" in given):
        check.wrong("create_sink", "options", options, 'for the format delta "tableName" or "path", one of the two')
    declarations.sinks.append(Sink(name, format, given, location=check.caller_location()))


@check.api
def foreach_batch_sink(name: Any = None) -> Any:
    """Declare a sink whose function ``f(df, batch_id)`` handles each micro-batch."""

    def register(function: Callable[[Any, int], None]) -> Callable[[Any, int], None]:
        _, declarations = check.declaring()
        check.takes("foreach_batch_sink", "function", function, 2, "a function of the batch's DataFrame and its number")
        own_name = name if isinstance(name, str) else function.__name__
        declarations.sinks.append(
            Sink(own_name, "foreachBatch", handler=function, location=check.function_location(function))
        )
        return function

    if callable(name):
        return register(name)
    check.text("foreach_batch_sink", "name", name)
    return register
