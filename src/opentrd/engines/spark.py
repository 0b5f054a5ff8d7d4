"""Spark: the assessment runs in a Spark session, each step kept as Parquet; only result tables come back."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import uuid
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from opentrd.engines.base import Engine
from opentrd.record.raw import InputError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_TYPES = {
    "VARCHAR": "STRING", "BIGINT": "BIGINT", "INTEGER": "INT", "DOUBLE": "DOUBLE", "DATE": "DATE", "BOOLEAN": "BOOLEAN",
}  # fmt: skip
# Set for every session: the rules that the SQL was translated for.
_RULES = {
    "spark.sql.ansi.enabled": "true",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.caseSensitive": "false",
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
}
# Only where nothing is configured and Spark runs inside this machine.
_LOCAL = {
    "spark.driver.memory": "4g",
    "spark.sql.shuffle.partitions": str(2 * (os.cpu_count() or 2)),
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.extraJavaOptions": f"-Dlog4j2.configurationFile={Path(__file__).with_name('log4j2.properties').as_uri()}",
}
_CONFIGURED_BY = ("SPARK_CONF_DIR", "SPARK_HOME", "SPARK_REMOTE", "PYSPARK_SUBMIT_ARGS")


class Spark(Engine):
    """A Spark session (Spark 4 or newer).

    ``session`` is one of the caller's; without it the running one is used, or one is started: as the environment
    configures it, else inside this machine. The caller's views and settings are left alone. ``work`` is a folder that
    every worker reaches, for the tables in between (also the Spark setting ``spark.opentrd.work``); inside one machine
    a temporary one is made. It is emptied again.
    Raises InputError when PySpark or Java is missing, or a cluster is given no folder.
    """

    name = "spark"
    dialect = "spark"

    def __init__(self, session: SparkSession | None = None, *, work: str | None = None) -> None:
        super().__init__()
        base = session or _started()
        self.session = base.newSession()
        for rule, value in _RULES.items():
            self.session.conf.set(rule, value)
        # It prints whole queries, with what stands in a cell, where an error is answered here.
        logging.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL)
        self.local = (self.session.sparkContext.master or "local").startswith("local")
        work = work or self.session.conf.get("spark.opentrd.work", None)
        if work is None and not self.local:
            raise InputError(
                "Spark runs on several machines: name a folder that all of them reach in the Spark setting "
                "spark.opentrd.work, for the tables in between."
            )
        self._made = Path(tempfile.mkdtemp(prefix="opentrd-spark-")) if work is None else None
        self._prefix = f"opentrd_{uuid.uuid4().hex[:12]}"
        self._work = str(self._made) if self._made else f"{work.rstrip('/') if work else ''}/{self._prefix}"

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query in Spark's dialect."""
        from py4j.protocol import Py4JError
        from pyspark.errors import PySparkException

        try:
            return [tuple(row) for row in self.session.sql(query).collect()]
        except (PySparkException, Py4JError) as problem:
            said = (str(problem).strip().splitlines() or [type(problem).__name__])[0]
            raise InputError(f"Spark, running a query: {said}") from None

    def place(self, schema: str, table: str) -> tuple[str | None, str]:
        """``assess.verdict`` is the view ``opentrd_..._assess_verdict`` of this session."""
        return None, f"{self._prefix}_{schema}_{table}"

    def fetch(self, schema: str, table: str) -> pa.RecordBatchReader:
        """The rows of a table, in no order."""
        if self._made:
            import pyarrow.dataset as ds

            reader: pa.RecordBatchReader = (
                ds.dataset(self._path(schema, table), format="parquet").scanner().to_reader()
            )
            return reader
        return self.session.table(self._view(schema, table)).toArrow().to_reader()

    def close(self) -> None:
        """Drop the views and empty the folder. The Spark session itself ends with the process that started it."""
        for schema, tables in self.types.items():
            for table in tables:
                self.session.catalog.dropTempView(self._view(schema, table))
        if self._made:
            shutil.rmtree(self._made, ignore_errors=True)
        else:
            self._remove(self._work)
        self.types = {}

    def _view(self, schema: str, table: str) -> str:
        return self.place(schema, table)[1]

    def _path(self, schema: str, table: str) -> str:
        return f"{self._work}/{schema}.{table}"

    def _create(self, schema: str, table: str, sql: str, view: bool) -> None:
        from py4j.protocol import Py4JError
        from pyspark.errors import PySparkException

        try:
            # Also what is a view elsewhere: Spark would plan it anew, and copy its plan, wherever it is read.
            self._keep(self.session.sql(sql), schema, table)
        except (PySparkException, Py4JError) as problem:
            said = (str(problem).strip().splitlines() or [type(problem).__name__])[0]
            raise InputError(f"Spark, making {schema}.{table}: {said}") from None

    def _load(
        self, connection: duckdb.DuckDBPyConnection, schema: str, table: str, columns: dict[str, str]
    ) -> None:
        rows = connection.sql(f"SELECT * FROM {schema}.{table}")
        if self._made:  # Arrow or Parquet, never pandas: it loses nulls
            folder = Path(self._path(schema, table))
            folder.mkdir(parents=True, exist_ok=True)
            rows.write_parquet(str(folder / "rows.parquet"))
            typed = ", ".join(f"`{column}` {_TYPES[kind]}" for column, kind in columns.items())
            self.session.read.schema(typed).parquet(str(folder)).createOrReplaceTempView(
                self._view(schema, table)
            )
        else:
            self._keep(self.session.createDataFrame(rows.to_arrow_table()), schema, table)

    def _keep(self, frame: Any, schema: str, table: str) -> None:
        """Write a table as Parquet and read it back: what made it is forgotten, and its size is known."""
        path = self._path(schema, table)
        frame.write.mode("overwrite").parquet(path)
        self.session.read.schema(frame.schema).parquet(path).createOrReplaceTempView(
            self._view(schema, table)
        )

    def _remove(self, path: str) -> None:
        """Remove a folder on whatever file system Spark writes to."""
        context: Any = self.session.sparkContext
        target = context._jvm.org.apache.hadoop.fs.Path(path)
        target.getFileSystem(context._jsc.hadoopConfiguration()).delete(target, True)


def _started() -> SparkSession:
    """The running session, or a new one."""
    try:
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession
    except ImportError:
        raise InputError(
            'Spark needs PySpark, which is not installed: pip install "opentrd[spark]".'
        ) from None
    if running := SparkSession.getActiveSession():
        return running
    if not (os.environ.get("JAVA_HOME") or shutil.which("java")):
        raise InputError(
            "Spark needs a Java runtime (17 or newer), for example Debian's default-jre-headless."
        )
    builder: Any = SparkSession.builder.appName("opentrd")
    if not any(os.environ.get(name) for name in _CONFIGURED_BY):
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
        builder = builder.master("local[*]")
        for setting, value in _LOCAL.items():
            builder = builder.config(setting, value)
    try:
        with warnings.catch_warnings():  # of pandas, which takes no part
            warnings.simplefilter("ignore", FutureWarning)
            session: SparkSession = builder.getOrCreate()
    except (PySparkException, OSError) as problem:
        said = (str(problem).strip().splitlines() or [type(problem).__name__])[0]
        raise InputError(f"Spark did not start: {said}") from None
    return session
