"""Files of this machine as Hadoop sees them: the same as by Hadoop's own classes, which start processes for them."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import SparkSession

pytestmark = [pytest.mark.spark, pytest.mark.skipif(os.name == "nt", reason="permissions and links")]


@pytest.fixture
def hadoop(spark: SparkSession) -> Any:
    return spark._jvm.org.apache.hadoop.fs


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_permissions_links_and_renames(spark: SparkSession, hadoop: Any, tmp_path: Path) -> None:
    conf = spark._jsc.hadoopConfiguration()
    files = hadoop.FileSystem.getLocal(conf)
    assert files.getClass().getSimpleName() == "LocalFiles"
    context = hadoop.FileContext.getFileContext(conf)
    assert context.getDefaultFileSystem().getClass().getSimpleName() == "LocalFileContext"

    def path(name: str) -> Any:
        return hadoop.Path((tmp_path / name).as_uri())

    files.mkdirs(path("a/b"))
    with_umask = 0o777 & ~0o22  # Hadoop's own umask
    assert mode(tmp_path / "a" / "b") == with_umask
    out = files.create(path("a/f"))
    out.close()
    assert mode(tmp_path / "a" / "f") == 0o666 & ~0o22
    files.setPermission(path("a/f"), hadoop.permission.FsPermission("640"))
    assert mode(tmp_path / "a" / "f") == 0o640
    assert files.getFileStatus(path("a/f")).getPermission().toString() == "rw-r-----"
    files.setPermission(path("a/b"), hadoop.permission.FsPermission("1777"))
    assert mode(tmp_path / "a" / "b") == 0o1777
    (tmp_path / "a").chmod(0o2775)
    files.mkdirs(path("a/of_the_group"))
    assert mode(tmp_path / "a" / "of_the_group") == 0o2755
    files.setPermission(path("a"), hadoop.permission.FsPermission("700"))
    assert mode(tmp_path / "a") == 0o2700

    (tmp_path / "link").symlink_to(tmp_path / "a" / "f")
    assert context.getFileLinkStatus(path("link")).isFile()
    assert context.getFileLinkStatus(path("a/b")).isDirectory()
    assert not context.getFileLinkStatus(path("a/f")).isSymlink()
    with pytest.raises(Exception, match="FileNotFoundException"):
        context.getFileLinkStatus(path("none"))

    (tmp_path / "new").write_text("new")
    none = spark.sparkContext._gateway.new_array(hadoop.Options.Rename, 0)
    with pytest.raises(Exception, match="FileAlreadyExistsException"):
        context.rename(path("new"), path("a/f"), none)
    over = spark.sparkContext._gateway.new_array(hadoop.Options.Rename, 1)
    over[0] = hadoop.Options.Rename.OVERWRITE
    context.rename(path("new"), path("a/f"), over)
    assert (tmp_path / "a" / "f").read_text() == "new"
    assert not (tmp_path / "new").exists()
