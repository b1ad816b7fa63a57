"""Run `safehash.integrations.batch.Check` in the engines that spread it over machines, on two local workers each.

    python tests/engines.py [ENGINE ...]

Ray, Spark, Dask, Polars and DuckDB, as many of them as are installed (``make check-engines`` installs all); each must
end in the outcomes that `Matcher.check` gives. Prints one line each: engine, version, pictures, seconds.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import pyarrow as pa
import pyarrow.parquet as pq

import safehash
from safehash.integrations.batch import Check
from stores import SOURCE, write_list, write_pictures

#: Pictures, and rows a batch.
N, BATCH = 64, 8

os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # whatever python3 the path begins with, otherwise
os.environ["PYTHONPATH"] = os.pathsep.join([SOURCE, os.environ.get("PYTHONPATH", "")])


def with_ray(store: Path, snapshot: Path) -> list[tuple[int, str]]:
    import ray

    os.environ.setdefault("RAY_AUTH_MODE", "disabled")  # one machine, and gone when this ends
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, configure_logging=False)
    try:
        found = ray.data.read_parquet(str(store)).map_batches(
            Check,
            fn_constructor_args=[str(snapshot)],
            batch_format="pyarrow",
            batch_size=BATCH,
            num_cpus=0.5,
            compute=ray.data.ActorPoolStrategy(size=2),
        )
        return [(row["id"], row["outcome"]) for row in found.take_all()]
    finally:
        ray.shutdown()


def with_spark(store: Path, snapshot: Path) -> list[tuple[int, str]]:
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
    try:
        spark.sparkContext.setLogLevel("OFF")
        check = Check(snapshot)

        def outcomes(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            for batch in batches:
                yield check(batch).select(["id", "outcome"])

        frame = spark.read.parquet(str(store)).repartition(4)
        return [
            (row.id, row.outcome) for row in frame.mapInArrow(outcomes, "id long, outcome string").collect()
        ]
    finally:
        spark.stop()


def with_dask(store: Path, snapshot: Path) -> list[tuple[int, str]]:
    import dask
    import pandas as pd

    # What stands for a missing number in a data frame is no quality, of which kind it ever is.
    hashes = Check(snapshot, column="h", kind="hash", quality="q")
    for column in (pd.array([50, None], dtype="Int64"), [50, float("nan")], [50, None]):
        found = hashes(pd.DataFrame({"h": ["ab" * 32] * 2, "q": column}))
        assert found["quality"].isna().tolist() == [False, True]
        assert found["outcome"].tolist() == ["no_match"] * 2

    check = Check(snapshot)
    paths = sorted(store.glob("*.parquet"))
    parts = [dask.delayed(check)(dask.delayed(pd.read_parquet)(path)) for path in paths]
    frames = dask.compute(*parts, scheduler="processes", num_workers=2)
    return [
        (int(number), outcome) for f in frames for number, outcome in zip(f["id"], f["outcome"], strict=True)
    ]


def with_polars(store: Path, snapshot: Path) -> list[tuple[int, str]]:
    import polars as pl

    check = Check(snapshot)
    found = pl.concat(check(frame) for frame in pl.read_parquet(store / "*.parquet").iter_slices(BATCH))
    return list(zip(found["id"].to_list(), found["outcome"].to_list(), strict=True))


def with_duckdb(store: Path, snapshot: Path) -> list[tuple[int, str]]:
    import duckdb

    check = Check(snapshot)
    reader = duckdb.sql(f"SELECT * FROM '{store}/*.parquet'").to_arrow_reader(BATCH)
    found = pa.Table.from_batches(check(batch) for batch in reader)
    return [(row["id"], row["outcome"]) for row in found.select(["id", "outcome"]).to_pylist()]


ENGINES: dict[str, tuple[str, Callable[[Path, Path], list[tuple[int, str]]]]] = {
    "ray": ("ray", with_ray),
    "spark": ("pyspark", with_spark),
    "dask": ("dask", with_dask),
    "polars": ("polars", with_polars),
    "duckdb": ("duckdb", with_duckdb),
}


def main(names: list[str]) -> int:
    """Run them, and say what came of it."""
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        pictures = write_pictures(here / "pictures", N)
        matcher = safehash.Matcher.from_files(write_list(here / "own.csv", *pictures[::5]))
        matcher.save(here / "lists.safehash")
        (here / "store").mkdir()
        for first in range(0, N, N // 4):
            rows = [(k, pictures[k].read_bytes()) for k in range(first, first + N // 4)]
            table = pa.table(
                {"id": [k for k, _ in rows], "data": pa.array([data for _, data in rows], pa.binary())}
            )
            pq.write_table(table, here / "store" / f"{first:03}.parquet", compression="none")
        right = {k: matcher.check(path).outcome.value for k, path in enumerate(pictures)}
        failed = 0
        for name in names or ENGINES:
            module, run = ENGINES[name]
            try:
                version: Any = import_module(module).__version__
            except ImportError:
                print(f"{name}: not installed")
                failed += bool(names)
                continue
            started = time.perf_counter()
            found = run(here / "store", here / "lists.safehash")
            is_right = len(found) == N and dict(found) == right
            failed += not is_right
            said = "as Matcher.check" if is_right else "WRONG"
            print(
                f"{name} {version}: {len(found)} pictures in {time.perf_counter() - started:.1f} s, {said}",
                flush=True,
            )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
