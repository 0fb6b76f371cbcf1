"""Pipelines in SQL files: statements, names, namespaces, settings, AUTO CDC.

The cases restate those that open-source Spark's pipelines hold against SQL files. Where the platform's rule is another
one, the test says so.
"""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.spark


def test_datasets_and_flows_with_what_they_read(sql):
    checked = sql("""
        CREATE MATERIALIZED VIEW mv AS SELECT 1 AS id;
        CREATE STREAMING TABLE st AS SELECT * FROM STREAM numbers_a;
        CREATE VIEW v AS SELECT * FROM mv;
        CREATE FLOW f AS INSERT INTO st BY NAME SELECT * FROM STREAM main.default.numbers_b;
    """).fine()
    assert {name: checked.kind(name) for name in checked.names()} == {
        "mv": "materialized view", "st": "streaming table", "v": "view"}
    assert (checked.inputs("v"), checked.inputs("st")) == (["mv"], [])
    assert [f.external_inputs for f in checked.node("st").flows] == [["numbers_a"], ["main.default.numbers_b"]]
    assert checked.flow_names("st") == ["main.default.st", "f"]


def test_one_name_in_two_files(dry_run):
    problem = dry_run({
        "a.sql": "CREATE STREAMING TABLE table AS SELECT * FROM STREAM numbers_a;",
        "b.sql": "CREATE VIEW table AS SELECT 1 AS id;",
    }).problem()
    assert (problem.code, problem.dataset, str(problem.location)) == ("LDP-2006", "table", "transformations/b.sql:1:1")
    assert problem.hint == "also declared at transformations/a.sql:1:1"


def test_names_with_other_letters_are_quoted(sql):
    checked = sql("""
        CREATE MATERIALIZED VIEW `hyphen-mv` AS SELECT id FROM range(1, 4);
        CREATE MATERIALIZED VIEW `other-hyphen-mv` AS SELECT * FROM `hyphen-mv`;
        CREATE MATERIALIZED VIEW `with space.and dot` AS SELECT * FROM main.default.`other-hyphen-mv`;
    """).fine()
    assert checked.inputs("other-hyphen-mv") == ["hyphen-mv"]
    assert checked.inputs("with space.and dot") == ["other-hyphen-mv"]


def test_a_name_that_must_be_quoted_is_told_at_its_place(sql):
    problem = sql("CREATE MATERIALIZED VIEW ok AS SELECT 1 AS id;\nCREATE MATERIALIZED VIEW hyphen-mv AS SELECT 1 AS id;").problem()
    assert (problem.code, problem.location.line) == ("LDP-2021", 2)
    assert "`hyphen-mv`" in problem.hint


def test_batch_views_in_any_order(sql):
    checked = sql("""
        CREATE VIEW b as SELECT * FROM a;
        CREATE VIEW a AS SELECT id FROM range(1, 4);
        CREATE VIEW c AS SELECT * FROM `b`;
        CREATE VIEW d AS SELECT * FROM c
    """).fine()
    assert checked.order() == ["a", "b", "c", "d"]
    assert {tuple(checked.columns(name)) for name in "abcd"} == {("id bigint",)}


READS = {
    "a scalar subquery": ("SELECT id FROM range(5) WHERE id = (SELECT max(id) FROM A)", ["a"]),
    "EXISTS": ("SELECT id FROM range(5) r WHERE EXISTS (SELECT 1 FROM a WHERE a.id = r.id)", ["a"]),
    "IN": ("SELECT id FROM range(5) WHERE id IN (SELECT id FROM a UNION SELECT id FROM b)", ["a", "b"]),
    "a nested WITH": ("WITH c AS (WITH b AS (SELECT * FROM a) SELECT * FROM b) SELECT * FROM c", ["a"]),
    "a WITH of the name that it reads": ("WITH a AS (SELECT id + 1 AS id FROM a) SELECT id FROM a", ["a"]),
    "a WITH that hides a dataset": ("WITH a AS (SELECT 1 AS id) SELECT id FROM a", []),
    "a WITH that does not hide a full name": ("WITH a AS (SELECT 1 AS one) SELECT id FROM main.default.a, a", ["a"]),
    "an alias of the name of a dataset": ("SELECT b.id FROM a AS b", ["a"]),
    "an alias of a subquery": ("SELECT b.id FROM (SELECT id FROM a) b", ["a"]),
    "LATERAL": ("SELECT o.id FROM a o, LATERAL (SELECT id AS other FROM b i WHERE i.id > o.id)", ["a", "b"]),
    "TABLE": ("TABLE a", ["a"]),
    "an aggregation": ("SELECT id % 2 AS odd, max(id) AS m FROM a GROUP BY 1 LIMIT 2", ["a"]),
    "ROLLUP": ("SELECT id, count(*) AS n FROM a GROUP BY ROLLUP(id)", ["a"]),
    "a join of aliases": ("SELECT l.id AS id1, r.id AS id2 FROM a l JOIN a r ON l.id = r.id", ["a"]),
    "names of two and three parts": ("SELECT default.a.id FROM default.a JOIN main.default.b ON a.id = b.id", ["a", "b"]),
    "LIVE": ("SELECT id FROM LIVE.a JOIN live.`b` USING (id)", ["a", "b"]),
    "IDENTIFIER": ("SELECT id FROM IDENTIFIER('main.default.' || 'a')", ["a"]),
    "two spellings of one name": ("SELECT id FROM a UNION SELECT id FROM LIVE.A UNION SELECT id FROM `main`.default.a", ["a"]),
    "a word in a string or comment": ("SELECT 'FROM b' AS t, id FROM a -- JOIN b", ["a"]),
}


@pytest.mark.parametrize("form", READS)
def test_inputs_are_found_in(sql, form):
    query, inputs = READS[form]
    checked = sql(f"""
        CREATE MATERIALIZED VIEW A AS SELECT id FROM range(5);
        CREATE MATERIALIZED VIEW b AS SELECT id FROM range(5);
        CREATE MATERIALIZED VIEW reader AS {query};
    """).fine()
    assert checked.inputs("reader") == inputs
    assert checked.outside("reader") == []


def test_a_batch_reads_a_streaming_table(sql):
    checked = sql("""
        CREATE STREAMING TABLE a AS SELECT * FROM STREAM(numbers_a);
        CREATE MATERIALIZED VIEW b AS SELECT * FROM a;
    """).fine()
    assert (checked.inputs("b"), checked.node("b").streaming) == (["a"], False)


def test_partition_and_cluster_columns(sql):
    checked = sql("""
        CREATE MATERIALIZED VIEW a PARTITIONED BY (id1, id2) AS SELECT id AS id1, id AS id2, 1 AS v FROM range(1, 2);
        CREATE STREAMING TABLE st_plain CLUSTER BY (id);
        CREATE FLOW f AS INSERT INTO st_plain BY NAME SELECT id FROM STREAM numbers_a;
        CREATE STREAMING TABLE st_as CLUSTER BY (id) AS SELECT id FROM STREAM numbers_a;
        CREATE STREAMING TABLE st_cdc CLUSTER BY (id) FLOW AUTO CDC FROM STREAM numbers_a KEYS (id) SEQUENCE BY id;
        CREATE MATERIALIZED VIEW mv CLUSTER BY (id1, id2) AS SELECT id AS id1, id AS id2 FROM range(1, 2);
    """).fine()
    options = {name: checked.node(name).dataset.options for name in checked.names()}
    assert options["a"].partition_cols == ("id1", "id2")
    assert {name: o.cluster_by for name, o in options.items()} == {
        "a": (), "st_plain": ("id",), "st_as": ("id",), "st_cdc": ("id",), "mv": ("id1", "id2")}


@pytest.mark.parametrize("clause", ["PARTITIONED BY (idd)", "CLUSTER BY (idd)"])
def test_a_partition_or_cluster_column_that_is_not_there(sql, clause):
    problem = sql(f"CREATE MATERIALIZED VIEW a\n{clause}\nAS SELECT id FROM range(1)").problem()
    assert (problem.code, problem.dataset, problem.hint) == ("LDP-2004", "a", 'did you mean "id"?')


def test_a_partition_by_an_expression(sql):
    problem = sql("CREATE MATERIALIZED VIEW a PARTITIONED BY (year(id1)) AS SELECT id AS id1 FROM range(1, 2)").problem()
    assert problem.code in ("LDP-2001", "LDP-2011")
    assert problem.location.line == 1


def test_table_properties_and_comments(sql):
    checked = sql("""
        CREATE STREAMING TABLE st COMMENT 'a comment' TBLPROPERTIES ('prop1'='foo', prop2 = 'bar')
        AS SELECT * FROM STREAM numbers_a;
        CREATE VIEW v COMMENT 'of a view' AS SELECT * FROM range(1, 4);
    """).fine()
    assert dict(checked.node("st").dataset.options.properties) == {"prop1": "foo", "prop2": "bar"}
    assert [checked.node(n).dataset.comment for n in ("st", "v")] == ["a comment", "of a view"]


def test_settings_hold_for_what_follows_them_in_their_file(dry_run):
    checked = dry_run({
        "a.sql": """
            CREATE MATERIALIZED VIEW a AS SELECT id FROM range(1, 2);
            SET conf.test = a;
            CREATE VIEW b AS SELECT id from range(1, 2);
            SET conf.test = b;
            SET conf.test2 = c;
            CREATE STREAMING TABLE c AS SELECT id FROM STREAM numbers_a;
        """,
        "b.sql": "CREATE MATERIALIZED VIEW d AS SELECT 1 AS id;",
    }).fine()
    confs = {name: dict(checked.node(name).flows[0].flow.confs) for name in checked.names()}
    assert confs == {"a": {}, "b": {"conf.test": "a"}, "c": {"conf.test": "b", "conf.test2": "c"}, "d": {}}


def test_a_location_is_noted_and_does_nothing(sql):
    # Open-source Spark refuses LOCATION; the platform takes it for Hive metastore pipelines.
    checked = sql("CREATE STREAMING TABLE a LOCATION '/path/to/table' AS SELECT * FROM STREAM numbers_a").fine()
    assert any("/path/to/table" in str(note) or "LOCATION" in str(note) for note in checked.graph.not_checked)


def test_tables_of_other_schemas(sql):
    checked = sql("""
        CREATE MATERIALIZED VIEW a AS SELECT * FROM archive.changes;
        CREATE STREAMING TABLE b AS SELECT * FROM STREAM(main.archive.changes);
        CREATE TEMPORARY VIEW c AS SELECT * FROM a;
    """).fine()
    columns = ["id int", "name string", "op string", "version bigint"]
    assert [checked.columns(name) for name in "abc"] == [columns] * 3
    assert (checked.outside("a"), checked.outside("b")) == (["archive.changes"], ["main.archive.changes"])


@pytest.mark.parametrize(("form", "text"), [("json", '{"id": 1}'), ("csv", "1")])
def test_files_as_sources(dry_run, tmp_path, form, text):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / f"a.{form}").write_text(text + "\n")
    checked = dry_run({"a.sql": f"CREATE MATERIALIZED VIEW a AS SELECT * FROM {form}.`{tmp_path}/data`"}).fine()
    assert checked.columns("a") == (["id bigint"] if form == "json" else ["_c0 string"])


@pytest.mark.parametrize("path", ["csv.``", "csv.`/no/such/folder`"])
def test_files_that_are_not_there(sql, path):
    problem = sql(f"CREATE MATERIALIZED VIEW a AS\nSELECT * FROM {path};").problem()
    assert (problem.code, problem.dataset) in [("LDP-2024", "a"), ("LDP-2015", "a"), ("LDP-2021", "a")]
    assert problem.location.line == 2


def test_statements_that_declare_nothing(sql):
    problem = sql("CREATE MATERIALIZED VIEW ok AS SELECT 1 AS id;\nCREATE TABLE t AS SELECT 1;").problem()
    assert (problem.code, str(problem.location)) == ("LDP-2012", "transformations/a.sql:2:1")


def test_a_declared_schema_with_a_comment(sql):
    checked = sql("CREATE MATERIALIZED VIEW a (id LONG COMMENT 'of the column') AS SELECT * FROM RANGE(5);").fine()
    assert checked.columns("a") == ["id bigint"]
    assert checked.node("a").schema["id"].metadata["comment"] == "of the column"


def test_datasets_in_other_schemas_and_catalogs(sql):
    checked = sql("""
        CREATE MATERIALIZED VIEW one.mv1 AS SELECT 1 AS id;
        CREATE MATERIALIZED VIEW two.mv2 AS SELECT * FROM one.mv1;
        CREATE MATERIALIZED VIEW far.away.mv3 AS SELECT * FROM main.two.mv2;
        CREATE MATERIALIZED VIEW here AS SELECT mv1.id, away.mv3.id AS other FROM one.mv1, far.away.mv3;
    """).fine()
    assert checked.order() == ["one.mv1", "two.mv2", "far.away.mv3", "here"]
    assert checked.inputs("here") == ["one.mv1", "far.away.mv3"]


@pytest.mark.parametrize(("upstream", "downstream"), [
    ("up", "down"), ("up", "other.down"), ("up", "far.away.down"), ("other.up", "down"), ("far.away.up", "down"),
    ("far.away.up", "other.down"), ("main.default.up", "DEFAULT.down"),
])
def test_written_and_read_by_names_of_one_to_three_parts(sql, upstream, downstream):
    checked = sql(f"""
        CREATE MATERIALIZED VIEW {upstream} (id BIGINT) AS SELECT * FROM RANGE(10);
        CREATE MATERIALIZED VIEW {downstream} AS SELECT id FROM {upstream} WHERE (id % 2) = 0;
    """).fine()
    assert len(checked.graph.nodes) == 2
    assert checked.inputs(checked.order()[1]) == [checked.order()[0]]


@pytest.mark.parametrize("name", ["a.b", "a.b.c"])
@pytest.mark.parametrize("form", ["INSERT INTO st BY NAME SELECT * FROM STREAM numbers_a",
                                  "AUTO CDC INTO st FROM STREAM numbers_a KEYS (id) SEQUENCE BY id"])
def test_the_name_of_a_flow_has_one_part(sql, name, form):
    checked = sql(f"CREATE STREAMING TABLE st;\nCREATE FLOW {name} AS {form};")
    problem = next(p for p in checked.graph.problems if p.code == "LDP-2021")
    assert str(problem.location) == "transformations/a.sql:2:13"
    assert name in problem.message


def test_the_name_of_a_temporary_view_has_one_part(sql):
    checked = sql("CREATE TEMPORARY VIEW some_schema.tv AS SELECT 1 AS id;\nCREATE MATERIALIZED VIEW mv AS SELECT 1 AS id;")
    assert [(p.code, p.location.line) for p in checked.graph.problems] == [("LDP-2021", 1)]


def test_use_holds_for_the_rest_of_its_file(dry_run):
    checked = dry_run({
        "first.sql": """
            CREATE MATERIALIZED VIEW mv AS SELECT id FROM RANGE(3);
            USE DATABASE second;
            CREATE MATERIALIZED VIEW mv2 AS SELECT id FROM RANGE(1, 5);
            CREATE MATERIALIZED VIEW mv3 AS
            WITH mv AS (SELECT * FROM main.default.mv) SELECT mv2.id FROM mv JOIN mv2 ON mv.id = mv2.id;
            USE CATALOG far;
            USE SCHEMA away;
            CREATE TEMPORARY VIEW tv AS SELECT * FROM main.default.mv;
            CREATE MATERIALIZED VIEW mv4 AS
            WITH mv2 AS (SELECT * FROM main.second.mv2) SELECT * FROM mv2 WHERE mv2.id % 2 = 0;
            USE NAMESPACE main.second;
            CREATE MATERIALIZED VIEW mv5 AS SELECT * FROM mv2;
            CREATE MATERIALIZED VIEW mv6 AS SELECT * FROM tv;
        """,
        "second.sql": "CREATE MATERIALIZED VIEW mv6 AS SELECT * FROM main.second.mv5;",
    }).fine()
    # the plain name of a temporary view means it from every schema
    assert checked.names() == {"mv", "second.mv2", "second.mv3", "far.away.tv", "far.away.mv4", "second.mv5", "second.mv6", "mv6"}
    assert {name: checked.inputs(name) for name in ("second.mv3", "far.away.mv4", "second.mv5", "second.mv6", "mv6")} == {
        "second.mv3": ["mv", "second.mv2"], "far.away.mv4": ["second.mv2"], "second.mv5": ["second.mv2"],
        "second.mv6": ["far.away.tv"], "mv6": ["second.mv5"]}


@pytest.mark.parametrize("catalog", ["CONCAT(foo, '1')", "test.cat"])
def test_a_catalog_that_is_no_name(sql, catalog):
    checked = sql(f"CREATE MATERIALIZED VIEW ok AS SELECT 1 AS id;\nSET CATALOG {catalog};")
    assert [(p.code, p.location.line) for p in checked.graph.problems] in [[("LDP-2001", 2)], [("LDP-2021", 2)]]


def test_a_streaming_table_without_a_query_needs_a_flow(sql):
    problem = sql("CREATE STREAMING TABLE st;").problem()
    assert (problem.code, problem.dataset, str(problem.location)) == ("LDP-2014", "st", "transformations/a.sql:1:1")
    sql("CREATE STREAMING TABLE st; CREATE FLOW f AS INSERT INTO st BY NAME SELECT * FROM STREAM numbers_a;").fine()


def test_two_flows_of_one_name(dry_run):
    problem = dry_run({
        "a.sql": "CREATE STREAMING TABLE st;\nCREATE FLOW f AS INSERT INTO st BY NAME SELECT * FROM STREAM numbers_a;",
        "b.sql": "CREATE FLOW F AS INSERT INTO st BY NAME SELECT * FROM STREAM numbers_b;",
    }).problem()
    assert (problem.code, str(problem.location)) == ("LDP-2006", "transformations/b.sql:1:1")
    assert "transformations/a.sql:2:1" in problem.hint


def test_a_flow_of_the_name_of_another_tables_own_query(dry_run):
    # The query of a table is the flow of the table's name.
    problem = dry_run({
        "a.sql": "CREATE STREAMING TABLE st AS SELECT * FROM STREAM numbers_a;\nCREATE STREAMING TABLE st2;",
        "b.sql": "CREATE FLOW more AS INSERT INTO st2 BY NAME SELECT * FROM STREAM numbers_a;\n"
                 "CREATE FLOW st AS INSERT INTO st2 BY NAME SELECT * FROM STREAM numbers_b;",
    }).problem()
    assert (problem.code, str(problem.location)) == ("LDP-2006", "transformations/b.sql:2:1")
    assert "transformations/a.sql:1:1" in problem.hint


def test_a_named_flow_may_have_the_name_of_its_table_that_has_no_query(sql):
    sql("CREATE STREAMING TABLE st; CREATE FLOW st AS INSERT INTO st BY NAME SELECT * FROM STREAM numbers_a;").fine()


@pytest.mark.parametrize("text", ["", "-- nothing", "SET a.b = c;"])
def test_a_pipeline_that_declares_nothing(sql, text):
    assert sql(text).problem().code == "LDP-2019"


def test_a_pipeline_of_temporary_views_alone(sql):
    problem = sql("CREATE TEMPORARY VIEW a AS SELECT id FROM range(1, 3);").problem()
    assert problem.code == "LDP-2019"
    assert "temporary view" in problem.hint


def test_a_persisted_view_alone_is_a_pipeline(sql):
    sql("CREATE VIEW a AS SELECT id FROM range(1, 3);").fine()


def test_a_flow_alone_names_its_missing_target(sql):
    # Open-source Spark says that the pipeline is empty.
    problem = sql("CREATE FLOW f AS INSERT INTO a BY NAME SELECT * FROM STREAM numbers_a;").problem()
    assert (problem.code, problem.location.line) == ("LDP-2013", 1)
    assert '"a"' in problem.message


def test_a_watermark_clause(sql):
    checked = sql("""
        CREATE STREAMING TABLE t AS
        SELECT CAST(window.start AS LONG) AS w_start, id, count(*) AS n
        FROM STREAM (SELECT id, timestamp_seconds(id) AS at FROM STREAM numbers_a) WATERMARK at DELAY OF INTERVAL 10 seconds
        GROUP BY window(at, '5 seconds'), id;
    """.replace("FROM STREAM (", "FROM (")).fine()
    assert checked.columns("t") == ["w_start bigint", "id bigint", "n bigint"]


CDC = "CREATE STREAMING TABLE st FLOW AUTO CDC FROM STREAM archive.changes KEYS (id) {}"


def test_both_forms_of_auto_cdc(sql):
    checked = sql("""
        CREATE STREAMING TABLE st FLOW AUTO CDC FROM STREAM archive.changes KEYS (id) SEQUENCE BY version;
        CREATE STREAMING TABLE target;
        CREATE FLOW f AS AUTO CDC INTO target FROM STREAM archive.changes KEYS (id)
        APPLY AS DELETE WHEN op = 'DELETE' SEQUENCE BY version COLUMNS * EXCEPT (op, version) STORED AS SCD TYPE 2;
    """).fine()
    assert checked.columns("st") == ["id int", "name string", "op string", "version bigint"]
    assert checked.columns("target") == ["id int", "name string", "__START_AT bigint", "__END_AT bigint"]
    assert (checked.flow_names("st"), checked.flow_names("target")) == (["main.default.st"], ["f"])
    spec = checked.node("target").flows[0].flow.query
    assert (spec.keys, spec.scd_type, spec.except_column_list) == (("id",), "2", ("op", "version"))
    assert checked.outside("target") == ["archive.changes"]


@pytest.mark.parametrize(("clauses", "columns"), [
    ("SEQUENCE BY version COLUMNS (id, name)", ["id int", "name string"]),
    ("SEQUENCE BY version COLUMNS * EXCEPT (op)", ["id int", "name string", "version bigint"]),
    ("SEQUENCE BY version COLUMNS (id) STORED AS SCD TYPE 2 TRACK HISTORY ON (id)",
     ["id int", "__START_AT bigint", "__END_AT bigint"]),
    ("SEQUENCE BY STRUCT(version, op) COLUMNS (id) STORED AS SCD TYPE 2 TRACK HISTORY ON * EXCEPT (name)",
     ["id int", "__START_AT struct<version:bigint,op:string>", "__END_AT struct<version:bigint,op:string>"]),
])
def test_clauses_of_auto_cdc(sql, clauses, columns):
    assert sql(CDC.format(clauses)).fine().columns("st") == columns


@pytest.mark.parametrize("scd", ["", "STORED AS SCD TYPE 1"])
def test_history_is_for_scd_type_2(sql, scd):
    problem = sql(CDC.format(f"SEQUENCE BY version {scd} TRACK HISTORY ON (id)")).problem()
    assert (problem.code, problem.location.line) == ("LDP-2017", 1)
    assert "SCD TYPE 2" in f"{problem.message} {problem.hint}".upper()


def test_a_column_list_of_an_auto_cdc_target_is_checked(sql):
    # Open-source Spark refuses a column list here; the platform takes one that fits.
    listed = "CREATE STREAMING TABLE st ({}) FLOW AUTO CDC FROM STREAM archive.changes KEYS (id) SEQUENCE BY version"
    assert sql(listed.format("id INT, name STRING, op STRING, version BIGINT")).fine().columns("st")[0] == "id int"
    problem = sql(listed.format("id INT, name STRING")).problem()
    assert (problem.code, problem.dataset) == ("LDP-2020", "st")
