"""Plans of queries, read and rewritten: references, binding, conditions, sources, inputs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from pyspark.errors import AnalysisException

from ldp_jupyter.spark import bridge
from ldp_jupyter.spark.expectations import GOOD, Observations, first_unresolved, judge

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import DataFrame, SparkSession

pytestmark = pytest.mark.spark


def values(frame: DataFrame) -> list[tuple]:
    return sorted((tuple(row) for row in frame.collect()), key=repr)


QUERY = """WITH a AS (SELECT * FROM t), /* FROM nothing */ b AS (SELECT * FROM a JOIN `main` . sch . u x ON a.id = x.id)
SELECT *, '😀 FROM fake', (SELECT max(id) FROM z.y) FROM b, STREAM(src) AS q, STREAM -- src2
  src2, LATERAL (SELECT * FROM l1)
WHERE EXISTS (SELECT 1 FROM `é`.`we``ird` e)
  AND id IN (WITH t AS (SELECT 1 id) SELECT id FROM t UNION SELECT id FROM t2 TABLESAMPLE (10 PERCENT))
UNION ALL SELECT * FROM A UNION ALL TABLE tt UNION ALL SELECT * FROM read_files('x')
UNION ALL SELECT * FROM event_log(TABLE(ev)) UNION ALL SELECT * FROM v VERSION AS OF 3 UNION ALL SELECT * FROM IDENTIFIER('i.j')
UNION ALL SELECT * FROM a.b WITH (maxFilesPerTrigger = 5)"""


def test_references_of_every_kind_in_the_order_of_the_text(spark: SparkSession) -> None:
    found = bridge.parse(spark, QUERY).references
    assert [".".join(r.parts) for r in found] == [
        "t", "main.sch.u", "z.y", "src", "src2", "l1", "é.we`ird", "t2", "tt", "v", "i.j", "a.b"]
    assert [r.parts[0] for r in found if r.streaming] == ["src", "src2"]
    spans = [QUERY[r.start:r.stop] for r in found]
    assert spans[:10] == ["t", "`main` . sch . u", "z.y", "src", "src2", "l1", "`é`.`we``ird`", "t2", "tt", "v"]
    assert found[9].options == {"versionAsOf": "3"}
    assert {k.lower(): v for k, v in found[11].options.items()} == {"maxfilespertrigger": "5"}


def test_names_of_a_with_count_only_where_they_are_in_scope(spark: SparkSession) -> None:
    text = "SELECT * FROM (WITH x AS (SELECT * FROM x) SELECT * FROM x) JOIN x USING (id)"
    assert [(r.parts, r.start) for r in bridge.parse(spark, text).references] == [(("x",), text.index("x)")), (("x",), text.index("x USING"))]
    recursive = "WITH RECURSIVE r AS (SELECT 1 n UNION ALL SELECT n + 1 FROM r WHERE n < 3) SELECT * FROM r, other"
    assert [r.parts for r in bridge.parse(spark, recursive).references] == [("other",)]


def test_syntax_errors_have_a_place(spark: SparkSession) -> None:
    with pytest.raises(bridge.SqlSyntaxError) as caught:
        bridge.parse(spark, "SELECT\n  * FRM t WHERE")
    assert (caught.value.line, caught.value.column) == (2, 9)
    assert "Syntax error at or near" in caught.value.message


def test_a_reference_says_whether_a_temporary_view_has_its_name(spark: SparkSession) -> None:
    spark.range(1).createOrReplaceTempView("Seen")
    found = bridge.parse(spark, "SELECT * FROM seen JOIN other JOIN sch.seen").references
    assert [r.temporary for r in found] == [True, False, False]
    assert bridge.is_temporary_view(spark, "SEEN")
    assert not bridge.is_temporary_view(spark, "other")
    assert bridge.temporary_views(spark) == 1


@pytest.mark.parametrize(("text", "kind"), [
    ("SELECT 1", "query"), ("WITH a AS (SELECT 1) SELECT * FROM a", "query"), ("VALUES (1)", "query"),
    ("DROP TABLE t", "DropTable"), ("INSERT INTO t SELECT 1", "InsertIntoStatement"), ("OPTIMIZE t", "OptimizeTableCommand"),
    ("WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a", "InsertIntoStatement"), ("SET a = 1", "SetCommand"),
    ("USE CATALOG c", "SetCatalogCommand"), ("CREATE TABLE t AS SELECT 1", "CreateTableAsSelect"),
])
def test_kinds_of_statements(spark: SparkSession, text: str, kind: str) -> None:
    assert bridge.sql_kind(spark, text) == kind


def test_bound_frames_answer_to_their_names(spark: SparkSession) -> None:
    spark.sql("CREATE SCHEMA sch")
    spark.sql("CREATE TABLE sch.u AS SELECT 1 AS id, 10 AS d UNION SELECT 2, 20")
    frame = spark.createDataFrame([(1, "p"), (2, "r")], "id INT, v STRING")
    text = "SELECT main.sch.u.d, sch.w.v, x.id FROM sch.w JOIN t x ON sch.w.id = x.id JOIN sch.u ON u.id = x.id"
    bound = bridge.parse(spark, text).bind({0: frame, 1: frame})
    assert values(bound) == [(10, "p", 1), (20, "r", 2)]
    full = bridge.parse(spark, "SELECT main.default.t.id FROM t WHERE id = :n", {"n": 2}).bind({0: frame}, {0: ("main", "default", "t")})
    assert values(full) == [(2,)]
    shadow = bridge.parse(spark, "WITH t AS (SELECT id + 10 AS id FROM t) SELECT id FROM t").bind({0: frame})
    assert values(shadow) == [(11,), (12,)]
    assert values(bridge.parse(spark, "SELECT id FROM t WHERE id = ?", [1]).bind({0: frame})) == [(1,)]
    with pytest.raises(Exception, match="UNRESOLVED_COLUMN"):
        bridge.parse(spark, "SELECT nothing FROM t").bind({0: frame})


@pytest.mark.parametrize(("text", "expected"), [
    ("SELECT l.id, r.id FROM a l JOIN a r ON l.id = r.id + 1", [(2, 1)]),
    ("SELECT id FROM a UNION ALL SELECT id FROM a", [(1,), (1,), (2,), (2,)]),
    ("SELECT id FROM a WHERE EXISTS (SELECT 1 FROM a i WHERE i.id = a.id + 1)", [(1,)]),
    ("SELECT id FROM a WHERE id IN (SELECT id + 1 FROM a)", [(2,)]),
    ("SELECT id, (SELECT max(i.id) FROM a i WHERE i.id <= a.id) FROM a", [(1, 1), (2, 2)]),
    ("SELECT o.id, l.id FROM a o, LATERAL (SELECT id FROM a i WHERE i.id > o.id) l", [(1, 2)]),
])
def test_one_frame_in_several_places(spark: SparkSession, text: str, expected: list[tuple]) -> None:
    base = spark.range(1, 3).selectExpr("CAST(id AS INT) AS raw")
    frame = base.selectExpr("raw AS id", "raw * 2 AS n")
    assert values(bridge.parse(spark, text).bind({0: frame, 1: frame})) == expected


def test_streams_without_rows(spark: SparkSession) -> None:
    stream = bridge.empty(spark, spark.sql("SELECT timestamp '2024-01-01' ts, 1 id").schema, streaming=True)
    batch = bridge.empty(spark, stream.schema.json(), streaming=False)
    assert stream.isStreaming
    assert not batch.isStreaming
    assert batch.count() == 0
    text = ("SELECT window(ts, '1 minute') w, count(*) n FROM STREAM(a) WATERMARK ts DELAY OF INTERVAL 1 MINUTE "
            "JOIN b USING (id) GROUP BY 1")
    bound = bridge.parse(spark, text).bind({0: stream, 1: batch.drop("ts")})
    assert bound.isStreaming
    assert bound.columns == ["w", "n"]


def flags(frame: DataFrame, *conditions: str) -> list[tuple]:
    """The rows, each with whether it meets the conditions."""
    marked = judge(frame, conditions, wanted(*["warn"] * len(conditions), judged="true"))
    if not conditions:
        assert marked.columns == frame.columns
        return values(marked)
    assert marked.columns == [*frame.columns, "__ldp_rules_0", GOOD]
    return [(*row[:-2], *(not row[-2] >> n & 1 for n in range(len(conditions)))) for row in values(marked)]


def wanted(*actions: str, samples: int = 0, **more: str) -> dict:
    """Rules with such actions, as `judge` takes them."""
    rules = [{"name": f"rule {place}", "action": action} for place, action in enumerate(actions)]
    return {"metric": "counted", "rules": rules, "failure": "wrong: ", "samples": samples, "masked": ["secret"], **more}


def test_any_number_of_rules_is_counted_in_one_aggregate(spark: SparkSession) -> None:
    frame = spark.range(100).selectExpr("id", "'x' AS secret").coalesce(3)
    conditions = [f"id >= {n}" for n in range(64)] + ["nullif(id, 7) >= 0", "id < 90"]
    drops = [place in (1, 65) for place in range(66)]
    rules = wanted(*["drop" if drop else "warn" for drop in drops], samples=3)

    def counted(rows: DataFrame, **more: str) -> dict:
        observations = Observations()
        judged = judge(rows, conditions, {**rules, **more}, observations)
        kept = sorted(values(judged))
        found = observations.values(judged)["counted"]
        return {**json.loads(found.pop("rules")), **found, "kept": kept, "columns": judged.columns}

    found = counted(frame)
    assert found["rows"] == 100
    assert found["kept"] == [(n, "x") for n in range(1, 90)]
    assert found["columns"] == ["id", "secret"]
    assert found["failed"] == [*range(64), 1, 10]
    assert found["dropped"] == 11
    assert found["samples"][0] == []
    assert found["samples"][1] == ['{"id":0,"secret":"(masked)"}']
    assert min(found["samples"][65]).startswith('{"id":9')
    assert [len(texts) for texts in found["samples"]] == [min(3, n) for n in found["failed"]]
    nothing = counted(frame.where("id < 0"))
    assert (nothing["rows"], nothing["failed"], nothing["dropped"], nothing["kept"]) == (0, [0] * 66, 0, [])
    some = counted(frame, judged="id % 2 = 0")
    assert (some["rows"], some["others"], some["dropped"], len(some["kept"])) == (100, 50, 6, 100)
    assert some["columns"] == ["id", "secret", "__ldp_rules_0", "__ldp_rules_1", GOOD]
    assert sorted(row[0] for row in some["kept"] if not row[-1]) == [0, 90, 92, 94, 96, 98]


def test_a_rule_that_fails_tells_of_the_row(spark: SparkSession) -> None:
    frame = spark.range(3).selectExpr("id", "'x' AS secret")
    assert len(values(judge(frame, ["id >= 0"], wanted("fail")))) == 3
    rules = wanted("fail", "drop", "fail", samples=1)
    with pytest.raises(Exception) as shown:
        values(judge(frame, ["id < 2", "id < 2", "id < 2"], rules))
    assert 'wrong: rule 0\x01rule 2\x02{"id":2,"secret":"(masked)"}\x03' in str(shown.value)
    with pytest.raises(Exception) as hidden:
        values(judge(frame, ["id < 2"], wanted("fail")))
    assert "wrong: rule 0\x02null\x03" in str(hidden.value)


def test_conditions_see_what_a_filter_would_see(spark: SparkSession) -> None:
    spark.sql("SELECT 1 id, named_struct('q', 2, 'st', 6) book, 'x' k UNION ALL "
              "SELECT 2, named_struct('q', NULL, 'st', 1), 'y'").createOrReplaceTempView("src")
    spark.sql("SELECT 'x' k, 3 price UNION ALL SELECT 'y', 4").createOrReplaceTempView("c")
    joined = spark.sql("SELECT b.id FROM src b JOIN c ON b.k = c.k")
    assert flags(joined, "b.book.st = b.book.q * c.price", "id > 1", "price = 3") == [(1, True, False, True), (2, False, True, False)]
    grouped = spark.sql("SELECT k, count(*) n FROM src GROUP BY k")
    assert flags(grouped, "n > 0", "max(id) > 1", "k = 'x'") == [("x", 1, True, False, True), ("y", 1, True, True, False)]
    assert flags(spark.sql("SELECT id FROM src UNION ALL SELECT 5"), "id > 1") == [(1, False), (2, True), (5, True)]
    assert flags(spark.sql("SELECT DISTINCT k FROM src"), "k = 'x'") == [("x", True), ("y", False)]
    assert flags(spark.table("src").alias("z").select("id"), "z.k = 'x'") == [(1, True), (2, False)]
    assert flags(spark.sql("SELECT id FROM src")) == [(1,), (2,)]
    with pytest.raises(AnalysisException, match="zzz"):
        flags(joined, "id = 1", "zzz > 1", "id = 2")


def test_sources_of_a_stream_in_the_order_of_its_checkpoint(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.json").write_text('{"id": 7}')
    spark.range(2).write.saveAsTable("t")
    by_name = spark.readStream.option("skipChangeCommits", "true").table("main.default.t")
    files = spark.readStream.format("cloudFiles").option("cloudFiles.format", "json").schema("id BIGINT").load(str(tmp_path / "in"))
    rate = spark.readStream.format("rate").load().selectExpr("value AS id")
    frame = files.union(by_name).union(rate)
    found = bridge.stream_sources(frame)
    assert [source.kind for source in found] == ["files", "delta", "other"]
    assert found[0].format == "json"
    assert found[0].path == str(tmp_path / "in")
    assert found[1].table_id == bridge.table_info(spark, [found[1].path])[0].id
    assert found[1].options["skipChangeCommits"] == "true"
    query = (files.union(by_name).writeStream.format("noop").option("checkpointLocation", str(tmp_path / "ck"))
             .trigger(availableNow=True).start())
    query.awaitTermination()
    offsets = (tmp_path / "ck" / "offsets" / "0").read_text().splitlines()
    assert "logOffset" in offsets[2]
    assert "reservoirVersion" in offsets[3]


def test_versions_and_facts_of_many_tables(spark: SparkSession, tmp_path: Path) -> None:
    spark.sql("CREATE TABLE t (id INT, k STRING) CLUSTER BY (k) COMMENT 'c' TBLPROPERTIES ('ldp.kind' = 'STREAMING_TABLE')")
    path, nothing = bridge.batch_inputs(spark.table("t")).tables[0].path, str(tmp_path / "nothing")
    assert bridge.table_versions(spark, [path, nothing]) == [0, None]
    spark.sql("INSERT INTO t VALUES (1, 'a'), (2, 'b')")
    assert bridge.table_versions(spark, [nothing, path]) == [None, 1]
    info, missing = bridge.table_info(spark, [path, nothing])
    assert missing is None
    assert (info.version, info.num_records, info.clustering_columns, info.partition_columns) == (1, 2, ["k"], [])
    assert info.description == "c"
    assert info.properties["ldp.kind"] == "STREAMING_TABLE"
    assert not (tmp_path / "nothing").exists()


def test_fingerprints_follow_the_query_and_not_its_inputs_versions(spark: SparkSession) -> None:
    spark.sql("CREATE TABLE t AS SELECT 1 AS id, 'a' AS v")
    many = ", ".join(map(str, range(40)))
    same = [
        "SELECT id, transform(array(id), y -> y + 1) z, (SELECT max(id) FROM t) m FROM t",
        "WITH x AS (SELECT * FROM t) SELECT l.id FROM x l JOIN x r ON l.id = r.id",
        "SELECT explode(array(1, 2)) x, row_number() OVER (ORDER BY id) r FROM t WHERE EXISTS (SELECT 1 FROM t u WHERE u.id = t.id)",
        f"SELECT id IN ({many}) b FROM t",
    ]
    prints = [bridge.batch_inputs(spark.sql(text)).fingerprint for text in same]
    spark.sql("INSERT INTO t VALUES (2, 'b')")
    again = [bridge.batch_inputs(bridge.clone_session(spark).sql(text)) for text in same]
    assert [a.fingerprint for a in again] == prints
    assert [a.tables[0].version for a in again] == [1] * len(same)
    assert all(a.deterministic for a in again)
    different = ["SELECT id AS x FROM t", "SELECT id AS y FROM t", f"SELECT id IN ({many}, 40) b FROM t", f"SELECT id IN ({many}, 41) b FROM t",
                 "VALUES (1)", "VALUES (2)", "SELECT id FROM t WHERE v = 'a'", "SELECT id FROM t WHERE v = 'b'",
                 "SELECT id FROM t VERSION AS OF 0", "SELECT id FROM t VERSION AS OF 1", "SELECT struct(id AS a) s FROM t", "SELECT struct(id AS b) s FROM t"]
    assert len({bridge.batch_inputs(spark.sql(text)).fingerprint for text in different}) == len(different)
    pinned = bridge.batch_inputs(spark.sql("SELECT id FROM t VERSION AS OF 0")).tables[0]
    assert (pinned.version, pinned.pinned) == (0, True)


@pytest.mark.parametrize(("text", "reason"), [
    ("SELECT rand() FROM t", "rand"), ("SELECT uuid() FROM t", "uuid"), ("SELECT now() > timestamp'2020-01-01' FROM t", "now"),
    ("SELECT date_sub(current_date(), 1)", "current_date"), ("SELECT current_user()", "current_user"),
    ("SELECT monotonically_increasing_id() FROM t", "monotonically_increasing_id"), ("SELECT input_file_name() FROM t", "input_file_name"),
    ("SELECT * FROM t LIMIT 1", "LIMIT without"), ("SELECT * FROM t ORDER BY id LIMIT 1", "LIMIT without"),
    ("SELECT * FROM t TABLESAMPLE (50 PERCENT)", "TABLESAMPLE"), ("SELECT first(id) FROM t", "first"),
    ("SELECT any_value(id) FROM t", "any_value"), ("SELECT collect_list(id) FROM t", "collect_list"),
    ("SELECT id FROM t WHERE id IN (SELECT id FROM t LIMIT 1)", "LIMIT without"), ("SELECT twice(id) FROM t", "udf"),
    ("SELECT * FROM (SELECT * FROM t ORDER BY id, v LIMIT 1)", None), ("SELECT count(DISTINCT id), max(v) FROM t GROUP BY v", None),
])
def test_what_cannot_be_trusted_to_repeat(spark: SparkSession, text: str, reason: str | None) -> None:
    spark.sql("CREATE TABLE t (id INT, v STRING)")
    spark.udf.register("twice", lambda x: x, "int")
    found = bridge.batch_inputs(spark.sql(text))
    assert found.deterministic == (reason is None)
    assert [r for r in found.reasons if r.startswith(reason or "")] == found.reasons


def test_inputs_without_a_version(spark: SparkSession, tmp_path: Path) -> None:
    spark.range(1).write.parquet(str(tmp_path / "files"))
    found = bridge.batch_inputs(spark.read.parquet(str(tmp_path / "files")))
    assert not found.deterministic
    assert found.other[0]["kind"] == "files"
    assert found.other[0]["paths"] == [f"file:{tmp_path}/files"]
    assert bridge.batch_inputs(spark.range(3)).deterministic


def test_a_query_over_shapes_has_the_fingerprint_that_it_has_over_tables(spark: SparkSession) -> None:
    spark.sql("CREATE TABLE t (id INT NOT NULL COMMENT 'key', v STRUCT<a: STRING>, w STRING)")
    spark.sql("CREATE TABLE u (id INT, v STRUCT<a: STRING>, w STRING)")
    tables = {bridge.batch_inputs(spark.table(name)).tables[0].path: f"main.default.{name}" for name in "tu"}
    shapes = {name: bridge.empty(spark, spark.table(name).schema, streaming=False, dataset=f"main.default.{name}") for name in "tu"}
    texts = [
        "SELECT * FROM t", "SELECT * FROM u", "SELECT t.id, u.v.a AS a FROM t LEFT JOIN u ON t.id = u.id",
        "SELECT u.id, t.v.a AS a FROM u LEFT JOIN t ON t.id = u.id",
        "WITH x AS (SELECT id, count(*) AS n FROM t GROUP BY id) SELECT a.* FROM x a JOIN x b USING (id) WHERE a.id IN (SELECT id FROM u)",
        "SELECT id, row_number() OVER (ORDER BY w) AS r FROM t UNION ALL SELECT id, 1 FROM t",
    ]
    prints = []
    for text in texts:
        query = bridge.parse(spark, text)
        over = {place: shapes[reference.parts[-1]] for place, reference in enumerate(query.references)}
        inputs = bridge.shape(query.bind(over), reads=True).inputs
        stored = bridge.batch_inputs(spark.sql(text), tables)
        assert inputs.deterministic
        assert inputs.fingerprint == stored.fingerprint
        assert set(inputs.datasets) == set(stored.datasets) == {f"main.default.{r.parts[-1]}" for r in query.references}
        prints.append(inputs.fingerprint)
    assert len(set(prints)) == len(texts)
    bare = bridge.empty(spark, spark.table("t").schema, streaming=False)
    assert not bridge.shape(bare, reads=True).inputs.deterministic  # rows of which nothing is known
    streams = [bridge.empty(spark, shape.schema, streaming=True, dataset=name) for name, shape in shapes.items()]
    found = bridge.shape(streams[1].unionByName(streams[0]).join(shapes["t"], "id"), reads=True)
    assert [(source.kind, source.path) for source in found.sources] == [("dataset", "u"), ("dataset", "t")]


def test_the_first_condition_that_cannot_be_resolved(spark: SparkSession) -> None:
    frame = spark.sql("SELECT 1 AS id, 'x' AS k")
    assert first_unresolved(frame, ["id > 0", "k = 'x'"]) is None
    index, message = first_unresolved(frame, ["id > 0", "knd = 'x'", "nothing"])
    assert index == 1
    assert "`knd` cannot be resolved" in message
    assert first_unresolved(frame, ["id > 0", "id >"])[0] == 1
    assert first_unresolved(frame, [frame.id > 0]) is None
    assert first_unresolved(frame, []) is None


def test_shape_and_types_in_one_call(spark: SparkSession) -> None:
    frame = spark.sql("SELECT 1 AS id, array(named_struct('a b', DATE'2024-01-01')) AS many")
    shape = bridge.shape(frame)
    assert (shape.streaming, shape.lenient) == (False, False)
    assert shape.schema == spark.sql("SELECT 1 AS id, array(named_struct('a b', DATE'2024-01-01')) AS many").schema
    assert frame.schema is shape.schema
    assert bridge.shape(bridge.empty(spark, frame.schema, streaming=True)).streaming
    assert (shape.sources, shape.inputs) == (None, None)
    assert bridge.shape(spark.sql("SELECT CAST(k AS INT) FROM VALUES ('1') AS t(k)")).lenient
    assert [t.simpleString() for t in bridge.column_types(frame, ["id > 0", "`many`[0]"])] == ["boolean", "struct<a b:date>"]
    with pytest.raises(Exception, match="UNRESOLVED_COLUMN"):
        bridge.column_types(frame, ["nothing"])
