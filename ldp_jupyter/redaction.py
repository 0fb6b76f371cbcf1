"""Secrets kept out of what is logged, saved and shown.

Two ways lead to a secret: by the name of a setting or option (`is_secret`), and by the value itself, once it was read
(`remember`): texts that hold a remembered value are shown without it (`scrub`).
"""

from __future__ import annotations

import html
import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

HIDDEN = "[redacted]"
# Shorter values would be found in words that have nothing to do with them.
_SHORTEST = 6
_WORDS = ("secret", "passw", "passphrase", "token", "credential", "jaas")
# What a name ends with whose value is nothing but a secret: it is looked for in all texts. "secret_scope" is none.
_ENDS = re.compile(
    r"(secret|passw(or)?d|passphrase|token|credentials?|(api|access|account|shared|private|secret)[._-]?key)$"
)
_KEYS = ("apikey", "accesskey", "accountkey", "privatekey", "sharedkey", "secretkey")
# A "key" after one of these is a column's name.
_OF_TABLES = {"primary", "foreign", "partition", "join", "sort", "group", "natural", "business", "merge", "surrogate"}
_REFERENCE = re.compile(r"\s*\{\{\s*secrets/[^}]*\}\}\s*")  # names a secret and holds none
_USER_INFO = re.compile(r"(://[^/\s:@]+:)[^/\s@]+@")
_IN_VALUE = re.compile(
    r"\b((?:password|passwd|pwd|token|secret|sig|\w*(?:account|access)key)\s*=\s*)[^;&\s\"']+", re.IGNORECASE
)

_known: set[str] = set()
_pattern: re.Pattern[str] | None = None


def is_secret(name: str) -> bool:
    """Whether a setting or option of this name holds a secret."""
    segments = _segments(name)
    text = "".join(segments)
    if any(word in text for word in (*_WORDS, *_KEYS)):
        return True
    return any(
        segment == "key" and (place == 0 or segments[place - 1] not in _OF_TABLES)
        for place, segment in enumerate(segments)
    )


def hidden(name: str, value: Any) -> Any:
    """A setting's value as it may be shown, inner settings included."""
    if isinstance(value, str):
        if is_secret(name) and value and not _REFERENCE.fullmatch(value):
            return HIDDEN
        return scrub(_IN_VALUE.sub(rf"\1{HIDDEN}", _USER_INFO.sub(rf"\1{HIDDEN}@", value)))
    if isinstance(value, dict):
        return hidden_in(value)
    if isinstance(value, (list, tuple)):
        return [hidden(name, inner) for inner in value]
    return HIDDEN if is_secret(name) and value is not None and not isinstance(value, bool) else value


def hidden_in(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as they may be shown."""
    return {name: hidden(name, value) for name, value in settings.items()}


def remember(value: str) -> None:
    """Keep a secret out of all texts of this process from now on."""
    global _pattern  # noqa: PLW0603  (one set of secrets for the process, as there is one environment)
    if len(value) < _SHORTEST or value in _known:
        return
    # as it is, within JSON, within HTML
    _known.update((value, json.dumps(value)[1:-1], html.escape(value)))
    _pattern = re.compile("|".join(re.escape(text) for text in sorted(_known, key=len, reverse=True)))


def remember_settings(settings: Mapping[str, str]) -> None:
    """Keep the values of settings out of all texts whose names say that they are secrets."""
    for name, value in settings.items():
        if _ENDS.search(name.lower()) and not _REFERENCE.fullmatch(value):
            remember(value)


def secrets_known() -> bool:
    """Whether there is anything to look for in texts."""
    return _pattern is not None


def scrub(text: str) -> str:
    """A text without the secrets that were read."""
    return text if _pattern is None else _pattern.sub(HIDDEN, text)


def scrubbed(value: Any) -> Any:
    """Plain values without the secrets that were read."""
    if _pattern is None:
        return value
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, dict):
        return {key: scrubbed(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [scrubbed(inner) for inner in value]
    return value


def _segments(name: str) -> list[str]:
    """The words of a name: of ``fs.azure.account.key``, ``api_key``, ``accessKey``."""
    return [word.lower() for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+", name)]
