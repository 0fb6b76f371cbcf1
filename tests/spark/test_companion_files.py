"""`read_files`, `cloud_files` and `cloudFiles` as Spark's own file source; paths over text; journals as tables."""

from __future__ import annotations

import json
import shutil
import threading
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from ldp_jupyter.eventlog import Journal
from ldp_jupyter.eventlog.parts import earlier_parts, put_aside
from ldp_jupyter.events import Event
from ldp_jupyter.spark import bridge

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import DataFrame, SparkSession

pytestmark = pytest.mark.spark


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    folder = tmp_path / "landing"
    files = {
        "a.json": '{"a": 1, "b": {"c": 2.5}, "l": [{"x": 1}], "m": {"k": "1"}}\n',
        "deep/er/b.json": '{"a": 3}\n',
        "_hidden/c.json": '{"zzz": 1}\n',
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def drain(frame: DataFrame, tmp_path: Path, name: str) -> list[tuple]:
    """Runs a stream to its end into a table; all rows that the table has then."""
    target = str(tmp_path / f"{name}_table")
    query = (frame.writeStream.format("delta").option("checkpointLocation", str(tmp_path / f"{name}_checkpoint"))
             .trigger(availableNow=True).start(target))
    query.awaitTermination()
    return sorted(tuple(row) for row in frame.sparkSession.read.format("delta").load(target).collect())


def test_read_files_batch(spark: SparkSession, landing: Path) -> None:
    frame = spark.sql(f"SELECT a, b.c, _metadata.file_name f FROM read_files('{landing}', format => 'json') r WHERE r.a > 0")
    assert sorted(tuple(row) for row in frame.collect()) == [(1, 2.5, "a.json"), (3, None, "b.json")]
    guessed = spark.sql(f"SELECT * FROM read_files('{landing}')")
    assert guessed.schema.simpleString() == "struct<a:bigint,b:struct<c:double>,l:array<struct<x:bigint>>,m:struct<k:string>,_rescued_data:string>"
    given = spark.sql(f"SELECT * FROM read_files(concat('{landing}', '/a.json'), format => 'json', schema => 'a STRING')")
    assert [tuple(row) for row in given.collect()] == [("1",)]
    spark.sql(f"CREATE VIEW over_files AS SELECT count(*) n FROM read_files('{landing}', format => 'json')")
    assert spark.table("over_files").collect()[0].n == 2


def test_schema_hints_and_text_leaves(spark: SparkSession, landing: Path) -> None:
    def schema(arguments: str) -> str:
        return spark.sql(f"SELECT * FROM read_files('{landing}', format => 'json', {arguments})").schema.simpleString()

    assert schema("inferColumnTypes => false") == (
        "struct<a:string,b:struct<c:string>,l:array<struct<x:string>>,m:struct<k:string>,_rescued_data:string>")
    hints = "a INT, b.c DOUBLE, l.element.x BIGINT, m.key STRING, m.value INT, d DECIMAL(10, 2), e.f DATE"
    assert schema(f"inferColumnTypes => false, schemaHints => '{hints}'") == (
        "struct<a:int,b:struct<c:double>,l:array<struct<x:bigint>>,m:map<string,int>,d:decimal(10,2),e:struct<f:date>,"
        "_rescued_data:string>")


def test_folders_of_partitions_become_columns(spark: SparkSession, tmp_path: Path) -> None:
    folder = tmp_path / "days" / "day=2024-01-01"
    folder.mkdir(parents=True)
    (folder / "x.csv").write_text("i,n\n1,a\n")
    typed = spark.sql(f"SELECT * FROM read_files('{tmp_path}/days', format => 'csv', header => true)")
    assert typed.schema.simpleString() == "struct<i:int,n:string,_rescued_data:string,day:date>"
    stream = spark.readStream.format("cloudFiles").option("cloudFiles.format", "csv").option("header", "true")
    frame = stream.load(f"{tmp_path}/days")
    assert frame.schema.simpleString() == "struct<i:string,n:string,_rescued_data:string,day:string>"
    assert drain(frame, tmp_path, "days") == [("1", "a", None, "2024-01-01")]


def test_functions_as_streams(spark: SparkSession, landing: Path, tmp_path: Path) -> None:
    forms = {
        "plain": f"SELECT a, _metadata.file_name f FROM STREAM read_files('{landing}', format => 'json') AS r",
        "brackets": f"SELECT r.a, 'x' f FROM STREAM(read_files('{landing}', format => 'json')) r",
        "old": f"WITH q AS (SELECT * FROM cloud_files('{landing}', 'json', map('cloudFiles.inferColumnTypes', 'true'))) "
               "SELECT a, 'x' f FROM q",
        "old_stream": f"SELECT CAST(a AS BIGINT) a, 'x' f FROM STREAM(cloud_files('{landing}', 'json'))",
    }
    for name, text in forms.items():
        frame = spark.sql(text)
        assert frame.isStreaming, name
        expected = [(1, "a.json"), (3, "b.json")] if name == "plain" else [(1, "x"), (3, "x")]
        assert drain(frame, tmp_path, name) == expected, name


def test_cloud_files_source_goes_on_where_it_was(spark: SparkSession, landing: Path, tmp_path: Path) -> None:
    def frame() -> DataFrame:
        reader = spark.readStream.format("cloudFiles").option("cloudFiles.format", "json")
        options = {"schemaLocation": "/nowhere", "inferColumnTypes": "true", "maxFilesPerTrigger": "1", "unheardOf": "1"}
        reader = reader.options(**{f"cloudFiles.{key}": value for key, value in options.items()})
        return reader.schema("a INT, b STRING").load(str(landing)).selectExpr("a", "_metadata.file_name AS f")

    assert drain(frame(), tmp_path, "s") == [(1, "a.json"), (3, "b.json")]
    (landing / "late.json").write_text('{"a": 9}')
    assert drain(frame(), tmp_path, "s") == [(1, "a.json"), (3, "b.json"), (9, "late.json")]
    log = (tmp_path / "s_checkpoint" / "sources" / "0" / "0").read_text()
    assert '"path"' in log, "the checkpoint is an ordinary one of a file source"


def test_cloud_files_infers_and_refuses_batch(spark: SparkSession, landing: Path) -> None:
    stream = spark.readStream.format("cloudFiles").option("cloudFiles.format", "json")
    assert stream.option("cloudFiles.schemaHints", "a INT").load(str(landing)).schema["a"].dataType.simpleString() == "int"
    fixed = spark.readStream.format("cloudFiles").option("cloudFiles.format", "text").load(str(landing))
    assert fixed.schema.simpleString() == "struct<value:string>"
    with pytest.raises(Exception, match="as a stream only"):
        spark.read.format("cloudFiles").load(str(landing))
    with pytest.raises(Exception, match="must be a constant"):
        spark.sql("SELECT * FROM read_files(rand())")


def test_values_that_do_not_fit_are_rescued(spark: SparkSession, tmp_path: Path) -> None:
    for name, text in {"j/a.json": '{"n": 1}\n{"n": "one"}\n', "c/a.csv": "n,t\n1,x\none,y\n"}.items():
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text)

    def rows(folder: str, arguments: str) -> list[tuple]:
        found = spark.sql(f"SELECT * FROM read_files('{tmp_path}/{folder}', {arguments})").collect()
        return sorted((tuple(json.loads(v) if isinstance(v, str) and v[0] == "{" else v for v in row) for row in found), key=str)

    hinted = "schemaHints => 'n INT'"
    left = {name: {"n": "one", "_file_path": f"file:{tmp_path}/{name}/a.{'json' if name == 'j' else 'csv'}"} for name in "jc"}
    assert rows("j", f"format => 'json', {hinted}") == [(1, None), (None, left["j"])]
    assert rows("c", f"format => 'csv', {hinted}") == [(1, "x", None), (None, "y", left["c"])], "a header is the default"
    assert rows("j", f"format => 'json', {hinted}, schemaEvolutionMode => 'none'") == [(1,), (None,)]
    given = "format => 'json', schema => 'n INT', rescuedDataColumn => 'odd'"
    assert spark.sql(f"SELECT * FROM read_files('{tmp_path}/j', {given}) WHERE odd IS NULL").columns == ["n", "odd"]
    bare = spark.sql(f"SELECT * FROM read_files('{tmp_path}/c', format => 'csv', header => false)")
    assert bare.columns == ["_c0", "_c1", "_rescued_data"]


def test_paths_over_text(spark: SparkSession) -> None:
    text = '{"a": "1", "b": {"c": 2}, "l": [{"x": 3}], "f": {"g": {"h": [{"name": "n1"}, {"name": "n2"}]}}}'
    source = f"(SELECT '{text}' AS d) o"
    row = spark.sql(f"SELECT d:a, d:b.c, d:b:c AS x, d:l[0].x, o.d:b AS b, d:a::int + 1 AS n, d:missing, "
                    f"from_json(d:b, 'c INT').c AS j FROM {source}").collect()[0]
    assert tuple(row) == ("1", "2", "2", "3", '{"c":2}', 2, None, 2)
    names = spark.sql(f"SELECT e.name FROM (SELECT explode(from_json(d:f:g:h, 'array<struct<name STRING>>')) e FROM {source})")
    assert [r.name for r in names.collect()] == ["n1", "n2"]
    assert spark.sql(f"SELECT count(*) n FROM {source} WHERE d:b.c > 1 GROUP BY d:a").collect()[0].n == 1
    assert spark.sql(f"SELECT * FROM {source}").selectExpr("d:b.c").collect()[0][0] == "2"
    assert spark.sql("SELECT CAST(v:a.b AS INT) FROM (SELECT parse_json('{\"a\": {\"b\": 4}}') v)").collect()[0][0] == 4
    with pytest.raises(Exception, match="needs a STRING or VARIANT column"):
        spark.sql("SELECT n:a FROM (SELECT 1 n)")


def event(number: int, **more: Any) -> str:
    known = {"event_type": "flow_progress", "message": f"m{number}", "origin": {"pipeline_id": "p", "unknown": 1},
             "details": {"flow_progress": {"metrics": {"num_output_rows": number}}}, "id": str(number), "sequence": number}
    return Event(**{**known, **more}).to_line()


def test_journal_is_a_table(spark: SparkSession, storage: Path, tmp_path: Path) -> None:
    journal = tmp_path / "events.jsonl"
    table = storage / "warehouse" / "main" / "default" / "events"
    table.mkdir(parents=True)
    (table / "_journal.json").write_text(json.dumps({"path": str(journal)}))
    assert spark.table("events").count() == 0
    failure = {"fatal": True, "exceptions": [{"class_name": "E", "message": "bad", "stack": [
        {"declaring_class": "C", "method_name": "m", "file_name": "f", "line_number": 3}]}]}
    third = event(3)
    journal.write_text(f"{event(1)}\n{event(2, error=failure)}\n{third[:20]}")
    found = spark.sql("SELECT id, sequence.control_plane_seq_no, origin.pipeline_id, details:flow_progress.metrics.num_output_rows::int n, "
                      "error.exceptions[0].stack[0].line_number, timestamp FROM main.default.events ORDER BY id").collect()
    assert [tuple(row)[:5] for row in found] == [("1", 1, "p", 1, None), ("2", 2, "p", 2, 3)]
    assert isinstance(found[0].timestamp, datetime)
    with journal.open("a") as lines:
        lines.write(third[20:] + "\n")
    assert spark.table("events").count() == 3
    assert spark.sql("SELECT details FROM events WHERE id = '3'").collect()[0][0] == (
        '{"flow_progress":{"metrics":{"num_output_rows":3}}}')


def test_journal_is_taken_once_by_many_and_costs_no_job_when_unchanged(spark: SparkSession, tmp_path: Path) -> None:
    journal, table = tmp_path / "events.jsonl", str(tmp_path / "events")
    journal.write_text("".join(event(n) + "\n" for n in range(50)))
    threads = [threading.Thread(target=bridge.flush_journal, args=(spark, table, str(journal))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(int(row.id) for row in spark.read.format("delta").load(table).collect()) == list(range(50))
    version = bridge.flush_journal(spark, table, str(journal))
    tracker = spark.sparkContext.statusTracker()
    spark.sparkContext.setJobGroup("idle", "flushing nothing")
    try:
        assert bridge.flush_journal(spark, table, str(journal)) == version
        assert list(tracker.getJobIdsForGroup("idle")) == []
    finally:
        spark.sparkContext.setLocalProperty("spark.jobGroup.id", None)


def test_event_log_by_name_and_by_table(spark: SparkSession, tmp_path: Path) -> None:
    journal, folder = tmp_path / "events.jsonl", tmp_path / "log"
    journal.write_text(event(1) + "\n" + event(2) + "\n")
    folder.mkdir()
    (folder / "_journal.json").write_text(json.dumps({"path": str(journal)}))
    spark.conf.set(f"{bridge.EVENT_LOG_SETTING}.My Pipeline", str(folder))
    assert spark.sql("SELECT count(*) n FROM event_log('my pipeline')").collect()[0].n == 2
    spark.sql("CREATE TABLE t (id INT) TBLPROPERTIES ('pipelines.pipelineId' = 'My Pipeline')")
    assert spark.sql("SELECT max(e.id) m FROM event_log(TABLE(main.default.t)) e").collect()[0].m == "2"
    assert drain(spark.sql("SELECT id FROM STREAM event_log('My Pipeline')"), tmp_path, "log") == [("1",), ("2",)]
    with pytest.raises(Exception, match="no event log is known for pipeline other"):
        spark.sql("SELECT * FROM event_log('other')")
    spark.conf.set(f"{bridge.EVENT_LOG_SETTING}.before", str(tmp_path / "before"))
    with pytest.raises(Exception, match="there is no event log yet"):
        spark.sql("SELECT * FROM event_log('before')")


def test_a_journal_of_several_parts_is_one_table(spark: SparkSession, tmp_path: Path) -> None:
    journal, table = tmp_path / "j" / "events.jsonl", tmp_path / "events"
    journal.parent.mkdir()
    begun = []

    def write(*numbers: int) -> None:
        with Journal(journal, part_size=2000, put_aside=lambda: begun.append(1)) as log:
            for number in numbers:
                log.write(Event("flow_progress", f"m{number}", {"pipeline_id": "p"}, {}, id=str(number)))

    def flushed() -> list[int]:
        bridge.flush_journal(spark, str(table), str(journal))
        return sorted(int(row.id) for row in spark.read.format("delta").load(str(table)).collect())

    write(*range(30))
    assert len(begun) > 2
    assert flushed() == list(range(30))
    assert len(earlier_parts(journal)) == 1, "what is in the table goes, but for the newest"
    write(*range(30, 50))
    assert flushed() == list(range(50))
    put_aside(journal)  # as a kill leaves it
    assert flushed() == list(range(50))
    write(50)
    shutil.rmtree(table)  # what was removed is gone; the rest is taken again
    again = flushed()
    assert again == list(range(again[0], 51))
    assert 0 < again[0] < 51


def test_columns_of_an_older_log_stay(spark: SparkSession, tmp_path: Path) -> None:
    journal, table = tmp_path / "events.jsonl", str(tmp_path / "events")
    older = "id STRING, sequence STRUCT<seq_no: BIGINT>, origin STRUCT<pipeline_id: STRING>, details STRING"
    spark.createDataFrame([("0", (7,), ("p",), "{}")], older).write.format("delta").save(table)
    journal.write_text(event(1) + "\n")
    bridge.flush_journal(spark, table, str(journal))
    rows = spark.read.format("delta").load(table).orderBy("id").collect()
    assert [(r.id, r.sequence.seq_no, r.sequence.control_plane_seq_no, r.origin.pipeline_id) for r in rows] == [
        ("0", 7, None, "p"), ("1", None, 1, "p")]


def test_two_processes_take_each_line_once(spark: SparkSession, tmp_path: Path) -> None:
    """Another path to the same folder has locks and a view of the log of its own, as another process has."""
    journal, table, link = tmp_path / "j" / "events.jsonl", tmp_path / "events", tmp_path / "link"
    journal.parent.mkdir()
    table.mkdir()
    link.symlink_to(table)
    writing, numbers, failed = threading.Lock(), iter(range(60)), []

    def work(path: Path) -> None:
        try:
            for _ in range(3):
                with writing, Journal(journal, part_size=3000) as log:
                    for _ in range(10):
                        number = next(numbers)
                        log.write(Event("flow_progress", f"m{number}", {"pipeline_id": "p"}, {}, id=str(number)))
                bridge.flush_journal(spark, str(path), str(journal))
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(path,)) for path in (table, link)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    taken = [int(row.id) for row in spark.read.format("delta").load(str(table)).collect()]
    assert sorted(taken) == list(range(60))
