"""Auto Loader: what has no place in the columns, and columns that change while a pipeline lives."""

from __future__ import annotations

import gzip
import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from ldp_jupyter import Pipeline
from ldp_jupyter.errors import UpdateFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from pyspark.sql import SparkSession

    from ldp_jupyter.events import Event

pytestmark = pytest.mark.spark

LONG_AGO = 1_000_000_000
SOURCE = """
    from pyspark import pipelines as dp

    def landed(folder, form, **options):
        reader = spark.readStream.format("cloudFiles").option("cloudFiles.format", form)
        return reader.options(**{key if key == "rowTag" else f"cloudFiles.{key}": value for key, value in options.items()}).load(folder)

    @dp.table
    def grown():
        return landed("data", "json", inferColumnTypes="true")

    @dp.table
    def rescued():
        return landed("data", "json", schemaEvolutionMode="rescue")

    @dp.table
    def bare():
        return landed("data", "json", schemaEvolutionMode="none")

    @dp.table
    def strict():
        return landed("strict", "json", schemaEvolutionMode="failOnNewColumns")

    @dp.table
    def by_header():
        return landed("sheets", "csv", schemaHints="id INT")

    @dp.table
    def tree():
        return landed("trees", "xml", rowTag="r", inferColumnTypes="true")

    @dp.table
    def late_only():
        return landed("sheets", "csv", includeExistingFiles="false").select("id")

    @dp.temporary_view
    def changes():
        return landed("changes", "json", inferColumnTypes="true")

    dp.create_streaming_table("latest")
    dp.create_auto_cdc_flow(target="latest", source="changes", keys=["id"], sequence_by="at")
"""


def land(root: Path, files: Mapping[str, str | bytes], *, old: bool = False) -> None:
    """Put files there; old ones were written before any that the streams have seen."""
    for name, content in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        if old:
            os.utime(file, (LONG_AGO, LONG_AGO))


def rows(pipeline: Pipeline, columns: str, table: str) -> list[tuple[Any, ...]]:
    return sorted((tuple(row) for row in pipeline.query(f"SELECT {columns} FROM {table}").rows), key=str)


def rescued(text: str | None) -> tuple[str, ...]:
    """Names and values that were rescued, and the file's name."""
    return () if text is None else tuple(
        os.path.basename(value) if key == "_file_path" else f"{key}={json.dumps(value)}"
        for key, value in json.loads(text).items())


@pytest.mark.long
def test_columns_of_streams_through_two_changes(
    spark_main: SparkSession, make_project: Callable[[Mapping[str, str]], Path]
) -> None:
    root = make_project({"transformations/a.py": SOURCE})
    land(root, {
        "data/a.json": '{"a": 1, "b": {"c": 2}}\n', "strict/a.json": '{"a": 1}', "sheets/a.csv": "id,name\n1,x\n",
        "changes/a.json": '{"id": 1, "at": 1, "v": "x"}\n', "trees/a.xml": "<x><r><a>1</a><b><c>2</c></b></r></x>",
    })
    pipeline = Pipeline(root)
    pipeline.run()
    assert rows(pipeline, "*", "grown") == [(1, (2,), None)]
    assert rows(pipeline, "*", "late_only") == []

    # files that inference passes over, since they are older than what it has seen: the reading meets the columns
    land(root, {
        "data/b.json": '{"a": "one", "b": {"c": 3, "d": 4}, "e": 1.5}\n', "strict/b.json": '{"a": 2, "e": 3}',
        "sheets/b.csv": "extra,id\nmore,2\n,x\n",
        "changes/b.json": '{"id": 1, "at": 2, "v": "y", "n": 5}\n',
        "trees/b.xml": '<x><r><a>one</a><b><c>3</c><d k="4">5</d></b></r><r><e/></r></x>',
    }, old=True)
    events: list[Event] = []
    with pytest.raises(UpdateFailed) as failed:
        pipeline.run(subscribers=[events.append])
    assert [problem.code for problem in failed.value.problems] == ["LDP-3009"], str(failed.value)
    assert "takes no new columns" in failed.value.problems[0].message
    again = {event.origin["flow_name"]: event.details["flow_progress"]["new_columns"]
             for event in events if "begins again" in event.message}
    assert again == {"grown": ["b.d", "e"], "by_header": ["extra"], "late_only": ["extra"], "latest": ["n"],
                     "tree": ["b.d"]}
    told = [(*row[:-1], rescued(row[-1])) for row in rows(pipeline, "a, b.c, b.d, e, _rescued_data", "grown")]
    assert told == [(1, 2, None, None, ()), (None, 3, 4, 1.5, ('a="one"', "b.json"))]
    assert [rescued(text) for (text,) in rows(pipeline, "_rescued_data", "rescued WHERE a = 'one'")] == [
        ('b={"d": 4}', "e=1.5", "b.json")]
    trees = rows(pipeline, "a, b.c, b.d._k, b.d._VALUE, _rescued_data", "tree")
    assert [(*row[:-1], rescued(row[-1])) for row in trees] == [
        (1, 2, None, None, ()), (None, 3, 4, 5, ('a="one"', "b.xml")), (None, None, None, None, ())]
    assert rows(pipeline, "*", "bare") == [("1", ("2",)), ("one", ("3",))]
    assert rows(pipeline, "id, name, extra", "by_header") == [(1, "x", None), (2, None, "more"), (None, None, None)]
    assert rows(pipeline, "id", "late_only") == [("2",), ("x",)]
    assert rows(pipeline, "id, v, n", "latest") == [(1, "y", 5)]

    # newer ones: a dry run knows them already, in another process too
    source = root / "transformations/a.py"  # hints say that the column is known
    text = source.read_text(encoding="utf-8").replace('"failOnNewColumns"', '"failOnNewColumns", schemaHints="e INT"')
    source.write_text(text, encoding="utf-8")
    land(root, {"data/c.json": '{"a": 7, "f": [{"g": 1}]}\n', "changes/c.json": '{"id": 2, "at": 3, "m": true}',
                "strict/c.json": '{"a": 3, "g": 4}', "sheets/c.csv": "id,late\n3,z\n", "trees/c.xml": "<x><r><f>1</f></r></x>"})
    graph = Pipeline(root).dry_run()
    shown = {graph.shown(name): [c.name for c in node.columns or ()] for name, node in graph.nodes.items()}
    assert shown["grown"] == ["a", "b", "e", "f", "_rescued_data"]
    assert shown["rescued"] == ["a", "b", "_rescued_data"]
    assert shown["latest"] == ["at", "id", "v", "n", "m", "_rescued_data"]
    with pytest.raises(UpdateFailed, match=r"takes no new columns, and .*/strict/c.json has: g"):
        pipeline.run()
    assert rows(pipeline, "a, e", "strict") == [("1", None), ("2", 3)]
    assert [rescued(text) for (text,) in rows(pipeline, "_rescued_data", "rescued WHERE a = '7'")] == [
        ('f=[{"g": 1}]', "c.json")]
    assert rows(pipeline, "*", "bare WHERE a = '7'") == [("7", None)]
    assert rows(pipeline, "id, extra, late", "by_header WHERE late IS NOT NULL") == [(3, None, "z")]
    assert rows(pipeline, "f", "tree WHERE f IS NOT NULL") == [(1,)]
    assert rows(pipeline, "a, f", "grown WHERE a = 7") == [(7, [(1,)])]

    # types stay until a full refresh finds them anew
    pipeline.run(full_refresh=["grown"], refresh=["latest"])
    assert rows(pipeline, "a, _rescued_data", "grown") == [("1", None), ("7", None), ("one", None)]
    assert rows(pipeline, "id, m", "latest") == [(1, None), (2, True)]


def test_what_has_no_place_is_kept(spark: SparkSession, tmp_path: Path) -> None:
    """Batches of `read_files` read as streams do."""
    land(tmp_path, {
        "lines/a.json": '\ufeff{"n": 1, "s": "x"}\r\n\r\n{"n": "one"}\n{"N": 3}\rbroken{\n{"n": 4}{"n": 5}\n'
                        '[{"n": 6}, {"n": 7, "more": {"k": 1.10}}]\n{"n": 99999999999}\n"text"\n{"l": [{"x": 1, "y": 2}, {"x": 2}]}',
        "lines/b.json": "", "lines/c.json.gz": gzip.compress(b'{"n": 8}\n'),
        "whole/a.json": '[{"n": 1},\n {"n": "one"}]', "whole/b.json": '{"n": 3}\n{"n": 4}', "whole/c.json": '{"n": 5}\n{"n": ',
        "sheets/a.csv": b'\xef\xbb\xbfn,t\n1,x\none,y\n3,"a,b",z\n4\n', "sheets/b.csv": "t,n\r\nq,5\r\n", "sheets/c.csv": "",
        "bare/a.csv": "1,x\n2,y,more\n",
        "trees/a.xml": '<rows><r id="1"><n>1</n><s>x</s></r><r id="two"><n>one</n><t>after</t></r>'
                       '<r id="3"><N>3</N><p>\n<a>x</a><b>y</b><c k="1">z</c></p></r>'
                       '<r id="4"><l>1</l><l>two &amp;</l><l>3</l><t at="now">text</t></r>'
                       '<r id="5"><t>first</t><t>last</t><p>plain</p><n><deep>1</deep></n></r></rows>',
        "trees/b.xml": '<rows><r id="6"/><r id="7"><n>7</n></rows>', "trees/c.xml": "",
        "trees/d.xml": b'\xef\xbb\xbf<rows>\r\n<r id="8"><n>8</n></r>\r<r id="9" new="x"/>\n</rows>',
    })  # fmt: skip

    def read(folder: str, arguments: str) -> list[tuple[Any, ...]]:
        frame = spark.sql(f"SELECT * FROM read_files('{tmp_path}/{folder}', rescuedDataColumn => 'odd', {arguments})")
        return sorted(((*row[:-1], rescued(row[-1])) for row in frame.collect()), key=str)

    assert read("lines", "format => 'json', schema => 'n INT, l ARRAY<STRUCT<x: INT>>'") == sorted([
        (1, None, ('s="x"', "a.json")), (None, None, ('n="one"', "a.json")), (None, None, ("N=3", "a.json")),
        (None, None, ('_corrupt_record="broken{"', "a.json")), (4, None, ()), (5, None, ()), (6, None, ()),
        (7, None, ('more={"k": 1.1}', "a.json")), (None, None, ("n=99999999999", "a.json")),
        (None, None, ('_corrupt_record="\\"text\\""', "a.json")),
        (None, [(1,), (2,)], ('l=[{"y": 2}, null]', "a.json")), (8, None, ()),
    ], key=str)
    assert read("whole", "format => 'json', multiLine => true, schema => 'n INT'") == [
        (1, ()), (3, ()), (4, ()), (5, ()), (None, ('_corrupt_record="{\\"n\\": 5}\\n{\\"n\\": "', "c.json")),
        (None, ('n="one"', "a.json"))]
    assert read("sheets", "format => 'csv', header => true, schema => 'n INT, t STRING'") == [
        (1, "x", ()), (3, "a,b", ('_c2="z"', "a.csv")), (4, None, ()), (5, "q", ()), (None, "y", ('n="one"', "a.csv"))]
    assert read("bare", "format => 'csv', header => false, schema => 'n INT, t STRING'") == [
        (1, "x", ()), (2, "y", ('_c2="more"', "a.csv"))]
    trees = "_id INT, n INT, l ARRAY<INT>, p STRUCT<a: INT, b: STRING>, t STRING"
    nothing = (None,) * 5
    assert read("trees", f"format => 'xml', rowTag => 'r', schema => '{trees}'") == sorted([
        (1, 1, None, None, None, ('s="x"', "a.xml")), (None, None, None, None, "after", ('_id="two"', 'n="one"', "a.xml")),
        (3, None, None, (None, "y"), None, ('N="3"', 'p={"a": "x", "c": {"_k": "1", "_VALUE": "z"}}', "a.xml")),
        (4, None, [1, None, 3], None, "text", ('l=[null, "two &", null]', 't={"_at": "now"}', "a.xml")),
        (5, None, None, (None, None), "last", ('t=["first", null]', 'p="plain"', 'n={"deep": "1"}', "a.xml")),
        (6, None, None, None, None, ()),
        (*nothing, ('_corrupt_record="<rows><r id=\\"6\\"/><r id=\\"7\\"><n>7</n></rows>"', "b.xml")),
        (8, 8, None, None, None, ()), (9, None, None, None, None, ('_new="x"', "d.xml")),
    ], key=str)
    kept = spark.sql(f"SELECT * FROM read_files('{tmp_path}/lines', format => 'json', "
                     "schema => 'n INT, _corrupt_record STRING', rescuedDataColumn => 'odd') WHERE _corrupt_record IS NOT NULL")
    assert sorted(row._corrupt_record for row in kept.collect()) == ['"text"', "broken{"]


TYPED = """
    from pyspark import pipelines as dp

    def landed(form, folder, **options):
        reader = spark.readStream.format("cloudFiles").option("cloudFiles.format", form)
        return reader.options(**{f"cloudFiles.{key}": value for key, value in options.items()}).load(folder)

    def typed(form):
        @dp.table(name=f"{form}_grown")
        def grown():
            return landed(form, form)

        @dp.table(name=f"{form}_kept")
        def kept():
            return landed(form, form, schemaEvolutionMode="rescue")

    for form in ("parquet", "orc", "avro"):
        typed(form)

    @dp.table
    def given():
        reader = spark.readStream.format("cloudFiles").option("cloudFiles.format", "parquet").schema("a INT")
        return reader.option("rescuedDataColumn", "odd").load("parquet")

    @dp.table
    def once():
        return landed("json", "data")

    @dp.table
    def again():
        return landed("json", "data", allowOverwrites="true").select("n", "_metadata.file_name")
"""
WRITERS = {"parquet": "parquet", "orc": "orc", "avro": "org.apache.spark.sql.avro.AvroFileFormat"}


@pytest.mark.long
def test_files_with_types_and_files_that_change(
    spark_main: SparkSession, make_project: Callable[[Mapping[str, str]], Path]
) -> None:
    root = make_project({"transformations/a.py": TYPED})
    land(root, {"data/a.json": '{"n": 1}', "data/b.json": '{"n": 2}'})
    pipeline = Pipeline(root)

    def write(name: str, query: str) -> None:
        for form, writer in WRITERS.items():
            pipeline.session().sql(query).coalesce(1).write.format(writer).save(str(root / form / name))

    write("one", "SELECT 1 a, named_struct('x', 1) s")
    pipeline.run()

    write("two", "SELECT 2 a, named_struct('x', 2) s, 3.5D b, array(4) l, CAST(NULL AS STRING) u")
    for file in root.glob("*/two/part-*"):  # inference passes over them, since they are older than what it has seen
        os.utime(file, (LONG_AGO, LONG_AGO))
    land(root, {"data/a.json": '{"n": 10}\n{"n": 11}'})
    os.utime(root / "data/b.json", (LONG_AGO, LONG_AGO))  # changed, to an older time
    events: list[Event] = []
    pipeline.run(subscribers=[events.append])
    for form in WRITERS:
        assert rows(pipeline, "a, s.x, b, l[0], u", f"{form}_grown") == [(1, 1, None, None, None), (2, 2, 3.5, 4, None)], form
        told = [(a, x, rescued(text)[:-1]) for a, x, text in rows(pipeline, "a, s.x, _rescued_data", f"{form}_kept")]
        assert told == [(1, 1, ()), (2, 2, ("b=3.5", "l=[4]"))], form
    assert [(a, rescued(text)[:-1]) for a, text in rows(pipeline, "a, odd", "given")] == [
        (1, ('s={"x": 1}',)), (2, ('s={"x": 2}', "b=3.5", "l=[4]"))]

    assert rows(pipeline, "n", "once") == [("1",), ("2",)]
    assert rows(pipeline, "*", "again") == [
        ("1", "a.json"), ("10", "a.json"), ("11", "a.json"), ("2", "b.json"), ("2", "b.json")]
    warning = ["a.json", "b.json"]
    assert changed(events) == {"once": warning}
    events.clear()
    pipeline.run(refresh=["once", "again"], subscribers=[events.append])
    assert changed(events) == {"once": warning}, "an update in which nothing is new says it, too"
    assert rows(pipeline, "count(*)", "again") == [(5,)]

    state = "substring_index(path, '/', -1), size, commit_time >= discovery_time, source_id, flow_name"
    assert rows(pipeline, state, "cloud_files_state(TABLE(again))") == [
        ("a.json", 19, True, "0", "main.default.again"), ("b.json", 8, True, "0", "main.default.again")]
    (checkpoint,) = root.glob(".ldp/pipelines/*/checkpoints/main.default.again/*/main.default.again")
    assert rows(pipeline, "count(*), max(flow_name)", f"cloud_files_state('{checkpoint}')") == [(2, None)]
    for wrong, said in {"'/nowhere'": "is no checkpoint", "": "needs the folder of a checkpoint"}.items():
        with pytest.raises(Exception, match=said):
            pipeline.query(f"SELECT * FROM cloud_files_state({wrong})")


def changed(events: list[Event]) -> dict[str, list[str]]:
    """Files that events tell of as changed, by flow."""
    return {event.origin["flow_name"]: [os.path.basename(file) for file in payload["changed_files"]]
            for event in events if "changed_files" in (payload := event.details.get("planning_information", {}))}


def test_inference_looks_at_as_much_as_it_is_told(spark: SparkSession, tmp_path: Path) -> None:
    land(tmp_path, {"old.json": '{"a": 1}'}, old=True)
    land(tmp_path, {"new.json": '{"b": 1}'})
    setting = "spark.databricks.cloudFiles.schemaInference.sampleSize."
    for name, value, columns in (("numFiles", "1000", ["a", "b"]), ("numFiles", "1", ["b"]), ("numBytes", "15", ["b"])):
        spark.conf.set(setting + name, value)
        reader = spark.readStream.format("cloudFiles").option("cloudFiles.format", "json")
        assert reader.load(str(tmp_path)).columns == [*columns, "_rescued_data"], (name, value)
        spark.conf.unset(setting + name)


def test_modes_that_cannot_be(spark: SparkSession, tmp_path: Path) -> None:
    land(tmp_path, {"a.json": "{}"})
    reader = spark.readStream.format("cloudFiles").option("cloudFiles.format", "json")
    with pytest.raises(Exception, match="is not allowed with a schema: give it as schemaHints"):
        reader.option("cloudFiles.schemaEvolutionMode", "addNewColumns").schema("a INT").load(str(tmp_path))
    with pytest.raises(Exception, match="schemaEvolutionMode is one of addNewColumns, "):
        reader.option("cloudFiles.schemaEvolutionMode", "grow").load(str(tmp_path))
