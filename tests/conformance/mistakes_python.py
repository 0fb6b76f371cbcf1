"""Mistakes in Python sources; see `test_mistakes`."""

from __future__ import annotations

from mistake import python

_BATCH = 'spark.read.table("orders")'
_STREAM = 'spark.readStream.table("orders")'


def _view(body: str, decorators: str = "@dp.materialized_view") -> str:
    return f"{decorators}\ndef a():\n    {body}\n"


MISTAKES = [
    # tables and columns
    python("typo in read.table", _view('return «spark.read.table("custmers")'), "LDP-2003"),
    python("typo in readStream.table", _view('return «spark.readStream.table("ordrs")', "@dp.table"), "LDP-2003"),
    python("typo in spark.table", _view('return «spark.table("ordrs")'), "LDP-2003"),
    python("typo in dlt.read", _view('return «dlt.read("custmers")'), "LDP-2003"),
    python("typo in dlt.read_stream", _view('return «dlt.read_stream("ordrs")', "@dp.table"), "LDP-2003"),
    python("typo in spark.sql", _view('return «spark.sql("SELECT * FROM ordrs")'), "LDP-2003"),
    python("f of an f-string missing", _view('schema = "silver"\n    return «spark.read.table("{schema}.orders")'), "LDP-2001", hint="an f is missing"),
    python("f missing in spark.sql", _view('t = "orders"\n    return «spark.sql("SELECT * FROM {t}")'), "LDP-2001", hint="an f is missing"),
    python("typo in select", _view(f'return «{_BATCH}.select("order_id", "quantitty")'), "LDP-2004"),
    python("typo in col", _view(f'return «{_BATCH}.filter(F.col("quantitty") > 1)'), "LDP-2004"),
    python("typo in an attribute", _view(f"df = {_BATCH}\n    return «df.filter(df.quantitty > 1)"), "LDP-2004"),
    python("typo in df[...]", _view(f'df = {_BATCH}\n    return «df.filter(df["quantitty"] > 1)'), "LDP-2004"),
    python("column in two tables", _view(
        f'o, c = {_BATCH}, spark.read.table("customers")\n    j = o.join(c, o.customer_id == c.customer_id)\n    return «j.select("customer_id")'), "LDP-2015"),
    python("column twice after a join", "«" + _view(
        f'o, c = {_BATCH}, spark.read.table("customers")\n    return o.join(c, o.customer_id == c.customer_id)'), "LDP-2020"),
    python("partition column", "«" + _view(f"return {_BATCH}", '@dp.materialized_view(partition_cols=["statuss"])'), "LDP-2004"),
    # names and arguments of the API
    python("typo in a decorator", "«" + _view(f"return {_BATCH}", "@dp.materialised_view"), "LDP-2002"),
    python("typo in an expectation", "@dp.materialized_view\n«" + _view(f"return {_BATCH}", '@dp.expect_or_dropp("ok", "quantity > 0")'), "LDP-2002"),
    python("typo in a parameter", "«" + _view(f"return {_BATCH}", '@dp.materialized_view(coment="x")'), "LDP-2011"),
    python("typo in table_properties", "«" + _view(f"return {_STREAM}", '@dp.table(table_property={"a": "b"})'), "LDP-2011"),
    python("name that is no text", "«" + _view(f"return {_BATCH}", "@dp.materialized_view(name=5)"), "LDP-2011"),
    python("name by position", "«" + _view(f"return {_BATCH}", '@dp.materialized_view("a")'), "LDP-2011"),
    python("partition columns and clustering", "«" + _view(f"return {_BATCH}", '@dp.materialized_view(partition_cols=["status"], cluster_by=["order_id"])'), "LDP-2011"),
    python("expectation without a condition", "@dp.materialized_view\n«" + _view(f"return {_BATCH}", '@dp.expect("quantity > 0")'), "LDP-2011"),
    python("expectations as a list", "@dp.materialized_view\n«" + _view(f"return {_BATCH}", '@dp.expect_all(["quantity > 0"])'), "LDP-2011"),
    python("refresh policy", "«" + _view(f"return {_BATCH}", '@dp.materialized_view(refresh_policy="always")'), "LDP-2011"),
    python("import of a name", "«from pyspark.pipelines import tabel\n", "LDP-2002"),
    python("four parts", "«" + _view(f"return {_BATCH}", '@dp.materialized_view(name="a.b.c.d")'), "LDP-2021"),
    # functions
    python("nothing returned", "«" + _view(f"{_BATCH}"), "LDP-2010"),
    python("pandas returned", "«" + _view("import pandas as pd\n    return pd.DataFrame({'a': [1]})"), "LDP-2010"),
    python("name of a table returned", "«" + _view('return "orders"'), "LDP-2010"),
    python("function with an argument", f"«@dp.materialized_view\ndef a(day):\n    return {_BATCH}\n", "LDP-2009", hint="def f(day=...)"),
    python("name that is not defined", _view("return «orders_df"), "LDP-2009"),
    python("name not defined at the top", "«TABLES = [tabel]\n", "LDP-2002"),
    python("typo in a method", _view(f"return «{_BATCH}.whre('quantity > 1')"), "LDP-2004", hint='"where"'),
    python("function that F has not", _view(f'return «{_BATCH}.select(F.uper("status"))'), "LDP-2009"),
    python("statement in spark.sql", _view('«spark.sql("CREATE TABLE x AS SELECT 1")\n    return spark.range(1)'), "LDP-2012"),
    python("decorator inside a function", _view("@dp.materialized_view«\n    def b():\n        return spark.range(1)\n    return spark.range(1)"), "LDP-2012"),
    python("syntax", "@dp.materialized_view\ndef a(«:\n    pass\n", "LDP-2001"),
    python("indentation", "@dp.materialized_view\ndef a():\n«return spark.range(1)\n", "LDP-2001"),
    python("SQL in a Python string", _view('return «spark.sql("SELECT * FORM orders")'), "LDP-2001"),
    python("module that is not there", "«import great_helpers\n", "LDP-2002"),
    python("name that a helper has not", "«from os import pth\n", "LDP-2002"),
    python("SQL in a Python file", "CREATE «MATERIALIZED VIEW a AS SELECT 1\n", "LDP-2001", hint="looks like SQL"),
    # streams and batches
    python("stream in a materialized view", "«" + _view(f"return {_STREAM}"), "LDP-2008"),
    python("read_stream of a batch view", "@dp.temporary_view\ndef known():\n    return spark.read.table('customers')\n\n" + _view("return «spark.readStream.table('known')", "@dp.table"), "LDP-2018"),
    python("append flow of a batch", f'dp.create_streaming_table("a")\n\n«@dp.append_flow(target="a")\ndef f():\n    return {_BATCH}\n', "LDP-2007"),
    python("append flow into a typo", f'dp.create_streaming_table("all_orders")\n\n@dp.append_flow(target="all_orders")\ndef g():\n    return {_STREAM}\n\n«@dp.append_flow(target="all_order")\ndef f():\n    return {_STREAM}\n', "LDP-2013"),
    python("expectation on a flow", f'dp.create_streaming_table("a")\n\n@dp.append_flow(target="a")\n«@dp.expect("ok", "quantity > 0")\ndef f():\n    return {_STREAM}\n', "LDP-2011"),
    python("table without a flow", '«dp.create_streaming_table("a")\n', "LDP-2014"),
    python("batch into a sink", f'dp.create_sink("out", "delta", {{"path": "/data/out"}})\n\n«@dp.append_flow(target="out")\ndef f():\n    return {_BATCH}\n', "LDP-2007"),
    python("sink without a format", '«dp.create_sink("out", options={"path": "x"})\n', "LDP-2011"),
    python("order in a stream", "«" + _view(f'return {_STREAM}.orderBy("order_id")', "@dp.table"), "LDP-2015"),
    python("table that stays a loop's last", 'for t in ["customers", "orders"]:\n    «@dp.materialized_view\n    def copy():\n        return spark.read.table(t)\n', "LDP-2006"),
    # change capture
    python("CDC key", 'dp.create_streaming_table("a")\n«dp.create_auto_cdc_flow(target="a", source="orders", keys=["id"], sequence_by="placed_at")\n', "LDP-2017"),
    python("CDC sequence", 'dp.create_streaming_table("a")\n«dp.create_auto_cdc_flow(target="a", source="orders", keys=["order_id"], sequence_by=F.col("placed"))\n', "LDP-2017"),
    python("CDC without a sequence", 'dp.create_streaming_table("a")\n«dp.create_auto_cdc_flow(target="a", source="orders", keys=["order_id"])\n', "LDP-2017"),
    python("CDC type", 'dp.create_streaming_table("a")\n«dp.create_auto_cdc_flow(target="a", source="orders", keys=["order_id"], sequence_by="placed_at", stored_as_scd_type=3)\n', "LDP-2011"),
    python("CDC parameter", 'dp.create_streaming_table("a")\n«dp.create_auto_cdc_flow(target="a", source="orders", key=["order_id"], sequence_by="placed_at")\n', "LDP-2011"),
    python("CDC target not declared", '«dp.create_auto_cdc_flow(target="a", source="orders", keys=["order_id"], sequence_by="placed_at")\n', "LDP-2013"),
    python("CDC source", 'dp.create_streaming_table("a")\n«dp.create_auto_cdc_flow(target="a", source="order", keys=["order_id"], sequence_by="placed_at")\n', "LDP-2003"),
    python("CDC history with type 1", 'dp.create_streaming_table("a")\n«dp.create_auto_cdc_flow(target="a", source="orders", keys=["order_id"], sequence_by="placed_at", track_history_column_list=["status"])\n', "LDP-2017"),
    # rules and schemas
    python("column in a rule", "@dp.materialized_view\n«" + _view(f"return {_BATCH}", '@dp.expect_or_drop("ok", "quantitty > 0")'), "LDP-2016"),
    python("rule in a dict", "@dp.materialized_view\n«" + _view(f"return {_BATCH}", '@dp.expect_all({"ok": "quantity > 0", "priced": "prise > 0"})'), "LDP-2016"),
    python("rule twice", "@dp.materialized_view\n@dp.expect('ok', 'quantity > 0')\n«" + _view(f"return {_BATCH}", '@dp.expect("ok", "price > 0")'), "LDP-2006"),
    python("schema that lacks a column", "«" + _view(f"return {_BATCH}", '@dp.materialized_view(schema="order_id INT, status STRING")'), "LDP-2020"),
    python("schema mistyped", "«" + _view(f"return {_BATCH}", '@dp.materialized_view(schema="order_id INTT")'), "LDP-2001"),
    # reading
    python("format of Auto Loader missing", _view('return «spark.readStream.format("cloudFiles").load(spark.conf.get("data"))', "@dp.table"), "LDP-2015"),
    python("option of Auto Loader mistyped", _view('return «spark.readStream.format("cloudFiles").option("cloudFiles.formt", "json").load(spark.conf.get("data"))', "@dp.table"), "LDP-2011", hint='"format"'),
    python("folder that is not there", _view('return «spark.read.json("/data/nowhere")'), "LDP-2024"),
    python("format that is not there", _view('return «spark.read.format("jsno").load("/data")'), "LDP-2015"),
    python("setting that is not there", _view('return «spark.read.json(spark.conf.get("pipeline.source"))'), "LDP-2022"),
    python("widget that is not there", '«PATH = dbutils.widgets.get("source")\n', "LDP-2022"),
    python("secret that is not there", '«PASSWORD = dbutils.secrets.get("scope", "key")\n', "LDP-2025"),
]  # fmt: skip
