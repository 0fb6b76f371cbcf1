"""Small random pipelines over rows (k, id, v, tag), as source text and as functions of plain Python over the same rows.

`k` is a case: nothing joins or groups rows of two cases, so one pipeline holds as many independent cases as there are
values of `k`, each with rows and arrivals of its own.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable

SCHEMA = "k INT, id BIGINT, v BIGINT, tag STRING"
SOURCES = ("landing_0", "landing_1")


class Row(NamedTuple):
    k: int
    id: int
    v: int | None
    tag: str | None


Tables = dict[str, list[Row]]


class Condition(NamedTuple):
    """SQL text, and the same of a row: None where a value that it needs is NULL."""

    sql: str
    holds: Callable[[Row], bool | None]


class Mapping(NamedTuple):
    """Expressions for `v` and `tag`, and what they make of a row."""

    v: str
    tag: str
    of: Callable[[Row], Row]


class Rule(NamedTuple):
    name: str
    condition: Condition
    drop: bool


@dataclass
class Counted:
    passed: int = 0
    failed: int = 0


@dataclass
class Dataset:
    """One dataset.

    Parameters:
        query: of each flow, by its name (empty: the dataset's own), in SQL or as Python's DataFrame.
        rows: the result of all its flows over the tables before it, its rules left out.
    """

    name: str
    kind: str  # stream, view of a stream, view of a batch, materialized
    queries: dict[str, str]
    rows: Callable[[Tables], list[Row]]
    rules: list[Rule] = field(default_factory=list)
    python: bool = False

    @property
    def stored(self) -> bool:
        return self.kind in ("stream", "materialized")

    def kept(self, rows: list[Row]) -> tuple[list[Row], dict[str, Counted]]:
        """Rows that its rules let pass, and what they counted."""
        counts = {rule.name: Counted() for rule in self.rules}
        kept = []
        for row in rows:
            wrong = [rule for rule in self.rules if rule.condition.holds(row) is not True]
            for rule in self.rules:
                if rule in wrong:
                    counts[rule.name].failed += 1
                else:
                    counts[rule.name].passed += 1
            if not any(rule.drop for rule in wrong):
                kept.append(row)
        return kept, counts

    def source(self) -> str:
        """The declaration."""
        return self._in_python() if self.python else self._in_sql()

    def _in_sql(self) -> str:
        rules = ", ".join(
            f"CONSTRAINT {r.name} EXPECT ({r.condition.sql})" + (" ON VIOLATION DROP ROW" if r.drop else "") for r in self.rules
        )
        what = {"stream": "STREAMING TABLE", "materialized": "MATERIALIZED VIEW"}[self.kind]
        head = f"CREATE OR REFRESH {what} {self.name}" + (f" ({rules})" if rules else "")
        own = self.queries.get("")
        text = f"{head} AS {own};\n" if own else f"{head};\n"
        for name, query in self.queries.items():
            if name:
                into = "INSERT INTO ONCE" if name.endswith("once") else "INSERT INTO"
                text += f"CREATE FLOW {name} AS {into} {self.name} BY NAME {query};\n"
        return text

    def _in_python(self) -> str:
        decorator = {"stream": "table", "materialized": "materialized_view"}.get(self.kind, "temporary_view")
        rules = "".join(
            f"@dp.expect{'_or_drop' if r.drop else ''}({r.name!r}, {r.condition.sql!r})\n" for r in self.rules
        )
        return f"@dp.{decorator}(name={self.name!r})\n{rules}def make_{self.name}():\n    return spark.sql({self.queries['']!r})\n"


@dataclass
class Graph:
    """Datasets in an order in which each reads only those before it."""

    datasets: list[Dataset]

    def files(self) -> dict[str, str]:
        """Source texts, declared the other way round, since order does not matter."""
        views = "".join(
            f"CREATE TEMPORARY VIEW {s} AS SELECT * FROM STREAM read_files('${{root}}/{s}', format => 'json', schema => '{SCHEMA}');\n"
            for s in SOURCES
        )
        backwards = self.datasets[::-1]
        return {
            "transformations/a.sql": "".join(d.source() for d in backwards if not d.python) + views,
            "transformations/b.py": "from pyspark import pipelines as dp\n\n"
            + "\n".join(d.source() for d in backwards if d.python),
        }

    def evaluate(self, landed: Tables) -> tuple[Tables, dict[str, dict[str, Counted]]]:
        """All tables as a batch over everything that landed, and what the rules of each count."""
        tables, counts = dict(landed), {}
        for dataset in self.datasets:
            tables[dataset.name], counts[dataset.name] = dataset.kept(dataset.rows(tables))
        return tables, counts

    def stored(self) -> list[Dataset]:
        return [d for d in self.datasets if d.stored]


def _less(limit: int) -> Condition:
    return Condition(f"v < {limit}", lambda row: None if row.v is None else row.v < limit)


def _part(factor: int, modulus: int, rest: int) -> Condition:
    return Condition(f"(id + k * {factor}) % {modulus} <> {rest}", lambda row: (row.id + row.k * factor) % modulus != rest)


def _tagged(tag: str) -> Condition:
    return Condition(f"tag <> '{tag}'", lambda row: None if row.tag is None else row.tag != tag)


def _null_or(limit: int) -> Condition:
    return Condition(f"v IS NULL OR v > {limit}", lambda row: row.v is None or row.v > limit)


small = st.integers(-2, 6)
conditions = st.one_of(
    st.builds(_part, st.integers(1, 3), st.integers(2, 4), st.integers(0, 3)),
    st.builds(_less, small),
    st.builds(_tagged, st.sampled_from("abX")),
    st.builds(_null_or, small),
)

_VALUES: list[tuple[str, Callable[[int | None], int | None]]] = [
    ("v", lambda v: v),
    ("v + 3", lambda v: None if v is None else v + 3),
    ("-v", lambda v: None if v is None else -v),
    ("coalesce(v, 1) * 2", lambda v: (1 if v is None else v) * 2),
]
_TAGS: list[tuple[str, Callable[[str | None], str | None]]] = [
    ("tag", lambda tag: tag),
    ("tag || 'X'", lambda tag: None if tag is None else tag + "X"),
    ("coalesce(tag, 'b')", lambda tag: "b" if tag is None else tag),
    ("upper(tag)", lambda tag: None if tag is None else tag.upper()),
]


@st.composite
def mappings(draw: st.DrawFn) -> Mapping:
    (v, of_v), (tag, of_tag) = draw(st.sampled_from(_VALUES)), draw(st.sampled_from(_TAGS))
    return Mapping(v, tag, lambda row: row._replace(v=of_v(row.v), tag=of_tag(row.tag)))


@st.composite
def rules(draw: st.DrawFn) -> list[Rule]:
    return [Rule(f"r{n}", draw(conditions), draw(st.booleans())) for n in range(draw(st.integers(0, 2)))]


class Query(NamedTuple):
    sql: str
    rows: Callable[[Tables], list[Row]]


@st.composite
def selections(draw: st.DrawFn, pool: list[str], stream: bool) -> Query:
    """Filter and map one input; the simplest is the newest, so that even the simplest graph is a chain."""
    name, condition, mapping = draw(st.sampled_from(pool[::-1])), draw(conditions), draw(mappings())
    word = "STREAM " if stream else ""
    sql = f"SELECT k, id, {mapping.v} AS v, {mapping.tag} AS tag FROM {word}{name} WHERE {condition.sql}"
    return Query(sql, lambda tables: [mapping.of(row) for row in tables[name] if condition.holds(row)])


@st.composite
def joins(draw: st.DrawFn, pool: list[str]) -> Query:
    """A stream with the fixed table: each row meets none, one or several of its rows."""
    name, condition, left = draw(st.sampled_from(pool[::-1])), draw(conditions), draw(st.booleans())
    sql = (
        f"SELECT s.k, s.id, s.v + d.v AS v, d.tag FROM (SELECT * FROM STREAM {name} WHERE {condition.sql}) s "
        f"{'LEFT ' if left else ''}JOIN fixed d ON s.id % 4 = d.id"
    )

    def rows(tables: Tables) -> list[Row]:
        found = []
        for row in tables[name]:
            if condition.holds(row):
                met = [d for d in tables["fixed"] if d.id == row.id % 4]
                found += [row._replace(v=None if row.v is None or d.v is None else row.v + d.v, tag=d.tag) for d in met]
                if left and not met:
                    found.append(row._replace(v=None, tag=None))
        return found

    return Query(sql, rows)


@st.composite
def aggregations(draw: st.DrawFn, pool: list[str]) -> Query:
    name, condition = draw(st.sampled_from(pool[::-1])), draw(conditions)
    sql = f"SELECT k, count(*) AS id, sum(v) AS v, tag FROM {name} WHERE {condition.sql} GROUP BY k, tag"

    def rows(tables: Tables) -> list[Row]:
        groups = defaultdict(list)
        for row in tables[name]:
            if condition.holds(row):
                groups[row.k, row.tag].append(row)
        return [Row(k, len(found), _sum(r.v for r in found), tag) for (k, tag), found in groups.items()]

    return Query(sql, rows)


@st.composite
def pairings(draw: st.DrawFn, pool: list[str]) -> Query:
    """A join of two datasets, put together again for each case."""
    one, two = draw(st.sampled_from(pool[::-1])), draw(st.sampled_from(pool[::-1]))
    sql = (
        f"SELECT l.k, count(*) AS id, sum(l.v - r.v) AS v, max(r.tag) AS tag FROM {one} l JOIN {two} r "
        "ON l.k = r.k AND l.id % 3 = r.id % 3 GROUP BY l.k"
    )

    def rows(tables: Tables) -> list[Row]:
        groups = defaultdict(list)
        right = defaultdict(list)
        for row in tables[two]:
            right[row.k, row.id % 3].append(row)
        for row in tables[one]:
            groups[row.k] += [(row, other) for other in right[row.k, row.id % 3]]
        return [
            Row(
                k,
                len(pairs),
                _sum(None if a.v is None or b.v is None else a.v - b.v for a, b in pairs),
                max((b.tag for _, b in pairs if b.tag is not None), default=None),
            )
            for k, pairs in groups.items()
            if pairs
        ]

    return Query(sql, rows)


def _sum(values: object) -> int | None:
    known = [v for v in values if v is not None]  # type: ignore[attr-defined]
    return sum(known) if known else None


FIXED = [Row(0, 0, 5, "a"), Row(0, 1, None, "b"), Row(0, 1, 7, None), Row(0, 2, -3, "X")]


def fixed() -> Dataset:
    values = ", ".join(f"({r.k}, {r.id}L, {_literal(r.v)}, {_literal(r.tag)})" for r in FIXED)
    query = f"SELECT k, id, CAST(v AS BIGINT) AS v, tag FROM VALUES {values} AS t(k, id, v, tag)"
    return Dataset("fixed", "materialized", {"": query}, lambda _: list(FIXED))


def _literal(value: int | str | None) -> str:
    return "NULL" if value is None else f"'{value}'" if isinstance(value, str) else str(value)


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """A table from files, a view, a table with several flows and one that runs once, a join, views over all of them."""
    streams, batches = list(SOURCES), ["fixed"]
    datasets = [fixed()]

    def add(name: str, kind: str, query: Query | dict[str, Query], python: bool) -> None:
        queries = query if isinstance(query, dict) else {"": query}
        parts = list(queries.values())
        dataset = Dataset(
            name,
            kind,
            {flow: q.sql for flow, q in queries.items()},
            lambda tables: [row for part in parts for row in part.rows(tables)],
            draw(rules()),
            python,
        )
        datasets.append(dataset)
        if kind in ("stream", "view of a stream"):
            streams.append(name)
        if kind in ("stream", "view of a batch", "materialized"):
            batches.append(name)

    add("first", "stream", draw(selections(list(SOURCES), True)), draw(st.booleans()))
    add("viewed", "view of a stream", draw(selections(streams, True)), True)
    flows = {f"into_{n}": draw(selections(streams, True)) for n in range(draw(st.integers(1, 2)))}
    add("several", "stream", flows | {"into_once": draw(selections(["fixed"], False))}, False)
    add("joined", "stream", draw(joins(streams)), draw(st.booleans()))
    add("seen", "view of a batch", draw(selections(batches, False)), True)
    for n in range(draw(st.integers(2, 3))):
        make = draw(st.sampled_from((aggregations, pairings)))
        add(f"result_{n}", "materialized", draw(make(batches)), draw(st.booleans()))
    return Graph(datasets)
