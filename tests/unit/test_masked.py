"""Columns with a mask are shown nowhere, under the same name downstream neither."""

from __future__ import annotations

from core_samples import NAMESPACE

from ldp_jupyter.declarations import Declarations, Location, SourceUnit
from ldp_jupyter.graph import Graph, declared_graph, rules_of
from ldp_jupyter.names import Name
from ldp_jupyter.sql import SqlScope, read_sql

SQL = """
CREATE OR REFRESH MATERIALIZED VIEW people (id INT, email STRING MASK hide, phone STRING MASK hide) AS SELECT 1;
CREATE TEMPORARY VIEW seen AS SELECT * FROM people;
CREATE OR REFRESH MATERIALIZED VIEW mails (CONSTRAINT c EXPECT (id > 1), email STRING MASK hide, id INT) AS SELECT 1;
CREATE OR REFRESH MATERIALIZED VIEW apart AS SELECT 1 AS email;
"""


def graph() -> Graph:
    declared = Declarations(SourceUnit("t.sql", "t.sql", "SQL"))
    read_sql(SQL, SqlScope(NAMESPACE, {}, {}), Location("t.sql", 1, 1), declared)
    made = declared_graph("shop", NAMESPACE, [declared])
    for name, source in (("seen", "people"), ("mails", "seen")):
        made.nodes[NAMESPACE.qualify(name)].flows[0].inputs = [NAMESPACE.qualify(source)]
    return made


def masked(made: Graph, name: str) -> set[str]:
    return set(made.masked(made.nodes[NAMESPACE.qualify(name)]))


def test_masks_reach_what_is_made_from_a_table() -> None:
    made = graph()
    assert masked(made, "people") == {"email", "phone"}
    assert masked(made, "seen") == {"email", "phone"}
    assert masked(made, "mails") == {"email", "phone"}
    assert masked(made, "apart") == set()


def test_a_circle_ends() -> None:
    made = graph()
    made.nodes[NAMESPACE.qualify("people")].flows[0].inputs = [NAMESPACE.qualify("mails"), Name("a", "b", "outside")]
    assert masked(made, "mails") == {"email", "phone"}


def test_rules_know_the_masked_columns_of_their_dataset() -> None:
    made = graph()
    rules = rules_of(made, made.nodes[NAMESPACE.qualify("mails")], {"ldp.violationSamples": "3"})
    assert (rules.dataset, rules.samples, set(rules.masked)) == ("mails", 3, {"email", "phone"})
