"""Projects as people clone them: source that names files of the platform, tables from elsewhere, a file that is broken."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.spark

PARCELS = """
from pyspark import pipelines as dp

@dp.table
def parcels():
    return (spark.readStream.format("cloudFiles").option("cloudFiles.format", "csv")
            .load("/Volumes/post/raw/drop/parcels"))
"""


def test_files_of_a_volume_are_read_from_the_folder_that_the_configuration_names(dry_run):
    files = {
        "transformations/parcels.py": PARCELS,
        "transformations/offices.sql": """
            CREATE STREAMING TABLE offices AS
            SELECT *, _metadata.file_name AS file FROM STREAM read_files('dbfs:/Volumes/post/raw/drop/offices');
            CREATE MATERIALIZED VIEW directly AS SELECT name FROM json.`/Volumes/post/raw/drop/offices`;
        """,
        "landing/parcels/monday.csv": "parcel,weight\n1,2.5\n",
        "landing/offices/all.json": '{"office": 7, "name": "North"}\n',
    }
    checked = dry_run(files, **{"ldp.path./Volumes/post/raw/drop": "landing"}).fine()
    assert checked.columns("parcels") == ["parcel string", "weight string", "_rescued_data string"]
    assert checked.columns("offices") == ["name string", "office bigint", "_rescued_data string", "file string"]
    assert checked.columns("directly") == ["name string"]


def test_relative_paths_are_below_the_project(dry_run):
    files = {
        "transformations/a.sql": "CREATE STREAMING TABLE a AS SELECT * FROM STREAM read_files('data/a', format => 'json');",
        "transformations/b.py": """
            from pyspark import pipelines as dp

            @dp.materialized_view
            def b():
                return spark.read.json("data/a")
        """,
        "data/a/x.json": '{"n": 1}\n',
    }
    assert dry_run(files).fine().columns("b") == ["n bigint"]


def test_files_that_are_not_here_are_named_with_the_setting_that_says_where_they_are(dry_run):
    found = dry_run({"transformations/parcels.py": PARCELS}).problem()
    assert (found.code, found.dataset, found.location.line) == ("LDP-2024", "parcels", 6)
    assert found.message == "no files at /Volumes/post/raw/drop/parcels"
    assert '--set "ldp.path./Volumes/post/raw/drop=FOLDER"' in found.hint


def test_a_storage_that_nobody_here_reaches_is_a_matter_of_files_too(dry_run):
    found = dry_run({"transformations/a.sql": "CREATE MATERIALIZED VIEW a AS SELECT * FROM csv.`s3://depot/a`;"}).problem()
    assert (found.code, found.message) == ("LDP-2024", "files of s3: cannot be reached from here")
    assert '--set "ldp.path.s3://BUCKET=DIR"' in found.hint


def test_who_misses_a_table_of_a_file_that_cannot_be_read_is_listed_under_that_file(dry_run):
    files = {
        "transformations/first.py": "pimport dlt\n\n@dlt.table\ndef letters():\n    return spark.range(1)\n",
        "transformations/second.sql": "CREATE MATERIALIZED VIEW stamps AS SELECT * FROM letters;",
    }
    found = dry_run(files).problem()
    assert (found.code, str(found.location).split(":")[0], found.because) == (
        "LDP-2001",
        "transformations/first.py",
        ["stamps"],
    )


def test_a_table_of_another_catalog_is_to_be_made_by_hand(dry_run):
    files = {"transformations/a.sql": "CREATE MATERIALIZED VIEW trips AS SELECT * FROM samples.harbour.trips;"}
    found = dry_run(files).problem()
    assert (found.code, found.message) == ("LDP-2003", 'unknown table "samples.harbour.trips"')
    assert found.hint.endswith(
        "ldp query: CREATE CATALOG IF NOT EXISTS samples; CREATE SCHEMA IF NOT EXISTS samples.harbour; "
        "CREATE TABLE samples.harbour.trips AS SELECT ..."
    )


def test_a_table_that_several_sources_need_while_they_are_read_is_missed_once(dry_run):
    source = """
        from pyspark import pipelines as dp
        from weights import limit

        @dp.materialized_view
        @dp.expect("light", f"weight < {{limit()}}")
        def {name}():
            return spark.sql("SELECT 1 AS weight")
    """
    files = {
        "transformations/weights.py": """
            def limit():
                from pyspark.sql import SparkSession

                return SparkSession.getActiveSession().table("rules.weights").first()[0]
        """,
    }
    for name in ("letters", "parcels"):
        files[f"transformations/{name}.py"] = source.format(name=name)
    found = dry_run(files).problem()
    assert (found.code, str(found.location)) == ("LDP-2003", "transformations/weights.py:4")
    assert "CREATE SCHEMA IF NOT EXISTS main.rules; CREATE TABLE " in found.hint


def test_a_format_of_a_package_that_is_missing_is_told_with_the_package(dry_run):
    source = """
        from pyspark import pipelines as dp
        from parchment_reader import Parchment

        spark.dataSource.register(Parchment)

        @dp.materialized_view
        def scrolls():
            return spark.read.format("parchment").load()
    """
    found = dry_run({"transformations/a.py": source}).problem()
    assert (found.code, found.location.line, found.because) == ("LDP-2002", 2, ["scrolls"])
