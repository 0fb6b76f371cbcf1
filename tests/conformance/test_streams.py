"""Streaming queries that Spark refuses only when they start: told by the dry run, in the mode they would start in."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.spark

SOURCE = "CREATE TEMPORARY VIEW s AS SELECT id, timestamp_seconds(id) AS at FROM STREAM numbers_a;\n"

REFUSED = {
    "a sort": ("SELECT id FROM STREAM s ORDER BY id", "orting is not supported", "materialized view"),
    "a window function": ("SELECT id, row_number() OVER (ORDER BY id) AS r FROM STREAM s", "indow", "materialized view"),
    "a count of distinct values": ("SELECT count(DISTINCT id) AS n FROM STREAM s", "istinct aggregations", "approx_count_distinct"),
    "a union with a batch": ("SELECT id FROM STREAM s UNION ALL SELECT id FROM numbers_b", "nion between streaming and batch", "as streams"),
    "an outer join of streams without watermarks": (
        "SELECT l.id FROM STREAM s l LEFT JOIN STREAM s r ON l.id = r.id", "watermark", "watermark"),
    "an outer join that keeps the batch": (
        "SELECT b.id FROM STREAM s RIGHT JOIN numbers_b b ON s.id = b.id", "RightOuter", "preserved side"),
    "a watermark on another column than the groups": (
        "SELECT id, count(*) AS n FROM (SELECT * FROM STREAM s) WATERMARK at DELAY OF INTERVAL 1 MINUTE GROUP BY id", "watermark", "watermark"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_a_stream_cannot_do(sql, case):
    query, words, hint = REFUSED[case]
    problem = sql(f"{SOURCE}CREATE STREAMING TABLE t AS\n{query};").problem()
    assert (problem.code, problem.dataset, problem.location.line) == ("LDP-2015", "t", 3)
    assert problem.message.startswith("the stream cannot run: ")
    assert words in problem.message
    assert hint in problem.hint
    assert "#" not in problem.message


ALLOWED = {
    "a filter": "SELECT id FROM STREAM s WHERE id > 1",
    "a limit": "SELECT id FROM STREAM s LIMIT 2",
    "distinct rows": "SELECT DISTINCT id FROM STREAM s",
    "an aggregation without a watermark": "SELECT id % 2 AS m, count(*) AS n FROM STREAM s GROUP BY 1",
    "an aggregation with one": """SELECT window(at, '1 minute') AS w, count(*) AS n
                                  FROM (SELECT * FROM STREAM s) WATERMARK at DELAY OF INTERVAL 1 MINUTE GROUP BY 1""",
    "an inner join of streams": "SELECT l.id FROM STREAM s l JOIN STREAM s r ON l.id = r.id",
    "an outer join with a batch": "SELECT s.id FROM STREAM s LEFT JOIN numbers_b b ON s.id = b.id",
    "a union of streams": "SELECT id FROM STREAM s UNION ALL SELECT id FROM STREAM numbers_b",
    "an exploded column": "SELECT id, e FROM STREAM s LATERAL VIEW explode(array(1, 2)) AS e",
}


def test_what_a_stream_can_do(sql):
    tables = ";\n".join(f"CREATE STREAMING TABLE t{n} AS {query}" for n, query in enumerate(ALLOWED.values()))
    checked = sql(SOURCE + tables).fine()
    assert {checked.node(f"t{n}").streaming for n in range(len(ALLOWED))} == {True}


def test_files_by_their_path_are_no_stream(sql):
    # Spark reads them as a batch without a word.
    problem = sql("CREATE STREAMING TABLE t AS\nSELECT * FROM STREAM json.`/data/events`").problem()
    assert (problem.code, problem.dataset, str(problem.location)) == ("LDP-2007", "t", "transformations/a.sql:2:22")
    assert problem.hint == "write STREAM read_files('/data/events', format => 'json')"


def test_views_are_checked_within_their_readers(sql):
    # What a batch reader may not ask of a stream, the view alone may say.
    problem = sql(f"""{SOURCE}CREATE TEMPORARY VIEW sorted AS SELECT id FROM STREAM s ORDER BY id;
CREATE STREAMING TABLE t AS SELECT * FROM STREAM sorted;""").problem()
    assert (problem.code, problem.dataset, problem.location.line) == ("LDP-2015", "t", 3)


def test_flows_of_python_and_the_sources_of_auto_cdc_and_sinks(python):
    checked = python("""
        dp.create_sink("out", "delta", {"path": "/somewhere"})
        dp.create_streaming_table("t")
        dp.create_streaming_table("target")

        @dp.temporary_view
        def grouped():
            return spark.readStream.table("numbers_a").groupBy("id").count()

        @dp.append_flow(target="t")
        def sorted_rows():
            return spark.readStream.table("numbers_a").orderBy("id")

        @dp.append_flow(target="out")
        def to_sink():
            return spark.readStream.table("grouped")

        dp.create_auto_cdc_flow(target="target", source="grouped", keys=["id"], sequence_by="count")
    """)
    found = {(p.dataset, p.location.line, p.code) for p in checked.graph.problems}
    assert found == {("t", 11, "LDP-2015"), ("to_sink", 15, "LDP-2015"), ("target", 19, "LDP-2015")}
    assert 'flow "sorted_rows"' in next(p.message for p in checked.graph.problems if p.dataset == "t")


def test_state_that_functions_of_the_user_keep(python):
    checked = python("""
        from pyspark.sql.streaming import StatefulProcessor

        class Counts(StatefulProcessor):
            def init(self, handle):
                pass

            def handleInputRows(self, key, rows, timers):
                yield from rows

            def close(self):
                pass

        def count(key, frames, state):
            yield from frames

        def numbers():
            return spark.readStream.table("numbers_a").groupBy("id")

        @dp.table
        def applied():
            return numbers().applyInPandasWithState(count, "id BIGINT, n INT", "n INT", "append", "NoTimeout")

        @dp.table
        def transformed():
            return numbers().transformWithStateInPandas(Counts(), "id BIGINT", "append", "none")
    """)
    assert checked.columns("applied") == ["id bigint", "n int"]
    assert checked.fine().columns("transformed") == ["id bigint"]


def test_an_aggregation_that_replaces_the_rows_of_other_flows(sql):
    # Without a watermark it is written in complete mode: each batch replaces all rows of the table.
    problem = sql(f"""{SOURCE}CREATE STREAMING TABLE t;
CREATE FLOW sums AS INSERT INTO t BY NAME SELECT id, count(*) AS n FROM STREAM s GROUP BY id;
CREATE FLOW rows AS INSERT INTO t BY NAME SELECT id, 1L AS n FROM STREAM s;""").problem()
    assert (problem.code, problem.dataset, problem.location.line) == ("LDP-2015", "t", 3)
    assert "watermark" in problem.hint


def test_a_stream_over_rows_that_are_replaced_passes_with_a_warning(sql):
    checked = sql(f"""{SOURCE}CREATE STREAMING TABLE sums AS SELECT id, count(*) AS n FROM STREAM s GROUP BY id;
CREATE STREAMING TABLE reader AS SELECT * FROM STREAM sums;
CREATE STREAMING TABLE target FLOW AUTO CDC FROM STREAM archive.changes KEYS (id) SEQUENCE BY version;
CREATE STREAMING TABLE of_target AS SELECT * FROM STREAM target;
CREATE MATERIALIZED VIEW batch AS SELECT * FROM sums, target WHERE sums.id = target.id;""".replace(
        "SELECT * FROM sums, target", "SELECT sums.n FROM sums, target")).fine()
    warned = [str(w) for w in checked.graph.warnings if "as a stream" in str(w)]
    assert [w.split("`")[1] for w in warned] == ["reader", "of_target"]


def test_a_folder_of_files_takes_one_flow(python):
    problem = python("""
        dp.create_sink("files", "json", {"path": "/somewhere"})

        @dp.append_flow(target="files")
        def one():
            return spark.readStream.table("numbers_a")

        @dp.append_flow(target="files")
        def two():
            return spark.readStream.table("numbers_b")
    """).problem()
    assert (problem.code, problem.location.line) == ("LDP-2023", 9)
    assert '"one" and "two"' in problem.message


def test_sinks_whose_rows_nobody_would_see(python):
    checked = python("""
        dp.create_sink("kept", "memory", {"queryName": "kept_rows"})
        dp.create_sink("shown", "Console")
        dp.create_sink("gone", "noop")

        @dp.append_flow(target="kept")
        def to_kept():
            return spark.readStream.table("numbers_a")

        @dp.append_flow(target="shown")
        def to_shown():
            return spark.readStream.table("numbers_a")

        @dp.append_flow(target="gone")
        def to_gone():
            return spark.readStream.table("numbers_a")

        @dp.table
        def t():
            return spark.readStream.table("numbers_a")
    """)
    problem = checked.problem()
    assert (problem.code, problem.hint) == ("LDP-2023", "give it the format delta with a tableName or a path")
    assert '"kept" has the format memory' in problem.message
    told = [(note.kind, note.text) for note in checked.graph.not_checked if "shown" in note.text]
    assert told == [("no_effect", 'sink "shown" of the format console: Spark\'s log gets its rows')]
