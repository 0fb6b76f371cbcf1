"""What the code of a flow does that the platform would not take, or that has no effect here; told by the dry run."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

from ldp_jupyter.context import current
from ldp_jupyter.declarations import Location, Note
from ldp_jupyter.declarations.local_only import local_only
from ldp_jupyter.errors import LdpError
from ldp_jupyter.names import did_you_mean
from ldp_jupyter.pipelines.arguments import location_of
from ldp_jupyter.sources.failures import is_user_frame

if TYPE_CHECKING:
    from ldp_jupyter.declarations import SqlQuery

# Options of Auto Loader, as the platform spells them.
_USED = (
    "format",
    "schemaHints",
    "inferColumnTypes",
    "inferSchema",
    "maxFilesPerTrigger",
    "maxBytesPerTrigger",
    "maxFileAge",
    "includeExistingFiles",
    "allowOverwrites",
    "cleanSource.moveDestination",
    "cleanSource.retentionDuration",
    "partitionColumns",
    "fileNamePattern",
    "mergeSchema",
    "rescuedDataColumn",
)
# Those without effect, with the values that ask for what happens here in any case.
IDLE_OPTIONS: dict[str, tuple[str, ...]] = {
    "schemaLocation": (),
    "schemaEvolutionMode": ("addnewcolumns", "rescue", "failonnewcolumns", "none"),
    "backfillInterval": (),
    "cleanSource": ("off",),
    "useNotifications": ("false",),
    "useManagedFileEvents": ("false",),
    "useIncrementalListing": ("false", "auto"),
    "useStrictGlobber": ("true",),
    "validateOptions": ("true",),
    "fetchParallelism": (),
    "resourceTag": (),
    "region": (),
    "queueUrl": (),
    "listOnStart": (),
    "pathRewrites": (),
    "roleArn": (),
    "roleExternalId": (),
    "roleSessionName": (),
    "stsEndpoint": (),
}
# Options of files in general that Spark's own readers do not have, in the same way.
_IDLE_OF_FILES: dict[str, tuple[str, ...]] = {
    "badRecordsPath": (),
    "skipRows": ("0",),
    "readerCaseSensitive": ("true",),
}
# Options of Auto Loader alone: on the platform they need its prefix.
_NEED_PREFIX = frozenset({
    "allowoverwrites", "backfillinterval", "includeexistingfiles", "infercolumntypes", "schemaevolutionmode",
    "schemahints", "schemalocation", "useincrementallisting", "usemanagedfileevents", "usenotifications",
    "usestrictglobber", "validateoptions",
})  # fmt: skip
_LIMITS = ("maxBytesPerTrigger", "maxFilesPerTrigger")
_PREFIX = "cloudfiles."
_NO_TIME = re.compile(r"\s*(interval\s+)?'?0\b", re.IGNORECASE)
_BY_LOWER = {name.lower(): name for name in (*_USED, *IDLE_OPTIONS)}
_CLOUD = (
    "aws", "azure", "client", "connection", "databricks", "project", "queue", "resource", "subscription", "tenant",
    "topic",
)  # fmt: skip


class Notices:
    """What is noticed while one flow is evaluated."""

    def __init__(self) -> None:
        self.notes: list[Note] = []
        self._idle: dict[str, Location | None] = {}
        self._idle_of_files: dict[str, Location | None] = {}
        self._places: set[Location | None] = set()
        # processed files are moved, and kept for no time before
        self._moves, self._at_once = False, False
        # a batch has a limit of files, and one of bytes
        self._limits: set[str] = set()
        # options of Auto Loader without its prefix, and whether one had it
        self._bare: list[Location | None] = []
        self._prefixed = False

    def action(self, key: str) -> None:
        """A call of `LOCAL_ONLY` in a dataset function. What such a method calls itself stands at the same place."""
        place = _user_place()
        if place not in self._places:
            self._places.add(place)
            self.notes.append(local_only(key, place))

    def option(self, key: str, value: Any) -> None:
        """An option of a reader.

        Raises:
            LdpError: LDP-2011 for one of Auto Loader's that it does not have.
        """
        lower = key.lower()
        if not lower.startswith(_PREFIX):
            self._plain_option(lower, str(value).lower())
            return
        place = _user_place()
        self._prefixed = True
        name = key[len(_PREFIX) :]
        known = _BY_LOWER.get(name.lower())
        if known in _LIMITS:
            self._limits.add(known)
        self._moves |= known == "cleanSource" and str(value).lower() == "move"
        self._at_once |= known == "cleanSource.retentionDuration" and bool(_NO_TIME.match(str(value)))
        if known in IDLE_OPTIONS and str(value).lower() not in IDLE_OPTIONS[known]:
            self._idle.setdefault(known, place)
        elif known is None and not name.lower().startswith(_CLOUD):
            raise LdpError(
                "LDP-2011",
                f'Auto Loader has no option "{key}"',
                hint=_near(name) or "its options begin with cloudFiles.; those of the format do not",
                location=place,
            )

    def _plain_option(self, lower: str, value: str) -> None:
        """An option without Auto Loader's prefix."""
        idle = next((name for name in _IDLE_OF_FILES if name.lower() == lower), None)
        if idle is not None and value not in _IDLE_OF_FILES[idle]:
            self._idle_of_files.setdefault(idle, _user_place())
        if lower in _NEED_PREFIX:
            self._bare.append(_user_place())

    def sql(self, query: SqlQuery) -> None:
        """Forms and options in the text of a query."""
        from ldp_jupyter.sql.text import position, strip_comments

        plain = strip_comments(query.text)
        if re.search(r"\bPIVOT\s*\(", plain, re.IGNORECASE):
            found = re.search(r"\bPIVOT\s*\(", query.text, re.IGNORECASE)
            self.notes.append(local_only("PIVOT", _moved(query, position(query.text, found.start() if found else 0))))
        if not re.search(r"\b(read_files|cloud_files)\s*\(", plain, re.IGNORECASE):
            return
        self._limits |= {name for name in _LIMITS if re.search(rf"\b{name}\b", query.text, re.IGNORECASE)}
        self._moves |= bool(re.search(r"\bcleanSource\W+MOVE\b", query.text, re.IGNORECASE))
        self._at_once |= bool(re.search(r"\bcleanSource\.retentionDuration\W+0\b", query.text, re.IGNORECASE))
        for options, idle in ((IDLE_OPTIONS, self._idle), (_IDLE_OF_FILES, self._idle_of_files)):
            for option, quiet in options.items():
                found = re.search(
                    rf"(?:\b{option}\b\s*=>|'(?:cloudFiles\.)?{option}'\s*,)\s*'?(\w*)", query.text, re.IGNORECASE
                )
                if found and found[1].lower() not in quiet:
                    idle.setdefault(option, _moved(query, position(query.text, found.start())))
        for found in re.finditer(r"\b(\w+)\s*=>", query.text):
            near = _near(found[1]) if found[1].lower() not in _BY_LOWER else None
            if near and found[1].lower() not in _FILE_OPTIONS:
                raise LdpError(
                    "LDP-2011",
                    f'read_files has no parameter "{found[1]}"',
                    hint=near,
                    location=_moved(query, position(query.text, found.start())),
                )

    def all(self) -> list[Note]:
        """Everything noticed; options without effect in one note."""
        if self._moves and self._at_once:
            self._idle.pop("cleanSource", None)
        notes = list(self.notes)
        if self._bare and self._prefixed:
            notes.append(local_only("bare option", self._bare[0]))
        if len(self._limits) == len(_LIMITS):
            self._idle.setdefault("maxBytesPerTrigger beside maxFilesPerTrigger", None)
        if self._idle:
            notes.append(_without_effect("Auto Loader's ", self._idle))
        if self._idle_of_files:
            notes.append(_without_effect("the options ", self._idle_of_files))
        return notes


def _without_effect(what: str, options: dict[str, Location | None]) -> Note:
    text = f"{what}{', '.join(options)} {'has' if len(options) == 1 else 'have'} no effect"
    if len(options) == 1:
        text = text.replace("the options ", "the option ")
    return Note("no_effect", text, next(iter(options.values())))


# Options of formats and of files in general, which read_files takes as well.
_FILE_OPTIONS = frozenset({
    "allowbackslashescapinganycharacter", "allowcomments", "allownonnumericnumbers", "allownumericleadingzeros",
    "allowsinglequotes", "allowunquotedcontrolchars", "allowunquotedfieldnames", "attributeprefix", "badrecordspath",
    "charset", "chartoescapequoteescaping", "columnnameofcorruptrecord", "comment", "dateformat",
    "datetimerebasemode", "declaration", "delimiter", "dropfieldifallnull", "emptyvalue", "encoding", "enforceschema",
    "escape", "escapequotes", "excludeattribute", "header", "ignorecorruptfiles", "ignoreleadingwhitespace",
    "ignoremissingfiles", "ignoresurroundingspaces", "ignoretrailingwhitespace", "inferschema", "inferts",
    "int96rebasemode", "lineseparator", "linesep", "locale", "maxcharspercolumn", "maxcolumns", "mergeschema", "mode",
    "modifiedafter", "modifiedbefore", "multiline", "nanvalue", "negativeinf", "nullvalue", "pathglobfilter",
    "positiveinf", "preferdate", "prefersdate", "prefersdecimal", "primitivesasstring", "quote", "quoteall",
    "quoteescapecharacter", "quotemode", "readercasesensitive", "recursivefilelookup", "rescueddatacolumn", "roottag",
    "rowtag", "rowvalidationxsdpath", "samplingratio", "schema", "sep", "singlevariantcolumn", "skiprows",
    "timestampformat", "timestampntzformat", "timezone", "unescapedquotehandling", "unescapequotes", "valuetag",
    "wholetext", "wildcardcolname", "path",
})  # fmt: skip


def _near(name: str) -> str | None:
    import difflib

    near = difflib.get_close_matches(name.lower(), list(_BY_LOWER), n=1, cutoff=0.8)
    return did_you_mean(name, [_BY_LOWER[near[0]]]) if near else None


def _moved(query: SqlQuery, at: tuple[int, int]) -> Location | None:
    from ldp_jupyter.graph.evaluate import place_in

    return place_in(query.location, *at)


def _user_place() -> Location | None:
    """The innermost line of the user's that is running."""
    frame = sys._getframe(1)
    while frame is not None and not is_user_frame(frame.f_code.co_filename):
        frame = frame.f_back  # type: ignore[assignment]
    return location_of(frame.f_code.co_filename, frame.f_lineno, current()) if frame is not None else None
