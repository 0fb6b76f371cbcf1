"""Python source run statement by statement where it must be: what this machine lacks does not end a source."""

from __future__ import annotations
import __future__

import ast
import traceback
from typing import TYPE_CHECKING, Any

from ldp_jupyter.absent import Absent, AbsentModule
from ldp_jupyter.errors import LdpError
from ldp_jupyter.sources.failures import source_problem
from ldp_jupyter.sources.modules import is_stood_in, stand_in

if TYPE_CHECKING:
    from ldp_jupyter.declarations import Declarations, Location

# flags of `from __future__` imports: they hold for the statements after them, too
_FUTURE = 0
for _name in __future__.all_feature_names:
    _FUTURE |= getattr(__future__, _name).compiler_flag

# Spark's words for a table or path that is not there
_NOT_HERE = (
    "TABLE_OR_VIEW_NOT_FOUND", "PATH_NOT_FOUND", "SCHEMA_NOT_FOUND", "CATALOG_NOT_FOUND", "DATA_SOURCE_NOT_FOUND",
)  # fmt: skip


def run_python(
    text: str, filename: str, namespace: dict[str, Any], declarations: Declarations, place: Location | None = None
) -> None:
    """Run Python source.

    A module that is not installed, a secret that is not set, a file or table that is not there: told as a problem
    marked `lacking`; the statement's names become stand-ins and the statements after it run.

    Parameters:
        text: source, its lines counted as users count them.
        filename: under which tracebacks find them.
        place: of the source, for what is missing without a place of its own.

    Raises:
        Exception: whatever else the source raises, `SyntaxError` included.
    """
    code = compile(text, filename, "exec", dont_inherit=True)
    flags = code.co_flags & _FUTURE
    statements: list[ast.stmt] | None = None  # most sources need no second look
    while True:
        try:
            exec(code, namespace)  # noqa: S102  (running pipeline source is the purpose)
            return
        except Exception as error:
            statements = ast.parse(text, filename).body if statements is None else statements
            index = _failed(error, statements, filename)
            if index is None:
                raise
            again = _mend(error, statements[index], filename, namespace, declarations, place)
            if again is None:
                raise
            statements = [*again, *statements[index + 1 :]]
        code = compile(ast.Module(statements, []), filename, "exec", flags, dont_inherit=True)


def _failed(error: BaseException, statements: list[ast.stmt], filename: str) -> int | None:
    """Which of the statements an exception came out of."""
    frames = traceback.extract_tb(error.__traceback__)
    line = next((f.lineno for f in frames if f.filename == filename and f.name == "<module>"), None)
    for index, statement in enumerate(statements):
        first = min([statement.lineno, *(d.lineno for d in getattr(statement, "decorator_list", ()))])
        if line is not None and first <= line <= (statement.end_lineno or first):
            return index
    return None


def _mend(
    error: Exception,
    statement: ast.stmt,
    filename: str,
    namespace: dict[str, Any],
    declarations: Declarations,
    place: Location | None,
) -> list[ast.stmt] | None:
    """What to run in place of a statement that lacked something; None where it failed for another reason."""
    if isinstance(error, ModuleNotFoundError) and error.name and not is_stood_in(error.name):
        problem = _told(error, declarations, place)
        stand_in(error.name, problem)
        if not isinstance(statement, (ast.For, ast.While)):  # its first rounds may have declared something
            return [statement]
    else:
        found = _lacking(error, declarations, place) or _consequence(error, statement, namespace)
        if found is None:
            return None
        problem = found
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
        kept = [d for d in statement.decorator_list if _evaluates(d, filename, namespace)]
        if len(kept) < len(statement.decorator_list):
            statement.decorator_list = kept
            return [statement]
    simple = isinstance(statement, (ast.Assign, ast.AnnAssign, ast.AugAssign))
    for name in _bound(statement):
        if simple or name not in namespace:
            namespace[name] = Absent(problem)
    return []


def _told(error: Exception, declarations: Declarations, place: Location | None) -> LdpError:
    """What is lacking, told once for each source."""
    problem = source_problem(error, "LDP-2002", location=place)
    for known in declarations.problems:
        if known.lacking and (known is problem or known.message == problem.message):
            return known
    problem.lacking = True
    declarations.problems.append(problem)
    return problem


def _lacking(error: Exception, declarations: Declarations, place: Location | None) -> LdpError | None:
    """The problem of an exception that says: not here."""
    if isinstance(error, LdpError):
        if not (error.lacking or error.code in ("LDP-2003", "LDP-2024", "LDP-2025")):
            return None
    elif not isinstance(error, (FileNotFoundError, NotADirectoryError)):
        condition = getattr(error, "getCondition", lambda: None)()
        if condition not in _NOT_HERE:
            return None
    return _told(error, declarations, place)


def _consequence(error: Exception, statement: ast.stmt, namespace: dict[str, Any]) -> LdpError | None:
    """What an earlier statement lacked, where this one fails for the sake of its stand-in."""
    if isinstance(error, LdpError) and error.code != "LDP-2011":
        return None
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            value = namespace.get(node.id)
            inner = getattr(getattr(value, "__code__", None), "co_names", ())
            for used in (value, *(namespace.get(name) for name in inner)):
                absent = used.absent if isinstance(used, AbsentModule) else used
                if isinstance(absent, Absent):
                    return absent.__ldp_problem__
    return None


def _evaluates(decorator: ast.expr, filename: str, namespace: dict[str, Any]) -> bool:
    try:
        eval(compile(ast.Expression(decorator), filename, "eval", dont_inherit=True), namespace)  # noqa: S307  (as above)
    except Exception:  # whatever it was, it is told already
        return False
    return True


def _bound(statement: ast.stmt) -> list[str]:
    """Names that a statement gives to its module."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return [statement.name]
    names = []
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.append(node.id)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names += [alias.asname or alias.name.split(".")[0] for alias in node.names if alias.name != "*"]
    return names
