"""Mistakes at which open-source Spark's pipelines are silent, late or vague: here each is one coded error of the dry run.

Each row names its code, its place (file, line and, in SQL, column) and words of its message and of its hint.
"""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.spark

GOOD = "CREATE MATERIALIZED VIEW good AS SELECT id, id * 2 AS double FROM range(3);\n"
DP = "from pyspark import pipelines as dp\nfrom pyspark.sql import functions as F\n\n"

TABLE = {
    "an unknown table": (
        {"b.sql": "CREATE MATERIALIZED VIEW x AS\nSELECT *\nFROM goood"},
        "LDP-2003", "b.sql:3:6", 'unknown table "goood"', 'did you mean "good"?'),
    "an unknown table in Python": (
        {"b.py": DP + "@dp.materialized_view\ndef x():\n    return spark.read.table('goood')\n"},
        "LDP-2003", "b.py:6", 'unknown table "goood"', 'did you mean "good"?'),
    "an unknown column": (
        {"b.sql": "CREATE MATERIALIZED VIEW x AS\nSELECT id,\n       doubel FROM good"},
        "LDP-2004", "b.sql:3:8", 'unknown column "doubel"', 'did you mean "double"?'),
    "an unknown column in Python": (
        {"b.py": DP + "@dp.materialized_view\ndef x():\n    df = spark.read.table('good')\n    return df.select('doubel')\n"},
        "LDP-2004", "b.py:7", 'unknown column "doubel"', 'did you mean "double"?'),
    "a circle": (
        {"b.sql": "CREATE VIEW x AS SELECT * FROM y;\nCREATE VIEW y AS SELECT * FROM z;\nCREATE VIEW z AS SELECT * FROM x;"},
        "LDP-2005", "b.sql:3:32", "x -> y -> z -> x", "break the circle"),
    "a mistake in the syntax": (
        {"b.sql": "-- a comment\n\nCREATE MATERIALIZED VIEW x AS\nSELECT id FRM good WHERE id > 1"},
        "LDP-2001", "b.sql:4", "yntax", None),
    "a statement that declares nothing": (
        {"b.sql": "SET a = b;\nINSERT INTO good SELECT 1;"},
        "LDP-2012", "b.sql:2:1", "INSERT", None),
    "a batch query in a streaming table": (
        {"b.sql": "CREATE STREAMING TABLE x AS SELECT * FROM good"},
        "LDP-2007", "b.sql:1:29", "batch query", "STREAM"),
    "a streaming query in a materialized view": (
        {"b.sql": "CREATE MATERIALIZED VIEW x AS SELECT * FROM STREAM numbers_a"},
        "LDP-2008", "b.sql:1:31", "streaming query", "without STREAM"),
    "two datasets of one name": (
        {"b.sql": "CREATE MATERIALIZED VIEW good AS SELECT 1 AS id"},
        "LDP-2006", "b.sql:1:1", '"good" is declared twice', "also declared at transformations/a.sql:1:1"),
    "two flows of one name": (
        {"b.sql": "CREATE STREAMING TABLE x;\nCREATE FLOW f AS INSERT INTO x BY NAME SELECT * FROM STREAM numbers_a;\n"
                  "CREATE FLOW f AS INSERT INTO x BY NAME SELECT * FROM STREAM numbers_b;"},
        "LDP-2006", "b.sql:3:1", 'flow "f" is declared twice', "also declared at transformations/b.sql:2:1"),
    "a flow into a target that is not there": (
        {"b.sql": "CREATE FLOW f AS INSERT INTO gold BY NAME SELECT * FROM STREAM numbers_a;"},
        "LDP-2013", "b.sql:1:1", '"gold", which is not declared', 'did you mean "good"?'),
    "a batch flow into a streaming table": (
        {"b.sql": "CREATE STREAMING TABLE x AS SELECT * FROM STREAM numbers_a;\n"
                  "CREATE FLOW f AS INSERT INTO x BY NAME SELECT * FROM numbers_b;"},
        "LDP-2007", "b.sql:2:40", 'flow "f"', "STREAM"),
    "a streaming table that nothing writes": (
        {"b.sql": "CREATE STREAMING TABLE x;"},
        "LDP-2014", "b.sql:1:1", 'no flow writes the streaming table "x"', "append flow"),
    "an exception in a function": (
        {"b.py": DP + "SETTINGS = {}\n\n@dp.materialized_view\ndef x():\n    return spark.range(SETTINGS['missing'])\n"},
        "LDP-2009", "b.py:8", "KeyError", None),
    "a function that returns nothing": (
        {"b.py": DP + "@dp.materialized_view\ndef x():\n    spark.read.table('good')\n"},
        "LDP-2010", "b.py:4", "returned nothing", "return the DataFrame"),
    "a function that returns something else": (
        {"b.py": DP + "@dp.materialized_view\ndef x():\n    return spark.read.table('good').collect()\n"},
        "LDP-2010", "b.py:4", "list", None),
    "a statement in spark.sql": (
        {"b.py": DP + "@dp.materialized_view\ndef x():\n    spark.sql('CREATE TABLE y AS SELECT 1')\n    return spark.range(1)\n"},
        "LDP-2012", "b.py:6", "CREATE", None),
    "a declared schema that the query does not fit": (
        {"b.sql": "CREATE MATERIALIZED VIEW x (id BIGINT) AS SELECT id, double FROM good"},
        "LDP-2020", "b.sql:1:1", "double", None),
    "an expectation with an unknown column": (
        {"b.sql": "CREATE MATERIALIZED VIEW x\n(CONSTRAINT ok EXPECT (doubel > 1))\nAS SELECT * FROM good"},
        "LDP-2016", "b.sql:2", "doubel", 'did you mean "double"?'),
    "a stream that cannot run": (
        {"b.sql": "CREATE STREAMING TABLE x AS SELECT id FROM STREAM numbers_a ORDER BY id"},
        "LDP-2015", "b.sql:1:29", "cannot run", "materialized view"),
    "a name of four parts": (
        {"b.sql": "CREATE MATERIALIZED VIEW x AS SELECT * FROM a.b.c.d"},
        "LDP-2021", "b.sql:1:45", "more than three parts", "catalog.schema.table"),
    "a setting that is not there": (
        {"b.py": DP + "@dp.materialized_view\ndef x():\n    return spark.range(int(spark.conf.get('rows')))\n"},
        "LDP-2022", "b.py:6", '"rows"', "--set rows=value"),
    "an append flow into a materialized view": (
        {"b.sql": "CREATE FLOW f AS INSERT INTO good BY NAME SELECT * FROM STREAM numbers_a;"},
        "LDP-2013", "b.sql:1:1", "materialized view", "streaming tables"),
    "an append flow into an AUTO CDC target": (
        {"b.sql": "CREATE STREAMING TABLE x FLOW AUTO CDC FROM STREAM archive.changes KEYS (id) SEQUENCE BY version;\n"
                  "CREATE FLOW f AS INSERT INTO x BY NAME SELECT * FROM STREAM archive.changes;"},
        "LDP-2017", "b.sql:2:1", 'AUTO CDC and by the flow "f"', None),
    "AUTO CDC flows with other keys": (
        {"b.sql": "CREATE STREAMING TABLE x;\n"
                  "CREATE FLOW f AS AUTO CDC INTO x FROM STREAM archive.changes KEYS (id) SEQUENCE BY version;\n"
                  "CREATE FLOW g AS AUTO CDC INTO x FROM STREAM archive.changes KEYS (id, op) SEQUENCE BY version;"},
        "LDP-2017", "b.sql:3:1", '"f" and "g" of x differ in keys: (id) and (id, op)', "the same keys"),
    "AUTO CDC flows with sequences of other types": (
        {"b.py": DP + "dp.create_streaming_table('x')\n"
                 "for name, order in {'f': 'version', 'g': '0'}.items():\n"
                 "    dp.create_auto_cdc_flow(target='x', source='archive.changes', keys=['id'], sequence_by=order, name=name)\n"},
        "LDP-2017", "b.py:6", "the type of the sequence: bigint and int", None),
    "AUTO CDC with an unknown key": (
        {"b.sql": "CREATE STREAMING TABLE x FLOW AUTO CDC FROM STREAM archive.changes KEYS (idd) SEQUENCE BY version;"},
        "LDP-2017", "b.sql:1", "idd", "id"),
    "AUTO CDC with an unknown sequence": (
        {"b.sql": "CREATE STREAMING TABLE x FLOW AUTO CDC FROM STREAM archive.changes KEYS (id) SEQUENCE BY versoin;"},
        "LDP-2017", "b.sql:1", "versoin", None),
    "AUTO CDC with an unknown column in its condition": (
        {"b.sql": "CREATE STREAMING TABLE x FLOW AUTO CDC FROM STREAM archive.changes KEYS (id)\n"
                  "APPLY AS DELETE WHEN opp = 'DELETE' SEQUENCE BY version;"},
        "LDP-2017", "b.sql:1", "opp", None),
    "AUTO CDC without its key": (
        {"b.sql": "CREATE STREAMING TABLE x FLOW AUTO CDC FROM STREAM archive.changes KEYS (id) SEQUENCE BY version COLUMNS (name);"},
        "LDP-2017", "b.sql:1", '"id"', "keep it"),
    "AUTO CDC from a table that is not there": (
        {"b.py": DP + "dp.create_streaming_table('x')\ndp.create_auto_cdc_flow(target='x', source='goood', keys=['id'], sequence_by='id')\n"},
        "LDP-2003", "b.py:5", '"goood"', 'did you mean "good"?'),
    "AUTO CDC from a batch view": (
        {"b.py": DP + "@dp.temporary_view\ndef v():\n    return spark.range(1)\n\ndp.create_streaming_table('x')\n"
                 "dp.create_auto_cdc_flow(target='x', source='v', keys=['id'], sequence_by='id')\n"},
        "LDP-2018", "b.py:9", 'batch view "v"', None),
    "AUTO CDC with a sequence that has no order": (
        {"b.py": DP + "@dp.temporary_view\ndef v():\n    return spark.readStream.table('numbers_a').withColumn('m', F.create_map('id', 'id'))\n\n"
                 "dp.create_streaming_table('x')\ndp.create_auto_cdc_flow(target='x', source='v', keys=['id'], sequence_by='m')\n"},
        "LDP-2017", "b.py:9", "m", None),
    "AUTO CDC over a column with a reserved name": (
        {"b.py": DP + "@dp.temporary_view\ndef v():\n    return spark.readStream.table('numbers_a').withColumn('__START_AT', F.col('id'))\n\n"
                 "dp.create_streaming_table('x')\ndp.create_auto_cdc_flow(target='x', source='v', keys=['id'], sequence_by='id', stored_as_scd_type=2)\n"},
        "LDP-2017", "b.py:9", "__START_AT", None),
    "snapshots of a table that is not there": (
        {"b.py": DP + "dp.create_streaming_table('x')\ndp.create_auto_cdc_from_snapshot_flow(target='x', source='goood', keys=['id'])\n"},
        "LDP-2003", "b.py:5", '"goood"', 'did you mean "good"?'),
    "a column without a name": (
        {"b.sql": "CREATE MATERIALIZED VIEW x AS\nSELECT count(*) FROM good"},
        "LDP-2027", "b.sql:2:1", "count(1)", "alias"),
    "a column of no type in a stream": (
        {"b.sql": "CREATE STREAMING TABLE x AS SELECT id, NULL AS n FROM STREAM numbers_a"},
        "LDP-2027", "b.sql:1:29", '"n"', "CAST(NULL"),
    "a column of no type in a stream, in a table that has one": (
        {"b.sql": "CREATE STREAMING TABLE x (id BIGINT, n STRING) AS SELECT id, NULL AS n FROM STREAM numbers_a"},
        "LDP-2027", "b.sql:1:51", '"n"', "CAST(NULL"),
    "a column of a type that tables cannot store": (
        {"b.sql": "CREATE MATERIALIZED VIEW x AS SELECT id, INTERVAL 1 DAY AS d FROM good"},
        "LDP-2027", "b.sql:1:31", "interval", "cast"),
    "a column that the change feed of the table has": (
        {"b.sql": "CREATE MATERIALIZED VIEW x TBLPROPERTIES (delta.enableChangeDataFeed = true) AS SELECT id, 'i' AS _change_type FROM good"},
        "LDP-2027", "b.sql:1:81", "_change_type", "rename"),
    "nothing but partition columns": (
        {"b.sql": "CREATE MATERIALIZED VIEW x PARTITIONED BY (id) AS SELECT id FROM good"},
        "LDP-2027", "b.sql:1:1", "partition", "leave one out"),
    "a clustering column of a type without order": (
        {"b.sql": "CREATE MATERIALIZED VIEW x CLUSTER BY (a) AS SELECT id, array(id) AS a FROM good"},
        "LDP-2027", "b.sql:1:1", '"a"', "numbers"),
    "too many clustering columns": (
        {"b.sql": "CREATE MATERIALIZED VIEW x CLUSTER BY (a, b, c, d, e) AS SELECT 1 a, 2 b, 3 c, 4 d, 5 e"},
        "LDP-2027", "b.sql:1:1", "at most 4", None),
    "a column list that names one twice": (
        {"b.sql": "CREATE MATERIALIZED VIEW x PARTITIONED BY (id, ID) AS SELECT id, double FROM good"},
        "LDP-2027", "b.sql:1:1", "named twice", None),
}


@pytest.mark.parametrize("case", TABLE)
def test_a_mistake_is_one_error_with_its_place_and_hint(dry_run, case):
    files, code, place, words, hint = TABLE[case]
    problem = dry_run({"a.sql": GOOD, **files}).problem()
    assert problem.code == code
    assert f"{problem.location}:".startswith(f"transformations/{place}:"), str(problem.location)
    assert words in problem.message
    if hint is None:
        return
    assert hint in (problem.hint or "")


def test_all_of_them_in_one_answer(dry_run):
    files = {"a.sql": GOOD, "b.sql": "", "b.py": DP}
    cases = ("an unknown table", "an unknown column", "a batch query in a streaming table", "a function that returns nothing",
             "a stream that cannot run", "AUTO CDC with an unknown key", "a column without a name")
    for number, case in enumerate(cases):
        for name, text in TABLE[case][0].items():
            body = text.removeprefix(DP) if name == "b.py" else text.rstrip(";") + ";\n"
            files[name] += body.replace(" x ", f" x{number} ").replace("x()", f"x{number}()")
    checked = dry_run(files)
    assert sorted(p.code for p in checked.graph.problems) == sorted(TABLE[case][1] for case in cases)
    places = [(p.location.file, p.location.line) for p in checked.graph.problems]
    assert places == sorted(places)
