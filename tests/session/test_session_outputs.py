"""Outputs of any method as values, XML or rows; arguments from pandas and numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from lxml import etree
from session.instance import Instance
from soap.scripted import response

from campaign_magics.schemas.model import Method, Parameter
from campaign_magics.session import Connection
from campaign_magics.session.outputs import shaped, to_frame
from campaign_magics.soap.arguments import to_wire


def frame_of(text: str) -> pd.DataFrame:
    return to_frame(etree.fromstring(text))


def test_a_list_of_elements_is_a_row_each() -> None:
    """Columns are named as a query names them; what is absent is NA."""
    frame = frame_of(
        "<recipient-collection><recipient email='a@b.c'><folder label='F'/></recipient>"
        "<recipient email='d@e.f'><comment>hm</comment></recipient>"
        "</recipient-collection>"
    )
    assert list(frame.columns) == ["email", "folder.label", "comment"]
    assert frame["email"].tolist() == ["a@b.c", "d@e.f"]
    assert frame["folder.label"].isna().tolist() == [False, True]
    assert {str(kind) for kind in frame.dtypes} == {"string"}


def test_one_element_is_one_row_and_repetitions_are_lists() -> None:
    """A document of facts, such as userInfo, is not taken for a list."""
    frame = frame_of(
        "<userInfo login='admin'><right name='r1'/><right name='r2'/></userInfo>"
    )
    assert frame.to_dict("records") == [{"login": "admin", "right.name": ["r1", "r2"]}]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("<x-collection/>", 0),
        ("<x>text</x>", 1),
        ("<x><a v='1'/><b v='2'/></x>", 1),
        ("<x><a v='1'/><a v='2'/></x>", 2),
    ],
)
def test_how_many_rows_a_document_has(text: str, rows: int) -> None:
    assert len(frame_of(text)) == rows


def test_only_documents_are_reshaped() -> None:
    """Of several outputs, each as it is."""
    document = etree.fromstring("<a><b c='1'/></a>")
    text, number, rows = shaped((shaped(document, "xml"), 5, document), "frame")  # type: ignore[misc]
    assert text == '<a>\n  <b c="1"/>\n</a>'
    assert number == 5
    assert rows.to_dict("records") == [{"c": "1"}]  # type: ignore[attr-defined]


def test_the_form_is_asked_for_in_the_call(
    instance: Instance, session: Connection
) -> None:
    """``output=`` of Connection.call and of a method reached as an attribute."""
    changed = "<entity><recipient id='9'><folder label='F'/></recipient></entity>"
    instance.says("NewInstance", response("NewInstance", changed))
    mine = "<recipient id='1'/>"
    frame = session.call("nms:recipient", "NewInstance", entity=mine, output="frame")
    assert isinstance(frame, pd.DataFrame)
    assert frame.to_dict("records") == [{"id": "9", "folder.label": "F"}]
    text = session.nms.recipient.NewInstance(entity=mine, output="xml")
    assert str(text).startswith('<recipient id="9">\n')


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("long", np.int64(5), "5"),
        ("long", 5.0, "5"),
        ("long", pd.NA, "0"),
        ("boolean", np.bool_(True), "true"),
        ("double", np.float64(1.5), "1.5"),
        ("datetime", pd.Timestamp("2020-01-02T03:04:05+01:00"), "2020-01-02T02:04:05"),
        ("datetime", pd.NaT, ""),
        ("date", pd.Timestamp("2020-01-02"), "2020-01-02"),
        ("timespan", pd.Timedelta(minutes=2), "120"),
        ("string", np.str_("x"), "x"),
        ("string", pd.NA, ""),
    ],
)
def test_arguments_may_come_from_a_frame(kind: str, value: Any, text: str) -> None:
    """A cell of a DataFrame is an argument as it is; missing is null (§2.1)."""
    method = Method(
        name="Do", urn="cus:x", parameters=(Parameter(name="value", type=kind),)
    )
    [sent] = to_wire(method, [value])
    assert str(sent).removesuffix(".000Z") == text
