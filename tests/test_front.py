"""``connect()``, the one door: what it does not take."""

from __future__ import annotations

import pytest

from campaign_magics import connect
from campaign_magics.errors import InvalidOption


@pytest.mark.parametrize("what", [5, ["prod"], {"url": "http://x.example"}])
def test_what_is_neither_name_nor_sandbox_is_refused(what: object) -> None:
    """In two lines, and before a profile is looked for."""
    kind = type(what).__name__
    with pytest.raises(InvalidOption, match=f"no value of type {kind}") as caught:
        connect(what)  # type: ignore[arg-type]  # it is what is tested
    assert "a profile's name" in caught.value.hint
