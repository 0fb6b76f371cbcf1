"""Schemas: declared ones against what flows give, one schema from several flows, comments and columns of AUTO CDC."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.spark

FULL = "id INT, name STRING, op STRING, version BIGINT"
LESS = "id INT, name STRING, op STRING"
TARGETS = {
    "its own query": "CREATE STREAMING TABLE target ({}) AS SELECT * FROM STREAM archive.changes",
    "a named flow": "CREATE STREAMING TABLE target ({});\n"
                    "CREATE FLOW f AS INSERT INTO target BY NAME SELECT * FROM STREAM archive.changes",
    "AUTO CDC": "CREATE STREAMING TABLE target ({}) FLOW AUTO CDC FROM STREAM archive.changes KEYS (id) SEQUENCE BY version",
    "a named AUTO CDC flow": "CREATE STREAMING TABLE target ({});\nCREATE FLOW f AS AUTO CDC INTO target "
                             "FROM STREAM archive.changes KEYS (id) SEQUENCE BY version",
}


@pytest.mark.parametrize("form", TARGETS)
def test_a_schema_with_every_column_of_the_flow_fits(sql, form):
    # The platform's AUTO CDC targets have the columns of the source alone; open-source Spark adds one of its own.
    assert sql(TARGETS[form].format(FULL)).fine().columns("target") == [
        "id int", "name string", "op string", "version bigint"]


@pytest.mark.parametrize("form", TARGETS)
def test_a_schema_that_lacks_a_column_of_the_flow_does_not(sql, form):
    problem = sql(TARGETS[form].format(LESS)).problem()
    assert (problem.code, problem.dataset) == ("LDP-2020", "target")
    assert "version" in problem.message
    assert problem.location.line in (1, 2)


@pytest.mark.parametrize("form", TARGETS)
def test_columns_that_no_flow_gives_are_filled_with_null(sql, form):
    assert sql(TARGETS[form].format(FULL + ", extra DATE")).fine().columns("target")[-1] == "extra date"


@pytest.mark.parametrize(("declared", "given"), [
    ("INT", "array(1)"), ("INT", "'text'"), ("DATE", "1"), ("STRUCT<a: INT>", "1"), ("BOOLEAN", "1"),
])
def test_types_that_do_not_fit(sql, declared, given):
    problem = sql(f"CREATE MATERIALIZED VIEW a (x {declared}) AS SELECT {given} AS x").problem()
    assert (problem.code, problem.dataset) == ("LDP-2020", "a")
    assert '"x"' in problem.message


@pytest.mark.parametrize(("declared", "given"), [
    ("BIGINT", "1"), ("STRING", "'a'"), ("VARCHAR(5)", "'a'"), ("DECIMAL(10, 2)", "CAST(1 AS DECIMAL(5, 2))"),
    ("STRING", "NULL"), ("BIGINT NOT NULL", "1L"),
])
def test_types_that_fit(sql, declared, given):
    sql(f"CREATE MATERIALIZED VIEW a (x {declared}) AS SELECT {given} AS x").fine()


def test_scd_type_2_needs_its_two_columns_in_a_declared_schema(sql):
    text = """CREATE STREAMING TABLE target ({}) FLOW AUTO CDC FROM STREAM archive.changes KEYS (id)
              SEQUENCE BY version STORED AS SCD TYPE 2"""
    sql(text.format(FULL + ", __START_AT BIGINT, __END_AT BIGINT")).fine()
    problem = sql(text.format(FULL)).problem()
    assert (problem.code, problem.dataset) == ("LDP-2020", "target")
    assert "__START_AT" in problem.message


MERGED = {
    "the same columns": ("SELECT 1 AS id", "SELECT 2 AS id", ["id int"]),
    "other columns": ("SELECT 1 AS id", "SELECT 'x' AS name", ["id int", "name string"]),
    "another order": ("SELECT 1 AS id, 'x' AS name", "SELECT 'y' AS name, 2 AS id", ["id int", "name string"]),
    "another letter case": ("SELECT 1 AS id, 'x' AS value", "SELECT 1 AS ID, 'y' AS Value", ["id int", "value string"]),
    "a wider type": ("SELECT 1 AS id", "SELECT 2L AS id", ["id bigint"]),
    "a narrower type": ("SELECT 1L AS id", "SELECT 2 AS id", ["id bigint"]),
    "NULL": ("SELECT 1 AS id, NULL AS name", "SELECT 2 AS id, 'x' AS name", ["id int", "name string"]),
    "more fields of a struct": (
        "SELECT struct(1 AS a) AS s", "SELECT named_struct('a', 2, 'b', 'x') AS s", ["s struct<a:int,b:string>"]),
    "more fields in an array": (
        "SELECT array(struct(1 AS a)) AS s", "SELECT array(named_struct('a', 2, 'b', 'x')) AS s", ["s array<struct<a:int,b:string>>"]),
}


def _two_flows(first, second):
    return f"""
        CREATE STREAMING TABLE t;
        CREATE FLOW b AS INSERT INTO ONCE t BY NAME {first};
        CREATE FLOW a AS INSERT INTO ONCE t BY NAME {second};
    """


@pytest.mark.parametrize("case", MERGED)
def test_one_schema_from_several_flows(sql, case):
    # In the order of declarations, so that the spelling of the first one stays, however the flows are resolved.
    first, second, columns = MERGED[case]
    assert sql(_two_flows(first, second)).fine().columns("t") == columns


@pytest.mark.parametrize(("first", "second"), [
    ("SELECT 1 AS x", "SELECT true AS x"), ("SELECT 1 AS x", "SELECT 'a' AS x"), ("SELECT 1 AS x", "SELECT struct(1 AS a) AS x"),
    ("SELECT struct(1 AS a) AS x", "SELECT struct('t' AS a) AS x"),
])
def test_flows_that_disagree_on_a_type(sql, first, second):
    problem = sql(_two_flows(first, second)).problem()
    assert (problem.code, problem.dataset, problem.location.line) == ("LDP-2020", "t", 4 - 1)
    assert '"x"' in problem.message


def test_comments_of_columns(sql):
    checked = sql("""
        CREATE MATERIALIZED VIEW a (id INT COMMENT 'declared', name STRING) AS SELECT 1 AS id, 'x' AS name;
        CREATE MATERIALIZED VIEW b AS SELECT * FROM a;
        CREATE VIEW c (id COMMENT 'of the view', name) AS SELECT * FROM a;
    """).fine()
    comments = {n: checked.node(n).schema["id"].metadata.get("comment") for n in "abc"}
    assert comments == {"a": "declared", "b": "declared", "c": "of the view"}


def test_column_names_with_other_letters_need_column_mapping(sql):
    text = "CREATE MATERIALIZED VIEW a {} AS SELECT 1 AS `my id`, named_struct('a b', 1) AS s"
    assert sql(text.format("")).problem().code == "LDP-2027"
    sql(text.format("TBLPROPERTIES ('delta.columnMapping.mode' = 'name')")).fine()
    sql(text.format(""), **{"spark.databricks.delta.properties.defaults.columnMapping.mode": "name"}).fine()
    sql("CREATE TEMPORARY VIEW v AS SELECT 1 AS `my id`; CREATE MATERIALIZED VIEW a AS SELECT `my id` AS id FROM v;").fine()


STORED = {
    "a column twice": ("SELECT 1 AS id, 2 AS id", "", "LDP-2020"),
    "a column twice in other letters": ("SELECT 1 AS id, 2 AS ID", "", "LDP-2020"),
    "a join that keeps both keys": ("SELECT * FROM numbers_a a JOIN numbers_b b ON a.id = b.id", "", "LDP-2020"),
}


@pytest.mark.parametrize("case", STORED)
def test_columns_that_a_table_cannot_have(sql, case):
    query, clause, code = STORED[case]
    problem = sql(f"CREATE MATERIALIZED VIEW a {clause} AS {query}").problem()
    assert (problem.code, problem.dataset, problem.location.line) == (code, "a", 1)
