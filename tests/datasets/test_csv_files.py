"""Text files of numbers: each way of writing them, and each way to get them wrong."""

import csv
import io
import re
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from npvae.datasets import load_file
from npvae.datasets.csv_files import read_csv

rows = hnp.arrays(np.float64, st.tuples(st.integers(2, 9), st.integers(1, 4)), elements=st.floats(-1e9, 1e9))


def read(folder, text, **columns):
    path = folder / "mine.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_csv(path, **columns)


@given(rows, st.sampled_from([",", ";", "\t", "|", " "]), st.sampled_from(["\n", "\r\n"]))
@settings(deadline=None)
def test_round_trip(tmp_path_factory, values, separator, end):
    text = "".join(separator.join(map(repr, row)) + end for row in values.tolist())
    found = read(tmp_path_factory.getbasetemp(), text)
    np.testing.assert_array_equal(found.rows, values)
    assert found.labels is None


@given(hnp.arrays(np.float64, st.tuples(st.integers(1, 9), st.integers(2, 4)), elements=st.floats(-1e9, 1e9)))
@settings(deadline=None)
def test_round_trip_with_quotes_names_and_decimal_commas(tmp_path_factory, values):
    file = io.StringIO()
    writer = csv.writer(file, delimiter=";", quoting=csv.QUOTE_ALL)
    writer.writerow([f"column; {j}" for j in range(values.shape[1])])
    # the first row's cells are no thousands but decimals for certain
    for row in [[0.25] * values.shape[1], *values.tolist()]:
        writer.writerow([f"{x!r}".replace(".", ",") for x in row])
    found = read(tmp_path_factory.getbasetemp(), file.getvalue())
    np.testing.assert_array_equal(found.rows[1:], values)
    assert found.columns == tuple(f"column; {j}" for j in range(values.shape[1]))


@pytest.mark.parametrize("text, expected, labels", [
    ("1,2\n3,4\n", [[1, 2], [3, 4]], None),
    ("a,b\n1,2\n3,4", [[1, 2], [3, 4]], None),
    ("\ufeff1,2\r\n\r\n3,4\r\n", [[1, 2], [3, 4]], None),
    ("\ufeffa,label\n1,2\n3,4\n", [[1], [3]], [2, 4]),
    ("1,2\r3,4\r", [[1, 2], [3, 4]], None),
    ('"label","pixel0"\n7,128\n1,255\n', [[128], [255]], [7, 1]),
    (" x , Class \n 1 , 0.5 \n 2 , 1 \n", [[1], [2]], [0.5, 1]),
    ("x,y\n1,2\n3,4\n", [[1, 2], [3, 4]], None),
    ("5\n6\n", [[5], [6]], None),
    ('"1","2"\n"3","4.5"\n', [[1, 2], [3, 4.5]], None),
    ('"a, b",c\n1,2\n3,4\n', [[1, 2], [3, 4]], None),
    ('"a\nb",c\n1,2\n3,4\n', [[1, 2], [3, 4]], None),
    ("1,2,\n3,4,\n", [[1, 2], [3, 4]], None),
    ("a,b\n1,2,\n3,4,\n", [[1, 2], [3, 4]], None),
    ("a,b,\n1,2,\n3,4,\n", [[1, 2], [3, 4]], None),
    ("# made by hand\n1,2\n# half way\n3,4\n", [[1, 2], [3, 4]], None),
    ("# a,b,label\n1,2,0\n3,4,1\n", [[1, 2], [3, 4]], [0, 1]),
    ("a;b\n1,5;2\n3;4,25\n", [[1.5, 2], [3, 4.25]], None),
    ("1.5;2\n3;4\n", [[1.5, 2], [3, 4]], None),
    ("a\tb\n1,5\t2\n3\t4\n", [[1.5, 2], [3, 4]], None),
    ("sep=;\na;b\n1;2\n3;4\n", [[1, 2], [3, 4]], None),
    ("1.0 2.0\n 3.0   4.0\n", [[1, 2], [3, 4]], None),
    ("+1,-2e3\n.5,4.\n", [[1, -2000], [0.5, 4]], None),
    ("a,target\n1,dog\n2,cat\n", [[1], [2]], [1, 0]),
])
def test_forms(tmp_path, text, expected, labels):
    found = read(tmp_path, text)
    np.testing.assert_array_equal(found.rows, expected)
    assert (found.labels if found.labels is None else found.labels.tolist()) == labels
    assert load_file(tmp_path / "mine.csv").train.shape == (1, len(expected[0]))


NUMBERED = ",".join(map(str, range(64)))


@pytest.mark.parametrize("text, header", [
    (NUMBERED + "\n" + ",".join(["7"] * 64) + "\n", True),
    (NUMBERED + "\n" + ",".join(["0.5"] * 64) + "\n", True),
    ("0,1,2\n5,0,3\n4,4,1\n", True),
    ("1,2,3,4,5,6,7,8\n5,0,3,1,1,1,1,1\n", True),
    ("0,1\n0.5,0.25\n1.0,2.0\n", True),
    ("2019,2020,2021\n0.5,0.25,1.5\n", True),
    ("label,0,1\n7,1,2\n", True),
    (",0\n0,0.5\n1,0.75\n", True),
    ("id,0,1\n7,1,2\n", True),
    ("400,450,700\n0.5,0.25,1.5\n2.5,0.75,0.5\n", True),
    ('"3","1"\n5,0\n4,4\n', True),
    ('"3","1"\n"5",0\n4,4\n', False),
    ("400,450,700\n0.5,0.25,1\n", False),
    ("400,700,450\n0.5,0.25,1.5\n", False),
    ("400,700\n0.5,0.25\n", False),
    # numbers that may be data
    ("0,1\n1,0\n1,1\n", False),
    ("0,1,2\n3,4,5\n6,7,8\n", False),
    ("1,2,3\n3,1,2\n", False),
    ("0\n0.5\n1.5\n", False),
    ("0,1\n0.5,0.25\n1,0.5\n", False),
    ("0.0,1.0,2.0\n5,6,1\n", False),
    ("1,0,2\n5,6,1\n", False),
])
def test_a_first_line_of_numbers_is_a_header_where_it_counts_and_nothing_below_does(tmp_path, text, header):
    found = read(tmp_path, text)
    assert len(found.rows) == text.count("\n") - header
    assert any(note.startswith("a header") for note in found.notes) == header


def test_pandas_frames_come_back(tmp_path):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(np.random.default_rng(0).normal(size=(9, 5)))
    for options in ({}, {"index": False}, {"index": False, "header": False}, {"sep": ";", "decimal": ","},
                    {"index_label": ""}, {"sep": "\t"}, {"quoting": csv.QUOTE_ALL}):
        np.testing.assert_array_equal(read(tmp_path, frame.to_csv(**options)).rows, frame.to_numpy())
    whole = pandas.DataFrame(np.random.default_rng(0).integers(0, 17, (9, 5)))
    for options in ({}, {"index": False}, {"index": False, "header": False}):
        np.testing.assert_array_equal(read(tmp_path, whole.to_csv(**options)).rows, whole.to_numpy())


def test_numpy_tables_come_back(tmp_path):
    X = np.random.default_rng(0).normal(size=(9, 3))
    for options in ({}, {"delimiter": ","}, {"delimiter": ",", "header": "a,b,c"}, {"header": "made by NumPy"}):
        np.savetxt(tmp_path / "x.txt", X, **options)
        np.testing.assert_array_equal(read_csv(tmp_path / "x.txt").rows, X)


@pytest.mark.parametrize("columns, data, labels, classes", [
    ({}, ["id", "a", "b", "kind"], None, None),
    ({"label": "kind"}, ["id", "a", "b"], [1, 0, 1], ("3", "x")),
    ({"label": "kind", "leave_out": "id"}, ["a", "b"], [1, 0, 1], ("3", "x")),
    ({"label": 4, "leave_out": [1, "b"]}, ["a"], [1, 0, 1], ("3", "x")),
    ({"label": "1", "leave_out": ("4",)}, ["a", "b"], [7, 8, 9], None),
    ({"label": np.int64(2), "leave_out": np.array([1, 4])}, ["b"], [1, 3, 5], None),
])
def test_columns_by_name_or_by_number_from_1(tmp_path, columns, data, labels, classes):
    text = "id,a,b,kind\n7,1,2,x\n8,3,4,3\n9,5,6,x\n"
    if not columns:
        with pytest.raises(ValueError, match=r"line 2, column 4 \('kind'\): 'x' is not a number.*--label 4.*label=4"):
            read(tmp_path, text)
        return
    found = read(tmp_path, text, **columns)
    assert found.columns == tuple(data) and found.labels.tolist() == labels and found.classes == classes
    values = {"id": [7, 8, 9], "a": [1, 3, 5], "b": [2, 4, 6]}
    np.testing.assert_array_equal(found.rows, np.transpose([values[name] for name in data]))


def test_text_that_is_named_by_number_makes_no_header_of_the_first_line(tmp_path):
    for text, columns in (("1,2,cat\n3,4,dog\n", {"label": 3}), ("cat,1,2\ndog,3,4\n", {"label": "1"}),
                          ("cat,1,2\ndog,3,4\n", {"leave_out": 1})):
        np.testing.assert_array_equal(read(tmp_path, text, **columns).rows, [[1, 2], [3, 4]])


@pytest.mark.parametrize("columns, says", [
    ({"label": "c"}, "label is 'c'.*number, 1 to 2; the columns are 'a', 'b'"), ({"label": 0}, "label is 0, .*1 to 2"),
    ({"label": 3}, "label is 3"), ({"label": -1}, "label is -1"), ({"label": True}, "label is True"),
    ({"label": 1.0}, "label is 1.0"), ({"leave_out": ["a", "b"]}, "no column of data is left"),
    ({"label": "a", "leave_out": 1}, r"column 1 \('a'\) is both"), ({"leave_out": 1.5}, "leave_out is 1.5"),
    ({"leave_out": [None]}, "leave_out is None")])
def test_columns_that_are_not_there(tmp_path, columns, says):
    with pytest.raises(ValueError, match=says):
        read(tmp_path, "a,b\n1,2\n3,4\n", **columns)


def test_a_name_wins_over_a_number_and_a_number_is_none_of_numbered_names(tmp_path):
    text = "0,1,2\n5,0,3\n6,0,4\n"
    assert read(tmp_path, text, label="2").labels.tolist() == [3, 4]
    assert read(tmp_path, text, label=2).labels.tolist() == [0, 0]
    with pytest.raises(ValueError, match="label is '3'"):
        read(tmp_path, text, label="3")
    with pytest.raises(ValueError, match="2 columns are called: give its number"):
        read(tmp_path, "a,a\n1,2\n", label="a")
    with pytest.raises(ValueError, match="has no header"):
        read(tmp_path, "1,2\n3,4\n", label="a")


def test_labels_are_exact_and_of_text_where_one_is(tmp_path):
    assert read(tmp_path, f"a,label\n1,{2**53 + 1}\n2,{2**53}\n").labels.tolist() == [2**53 + 1, 2**53]
    assert read(tmp_path, "a,label\n1,1.0\n2,01\n3,1\n").labels.tolist() == [1, 1, 1]
    assert read(tmp_path, "a,label\n1,1.5\n2,1\n").labels.dtype == np.float64
    assert read(tmp_path, "a,label\n1,1e16\n2,1\n").labels.dtype == np.float64
    assert read(tmp_path, f"a,label\n1,{2**63}\n2,{2**63 + 1}\n").classes == (str(2**63), str(2**63 + 1))
    assert read(tmp_path, "a,label\n1,b\n2,10\n3,B\n").labels.tolist() == [2, 0, 1]


def test_a_column_without_a_name_is_an_index_and_left_out(tmp_path):
    for text in (",a,b\n0,1,2\n1,3,4\n", '"","a","b"\n"r1",1,2\n"r2",3,4\n'):
        found = read(tmp_path, text)
        assert found.columns == ("a", "b") and any("left out as an index" in note for note in found.notes)
    assert read(tmp_path, ",a\ncat,1\ndog,2\n", label=1).classes == ("cat", "dog")


def test_a_zero_byte_is_named_by_its_line(tmp_path):
    # Python 3.10's csv module refuses the line, later ones hand the cell on
    with pytest.raises(ValueError, match="mine.csv: line 2.*(is not a number|line contains NUL)"):
        read(tmp_path, "a,b\n3,\x00\n1,2\n")


@pytest.mark.parametrize("cell, says", [
    ("", "is empty: remove or fill in such lines, or leave the column out .*leave-out 2"),
    *[(cell, "no value: remove or fill in") for cell in ("NA", "nan", "NaN", "N/A", "null", "None", "?", "-",
                                                      "#DIV/0!")],
    *[(cell, "not finite") for cell in ("1e400", "-1e999", "inf", "-Infinity", "9" * 400)],
    *[(cell, "not a number in plain decimal digits") for cell in ("1_000", "0x1F", "١٢", "１２")],
    *[(cell, "write thousands without separators") for cell in ('"1,000"', "1'000", "1 000", "1\u00a0000", '"1,5"',
                                                                '"1,234.5"')],
    *[(cell, "is not a number: a column of classes is named by --label 2") for cell in (
        "four", "True", "12%", "$5", "\u22125", "1e", "1-2", "1.2.3", "e5", "--1", "2024-01-31", "1/2", "1e5.5")],
])
@pytest.mark.parametrize("first", [True, False])
def test_a_cell_that_is_no_number_is_named_by_line_and_column(tmp_path, cell, says, first):
    line, text = (2, "a,b\n3,{}\n1,2\n") if first else (301, "a,b\n" + "1,2\n" * 299 + "3,{}\n")
    with pytest.raises(ValueError, match=rf"mine.csv: line {line}, column 2 \('b'\).*{says}"):
        read(tmp_path, text.format(cell))


@pytest.mark.parametrize("text, says", [
    (b"", "no line of numbers"),
    (b"\n\n", "no line of numbers"),
    (b"# 1,2\n", "no line of numbers"),
    (b"a,b\n", "no line of numbers"),
    (b"1,2\n3,4,5\n", "line 2 has 3 columns, expected 2 as in the lines above"),
    (b"a,b\n1,2\n\n3,5,4\n", "line 4 has 3 columns, expected 2"),
    (b"a,b,c\n1,2\n3,4\n", "line 1 has 3 columns, expected 2 as in the lines below"),
    (b"a,b\n1,2,3\n3,4,5\n", "line 1 has 2 columns, expected 3"),
    (b"1,two\n3,4\n", "line 1, column 2: 'two' is not a number"),
    (b"1,2,cat\n3,4,dog\n", "line 1, column 3: 'cat' is not a number"),
    (b"a,b\nm,kg\n1,2\n", "line 2 holds no number and stands above numbers, like line 1: expected one line of names"),
    (b"these are\nnot numbers\n", "line 2, column 1 .*'not' is not a number"),
    (b"1,\n3,4\n", "line 1, column 2 is empty"),
    (b"1,2\n,\n3,4\n", "line 2, column 1 is empty"),
    (b"a,label\n1,2\n3,inf\n", r"line 3, column 2 \('label'\): 'inf' is not finite"),
    (b"a,label\n1,cat\n3,\n", r"line 3, column 2 \('label'\) is empty"),
    (b"a,b\n1,2\n#N/A,4\n", r"line 3, column 1 \('a'\): '#N/A' is no value"),
    (b"label,class\n1,2\n3,4\n", r"column 1 \('label'\) and column 2 \('class'\) are all called labels: name one"),
    (b"label\n1\n2\n", "no column of data is left of 1"),
    (b"1,2\n", "has 1 row"),
    (b"\xff\xfe1\x00,\x002\x00\n\x00", "not text in UTF-8"),
    (b"gr\xf6\xdfe,b\n1,2\n3,4\n", "not text in UTF-8.*save it as UTF-8"),
    (b'a,b\n"1,2\n3,4\n', "line 3: unexpected end"),
    (b'a,b\n"1"x,2\n3,4\n', "line 2: .*quotes around whole cells"),
    # decimal commas and thousands
    (b'"1,000",2\n3,4\n', "line 1, column 1: '1,000' has a comma"),
    (b"x\n1,5\n2,5\n", "line 1 has 1 column, expected 2 .*are there decimal commas"),
    (b"a,b\n1,2\n3\n4,5\n", "line 3 has 1 column, expected 2"),
    (b"Lengths and widths\na,b\n1,2\n", "line 1 has 1 column, expected 2"),
    (b"1,5\n2,05\n", "one column with decimal commas or two: after a comma stands 05"),
    (b"1,5,2,5\n1,2\n", "line 2 has 2 columns"),
    (b"1,5\n1,5,2,5\n", "line 2 has 4 columns, .*are there decimal commas"),
    (b"1,000;2\n3;4\n", "line 1: '1,000' may be 1000 or 1.000"),
    (b"a;b\n1.5;2\n3;4,5\n", "a decimal point in line 2 and a decimal comma in line 3"),
    (b"a;b\n0,5;2\n3;4.5\n", "a decimal point in line 3 and a decimal comma in line 2"),
    (b"a;b\n0,5;2\n3;x,y\n", "line 3, column 2 .*'x,y' is not a number"),
    (b"a;b\n1.000,5;2\n", "a decimal point in line 2 and a decimal comma in line 2"),
    (b"a;b\n1,000,000;2\n0,5;1\n", "line 2, column 1 .*'1,000,000' has a comma"),
])
def test_bad_files(tmp_path, text, says):
    (tmp_path / "mine.csv").write_bytes(text)
    with pytest.raises(ValueError, match=f"mine.csv: .*{says}"):
        load_file(tmp_path / "mine.csv")


@pytest.mark.parametrize("text, note", [
    ("1,5\n2,5\n", "if they are decimal commas, write points"), ("1;5\n2;5\n", "between semicolons"),
    ("a;b\n1,5;2\n", "decimal commas"), ("0,1\n3,5\n", "the first line counts, 0 to 1, and is read as data"),
    ("0,0.1,0.2,0.3\n3,5,1,2\n", "the first line goes evenly from 0 to 0.3 and is read as data"),
    ("# by hand\n1,2\n#3,4\n", "2 comments"),
    ("0,1,2\n3,5,1\n", "a header of numbers, 0 to 2"), ("a,label\n3,5\n", r"labels from column 2 \('label'\)")])
def test_how_it_was_read_is_noted(tmp_path, text, note):
    assert re.search(note, "; ".join(read(tmp_path, text).notes))


def test_memory_stays_near_that_of_the_numbers(tmp_path):
    path = tmp_path / "large.csv"
    path.write_text("a,b,c,label\n" + "0.5,1.25,2.125,cat\n" * 50_000)
    tracemalloc.start()
    found = read_csv(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # the numbers grow by eighths, and are copied once then; labels of 8 bytes come twice
    assert peak < 3 * (found.rows.nbytes + found.labels.nbytes) + 2**19
