"""Tables from files, whatever separates their columns."""

from __future__ import annotations

from io import BytesIO, StringIO
from pathlib import Path

import pandas as pd

from cxsim.calibration.errors import CalibrationError
from cxsim.files import TooLargeError, check_size, is_file
from cxsim.scenario.messages import found, one_line

__all__ = ["read_table"]

_KINDS = (".csv", ".tsv", ".txt", ".parquet", ".xlsx")


def read_table(path: str | Path) -> pd.DataFrame:
    """Read a table from a CSV (commas, semicolons, tabs), Parquet or XLSX file.

    Cells of text files stay text; with semicolons, decimal commas become points.

    Raises
    ------
    CalibrationError
        If it cannot be read.
    """
    path = Path(path)

    def wrong(text: str) -> CalibrationError:
        return CalibrationError(one_line(f"{path}: {text}"))

    kind = path.suffix.lower()
    if kind not in _KINDS:
        raise wrong(f"expected a table ({', '.join(_KINDS)}), found {kind or 'no suffix'}")
    if path.exists() and not is_file(path) and not path.is_dir():
        raise wrong("expected a file, found something else")  # a pipe would keep us waiting
    try:
        check_size(path)
        if kind == ".parquet":
            return pd.read_parquet(BytesIO(path.read_bytes()))
        if kind == ".xlsx":
            return pd.read_excel(path)
        data = path.read_bytes()
    except TooLargeError as error:
        raise wrong(f"expected a table, found {error}") from None
    except OSError as error:
        raise wrong(f"expected a file, found {(error.strerror or 'none').lower()}") from None
    except Exception as error:  # noqa: BLE001 - what readers of these formats raise is open
        raise wrong(f"expected a {kind[1:]} file, found something else ({error})") from None
    if not data.strip():
        raise wrong("expected a table, found an empty file")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise wrong(
            f"expected UTF-8, found another encoding in line {line} (save it as CSV UTF-8)"
        ) from None
    if "\0" in text:
        raise wrong("expected text, found a file of another kind")
    head = text.split("\n", 1)[0]
    mark = max(",;\t", key=head.count)
    names = [name.strip().strip('"') for name in head.split(mark)]
    twice = next((name for k, name in enumerate(names) if name and name in names[:k]), None)
    if twice is not None:
        raise wrong(f"expected each column once, found {found(twice)} twice")
    try:
        frame = pd.read_csv(
            StringIO(text), sep=mark, dtype=str, keep_default_na=False, skipinitialspace=True
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as error:
        raise wrong(f"expected rows of equal length ({' '.join(str(error).split())})") from None
    if not isinstance(frame.index, pd.RangeIndex):
        raise wrong("expected as many names in the first line as columns, found fewer")
    frame.columns = frame.columns.str.strip()
    if mark == ";":
        for name in frame.columns:
            points = frame[name].str.replace(",", ".", regex=False)
            if pd.to_numeric(points, errors="coerce").notna().all():
                frame[name] = points
    return frame
