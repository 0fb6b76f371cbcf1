"""Values that stand for what this machine lacks while declarations are read: a module, a secret, rows of a table.

A source that asks for such a thing still declares what it declares. What is lacking is told once, as one problem, and
its stand-in goes through the rest of the source: every attribute and every call of it is a stand-in again, and there is
nothing in it to loop over. A dataset function that touches one is told the same problem: no query is ever made of it.
"""

from __future__ import annotations

from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, NoReturn

from ldp_jupyter.context import current

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ldp_jupyter.errors import LdpError


class Absent:
    """Stands for one value that is not there.

    Parameters:
        problem: what is lacking, as it was told.
    """

    _problem: LdpError

    def __init__(self, problem: LdpError) -> None:
        self.__dict__["_problem"] = problem

    @property
    def __ldp_problem__(self) -> LdpError:
        return self._problem

    def _more(self) -> Absent:
        context = current()
        if context is not None and context.resolver is not None:
            raise self._problem
        return self

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # a protocol that is not listed here: what asks for it takes another way
            raise AttributeError(name)
        return self._more()

    def __setattr__(self, name: str, value: Any) -> None:
        self._more()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if len(args) == 1 and not kwargs and isinstance(args[0], (FunctionType, type)):
            return args[0]  # a decorator, as far as one can tell
        return self._more()

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[type, ...]:
        return (_AbsentBase,)

    def __iter__(self) -> Iterator[Any]:
        self._more()
        return iter(())

    def __len__(self) -> int:
        self._more()
        return 0

    def __bool__(self) -> bool:
        self._more()
        return False

    def __contains__(self, item: object) -> bool:
        self._more()
        return False

    def __getitem__(self, key: object) -> Absent:
        return self._more()

    def __setitem__(self, key: object, value: object) -> None:
        self._more()

    def __enter__(self) -> Any:
        return self._more()

    def __exit__(self, *error: object) -> None:
        return None

    def _operate(self, *_others: Any) -> Absent:
        return self._more()

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _operate
    __mod__ = __rmod__ = __floordiv__ = __rfloordiv__ = __and__ = __rand__ = __or__ = __ror__ = __invert__ = _operate
    __neg__ = _operate

    def _number(self) -> NoReturn:
        raise self._problem

    __int__ = __float__ = __index__ = __lt__ = __gt__ = __le__ = __ge__ = _number

    def __str__(self) -> str:
        self._more()
        return "(not here)"

    def __repr__(self) -> str:
        return f"<not here: {self._problem.message}>"

    def __reduce__(self) -> NoReturn:
        raise self._problem


class _AbsentBase:
    """Base of a class whose own base is not there."""

    def __init__(self, *_args: Any, **kwargs: Any) -> None:
        self.__dict__.update(kwargs)


class AbsentModule(ModuleType):
    """Stands for a module that is not installed; it has whatever is asked of it."""

    def __init__(self, name: str, problem: LdpError) -> None:
        super().__init__(name, problem.message)
        self.__path__: list[str] = []
        self.__all__: list[str] = []
        self.absent = Absent(problem)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self.absent._more()
