"""SQL functions of pipeline source, registered in the session that its flows' sessions come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ldp_jupyter.errors import LdpError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ldp_jupyter.declarations import Declarations


def register_functions(session: Any, declarations: Sequence[Declarations]) -> list[LdpError]:
    """Register every function; temporary views and Python functions of the sources are there already.

    Parameters:
        session: base session of the pipeline.

    Returns:
        LDP-2006 for a name declared twice, LDP-2001 and LDP-2015 for functions that Spark does not take.
    """
    from ldp_jupyter.graph.spark_errors import first_sentence
    from ldp_jupyter.spark import guards

    problems: list[LdpError] = []
    known: dict[str, Any] = {}
    for function in (f for source in declarations for f in source.functions):
        other = known.setdefault(function.name.lower(), function)
        if other is not function:
            problems.append(
                LdpError(
                    "LDP-2006",
                    f'function "{function.name}" is declared twice',
                    location=function.location,
                    hint=f"also declared at {other.location}",
                )
            )
            continue
        try:
            guards.original(type(session), "sql")(session, function.text)
        except Exception as error:
            text = str(error)
            code = "LDP-2001" if "PARSE_SYNTAX_ERROR" in text else "LDP-2015"
            problems.append(
                LdpError(
                    code,
                    f'function "{function.name}": {first_sentence(text)}',
                    location=function.location,
                    detail=text,
                )
            )
    return problems
