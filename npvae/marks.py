"""What a file of npvae says of itself: only what says so is ever replaced.

A model file names its format, a picture and a JSON file the program that wrote them, and arrays end in a line of text
that NumPy does not read.
"""

import os
import re

MODEL_FORMAT = "npvae model"
NUMBERS, TABLE = b"npvae: numbers\n", b"npvae: table of q\n"    # at the very end of .npy and .npz
PROGRAM = "npvae"                                               # in the metadata of a picture, the key in a JSON file
HEAD, TAIL = 4096, 16384                                        # bytes that are looked at


def _model(head, tail):
    # the header is the first array in the archive, text of four bytes a letter
    said = f'"format": "{MODEL_FORMAT}"'
    return head[:2] == b"PK" and any(said.encode(code) in head for code in ("utf-32-le", "utf-32-be"))


def _numbers(head, tail):
    return head[:2] in (b"PK", b"\x93N") and tail.endswith(NUMBERS)


def _table(head, tail):
    return head[:6] == b"\x93NUMPY" and tail.endswith(TABLE)


def _picture(head, tail):
    said = PROGRAM.encode()
    return (head[:4] == b"\x89PNG" and b"Software\0" + said in head or head[:4] == b"%PDF" and b"(" + said in tail
            or b"<svg" in head and b"<dc:title>" + said in head)


def _json(head, tail):
    return re.match(rb'[\[{\s]*"%s": "' % PROGRAM.encode(), head) is not None


KINDS = {"model": _model, "numbers": _numbers, "table": _table, "picture": _picture, "json": _json}
TITLES = {"model": "model file", "numbers": "file of numbers", "table": "table of q", "picture": "picture",
          "json": "JSON file"}


def made_by_npvae(path, kind):
    """Whether npvae has made the file as one of this kind; what is empty holds nothing that could be lost.

    Parameters
    ----------
    path : str or Path
    kind : "model", "numbers", "table", "picture" or "json"

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "figures.json")
    ...     _ = path.write_text('{"npvae": "0.1.0", "elbo": -3.0}')
    ...     made_by_npvae(path, "json"), made_by_npvae(path, "picture")
    (True, False)
    """
    with open(path, "rb") as file:
        head = file.read(HEAD)
        file.seek(max(0, os.fstat(file.fileno()).st_size - TAIL))
        tail = file.read(TAIL)
    return not head or KINDS[kind](head, tail)
