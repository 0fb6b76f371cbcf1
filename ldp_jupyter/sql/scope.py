"""What one statement leaves for those after it in the same file or notebook."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ldp_jupyter.names import Namespace


@dataclass
class SqlScope:
    """State that is carried from statement to statement.

    Parameters:
        namespace: default catalog and schema; USE and SET CATALOG change it.
        confs: Spark settings of the flows that follow; SET adds to them.
        parameters: the pipeline's configuration, for ``${key}``, ``:key`` and ``IDENTIFIER(:key)``.
        named: the pipeline's parameters, for ``:key`` and ``IDENTIFIER(:key)`` before the configuration.
    """

    namespace: Namespace
    confs: dict[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    named: Mapping[str, str] = field(default_factory=dict)
    # As written after SET, quotes included: what ${key} puts into the text. A Spark setting bears no quotes.
    _written: dict[str, str] = field(default_factory=dict, init=False, repr=False)
    _home: Namespace | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        self._home = self.namespace

    @property
    def home(self) -> Namespace:
        """The namespace before any USE, from which names are shown."""
        return self._home or self.namespace

    def set(self, key: str, written: str, value: str) -> None:
        """What ``SET key = written`` does.

        Parameters:
            value: the setting's value, without quotes.
        """
        self.confs[key] = value
        self._written[key] = written

    def value_of(self, key: str) -> str | None:
        """The text that ``${key}`` stands for, or None."""
        for values in (self._written, self.confs, self.parameters):
            if key in values:
                return str(values[key])
        return None

    def parameter(self, name: str) -> str | None:
        """The value of ``:name``, or None."""
        for values in (self.named, self.parameters):
            if name in values:
                return str(values[name])
        return None

    @property
    def known(self) -> list[str]:
        """All keys that have a value."""
        return list(dict.fromkeys([*self._written, *self.confs, *self.named, *self.parameters]))
