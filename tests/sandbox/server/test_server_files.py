"""Uploaded files and the form they come in: bounded, and never a path."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaign_magics.sandbox.files import Files, NoRoom, extension_of
from campaign_magics.sandbox.multipart import BadForm, Part, read_form

pytestmark = pytest.mark.pure

FORM = "multipart/form-data; boundary=x"
NOTHING = "d41d8cd98f00b204e9800998ecf8427e"


def form(*parts: tuple[bytes, bytes], boundary: bytes = b"x") -> bytes:
    body = b"".join(
        b"--%b\r\n%b\r\n\r\n%b\r\n" % (boundary, head, data) for head, data in parts
    )
    return body + b"--%b--\r\n" % boundary


@pytest.mark.parametrize("kept", ["memory", "folder"])
def test_a_file_is_found_by_its_md5(tmp_path: Path, kept: str):
    """RFC 1321's own example; upper case finds it too; twice is once."""
    files = Files(tmp_path / "files" if kept == "folder" else None)
    assert files.put(b"") == NOTHING
    assert files.put(b"") == NOTHING
    assert files.get(NOTHING.upper()) == b""
    assert files.get("0" * 32) is None


def test_a_folder_keeps_files_for_the_next_start(tmp_path: Path):
    """One file each, called by its md5 alone; nothing else is taken for one."""
    name = Files(tmp_path / "files").put(b"logo")
    (tmp_path / "files" / "tmp0half").write_bytes(b"written when the power went")
    assert Files(tmp_path / "files").get(name) == b"logo"
    assert Files(tmp_path / "files").get("tmp0half") is None


@pytest.mark.parametrize(
    "name", ["", "..", "../" * 8, "a/../" + NOTHING, NOTHING + "\n", "/etc/passwd"]
)
def test_a_name_is_never_a_path(tmp_path: Path, name: str):
    """Only 32 hexadecimal digits name a file."""
    files = Files(tmp_path)
    files.put(b"")
    assert files.get(name) is None


def test_a_sandbox_is_no_file_server():
    """One file and all files together have a limit."""
    files = Files(max_file=4, max_total=6)
    with pytest.raises(NoRoom):
        files.put(b"12345")
    files.put(b"1234")
    with pytest.raises(NoRoom):
        files.put(b"567")
    files.put(b"56")


@pytest.mark.parametrize(
    ("name", "extension"),
    [
        ("logo.png", ".png"),
        ("a.tar.gz", ".gz"),
        ("README", ""),
        ("x.</script>", ""),
        ("x." + "y" * 17, ""),
        ("..", ""),
    ],
)
def test_extensions_are_plain_words(name: str, extension: str):
    """They end up in addresses."""
    assert extension_of(name) == extension


def test_a_form_of_a_file_and_a_text():
    """RFC 7578 §4: fields in order; line breaks in data stay."""
    body = form(
        (b'Content-Disposition: form-data; name="a"', b"1\r\n2\r\n"),
        (
            b'Content-Disposition: form-data; name="file_noMd5"; '
            b'filename="\xc3\xa9.txt"\r\nContent-Type: text/plain',
            b"the --x is not at a line's start",
        ),
    )
    assert read_form(body, FORM) == (
        Part(name="a", filename=None, data=b"1\r\n2\r\n"),
        Part(
            name="file_noMd5",
            filename="é.txt",
            data=b"the --x is not at a line's start",
        ),
    )


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", FORM),
        (b"--x", FORM),
        (b"--x\r\n\r\n", FORM),
        (form((b"", b"data")), FORM),
        (form((b'Content-Disposition: form-data; name=""', b"data")), FORM),
        (form((b"A: " + b"b" * 9000, b"data")), FORM),
        (form(*[(b'Content-Disposition: form-data; name="a"', b"")] * 50), FORM),
        (form((b'Content-Disposition: form-data; name="a"', b"")), "text/plain"),
        (form((b'Content-Disposition: form-data; name="a"', b"")), ""),
        (form((b'Content-Disposition: form-data; name="a"', b"")), FORM[:-1]),
        (b"--\r\n", "multipart/form-data; boundary=" + "x" * 71),
    ],
)
def test_what_is_no_form(body: bytes, content_type: str):
    """Refused with a reason, whatever is missing."""
    with pytest.raises(BadForm):
        read_form(body, content_type)


@settings(max_examples=200, deadline=None)
@given(body=st.binary(max_size=400), content_type=st.text(max_size=80))
def test_any_bytes_are_a_form_or_not(body: bytes, content_type: str):
    """Never another exception."""
    for kind in (content_type, FORM):
        for data in (body, b"--x\r\n" + body + b"\r\n--x--"):
            with suppress(BadForm):
                read_form(data, kind)


@settings(max_examples=100, deadline=None)
@given(data=st.binary(max_size=2000))
def test_a_file_comes_out_as_it_went_in(data: bytes):
    """Whatever is in it, but for its own boundary."""
    boundary = hashlib.sha256(data).hexdigest()
    body = form(
        (b'Content-Disposition: form-data; name="f"; filename="f"', data),
        boundary=boundary.encode(),
    )
    (part,) = read_form(body, f"multipart/form-data; boundary={boundary}")
    assert part.data == data
