"""Files of data that other programs read: refused by name, with how to make a table of them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ...errors import DataError

__all__ = ["foreign", "refuse_by_name"]

_PANDAS = "in Python: pandas.{}({!r}).to_csv({!r}, index=False)"
_SHEET = "save it as CSV in your spreadsheet program"
_ARRAYS = "in Python, save its arrays with numpy.savez(path, images=…, labels=…)"
_PACKED = "unpack it"

# What a file is called, and what to do. {0} is its name, {1} that of a table of its content.
_KINDS = {
    ".parquet": ("a Parquet table", _PANDAS.format("read_parquet", "{0}", "{1}")),
    ".feather": ("a Feather table", _PANDAS.format("read_feather", "{0}", "{1}")),
    ".orc": ("an ORC table", _PANDAS.format("read_orc", "{0}", "{1}")),
    ".xlsx": ("an Excel sheet", _SHEET),
    ".xlsm": ("an Excel sheet", _SHEET),
    ".xlsb": ("an Excel sheet", _SHEET),
    ".xls": ("an Excel sheet", _SHEET),
    ".ods": ("an OpenDocument sheet", _SHEET),
    ".numbers": ("a Numbers sheet", _SHEET),
    ".arff": ("a table of Weka", "remove the lines that begin with @ and %, and name it {1}"),
    ".ts": ("a table of sktime", "remove the lines that begin with @ and #, and name it {1}"),
    ".sav": ("a table of SPSS", _PANDAS.format("read_spss", "{0}", "{1}")),
    ".dta": ("a table of Stata", _PANDAS.format("read_stata", "{0}", "{1}")),
    ".sas7bdat": ("a table of SAS", _PANDAS.format("read_sas", "{0}", "{1}")),
    ".rds": ("a table of R", "in R: write.csv(readRDS('{0}'), '{1}', row.names=FALSE)"),
    ".rdata": ("data of R", "in R: write.csv(…, '{1}', row.names=FALSE)"),
    ".pkl": ("a Python pickle, which could run any program", _ARRAYS),
    ".pickle": ("a Python pickle, which could run any program", _ARRAYS),
    ".npy": ("a single array", _ARRAYS),
    ".mat": ("a MATLAB file", "in Python, scipy.io.loadmat reads it; then numpy.savez(path, "
             "images=…, labels=…)"),
    ".h5": ("an HDF5 file", _ARRAYS),
    ".hdf5": ("an HDF5 file", _ARRAYS),
    ".tfrecord": ("a TFRecord file", _ARRAYS),
    ".pt": ("a file of PyTorch", _ARRAYS),
    ".pth": ("a file of PyTorch", _ARRAYS),
    ".db": ("a database", "export a table as CSV"),
    ".sqlite": ("a database", "export a table as CSV"),
    ".edf": ("a recording (EDF)", "save its windows, with a label each, as rows of a CSV file"),
    ".hea": ("a recording (WFDB)", "save its windows, with a label each, as rows of a CSV file"),
    ".wav": ("a sound", "save its windows, with a label each, as rows of a CSV file"),
    ".mp3": ("a sound", "save its windows, with a label each, as rows of a CSV file"),
    ".csv.gz": ("a compressed table", _PACKED), ".tsv.gz": ("a compressed table", _PACKED),
    ".txt.gz": ("a compressed table", _PACKED), ".csv.bz2": ("a compressed table", _PACKED),
    ".csv.xz": ("a compressed table", _PACKED), ".csv.zip": ("a compressed table", _PACKED),
    ".csv.zst": ("a compressed table", _PACKED),
}  # fmt: skip


def foreign(names: Iterable[str]) -> str:
    """Say of the first file that other programs read what it is and what to do; "" if none is.

    >>> foreign(["readme.txt", "beats.parquet"]).split(":")[0]
    'beats.parquet is a Parquet table, which is not supported'
    """
    for name in names:
        for ending, (what, remedy) in _KINDS.items():
            if name.lower().endswith(ending):
                short = name.rpartition("/")[2]
                done = remedy.format(short, f"{short[: -len(ending)]}.csv")
                return f"{short} is {what}, which is not supported: {done}"
    return ""


def refuse_by_name(path: Path) -> None:
    """Raise DataError for a file of another program."""
    said = foreign([path.name])
    if said:
        raise DataError(
            f"{path}: data must be a table of text (.csv, .tsv, .txt), an npz or IDX file, or a "
            f"folder. Received: {said}."
        )
