"""`{{secrets/scope/key}}` in settings: the secret, where it is set here."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ldp_jupyter.dbutils.utils import Secrets
from ldp_jupyter.errors import LdpError

if TYPE_CHECKING:
    from collections.abc import Mapping

_REFERENCE = re.compile(r"\{\{\s*secrets/([^/{}]+)/([^/{}]+?)\s*\}\}")


def with_secrets(settings: Mapping[str, str]) -> dict[str, str]:
    """Settings with the secrets that they name; a reference to one that is not set stays as it is."""
    return {key: _REFERENCE.sub(_secret, value) if "{{" in value else value for key, value in settings.items()}


def lacking_secrets(settings: Mapping[str, str]) -> list[tuple[str, LdpError]]:
    """Settings that name a secret which is not set here, with what to do about it."""
    lacking = []
    for key, value in settings.items():
        for scope, name in _REFERENCE.findall(value):
            try:
                Secrets().get(scope.strip(), name)
            except LdpError as problem:
                lacking.append((key, problem))
    return lacking


def _secret(reference: re.Match[str]) -> str:
    try:
        return Secrets().get(reference[1].strip(), reference[2])
    except LdpError:
        return reference[0]
