"""Random columns."""

from __future__ import annotations

import re
from uuid import UUID

import numpy as np
import pytest

from campaign_magics.sandbox.data.draw import Draw

pytestmark = pytest.mark.pure


def test_columns_depend_on_seed_and_label_only():
    """Two purposes of one seed differ; the same purpose repeats."""
    first = Draw(7, "a").uuids(3).to_pylist()
    assert first == Draw(7, "a").uuids(3).to_pylist()
    assert first != Draw(7, "b").uuids(3).to_pylist()
    assert first != Draw(8, "a").uuids(3).to_pylist()


def test_uuids_are_version_4():
    """What uuid4 would make, a column at a time."""
    for text in Draw(1, "uuid").uuids(50).to_pylist():
        assert str(UUID(text)) == text
        assert UUID(text).version == 4
        assert UUID(text).variant == "specified in RFC 4122"


def test_digits_fill_patterns_of_several_lengths():
    """Each row takes its own pattern; only # changes."""
    which = np.array([0, 1, 0])
    one, two, three = Draw(1, "n").digits(["+1 ##", "###-#"], which).to_pylist()
    assert re.fullmatch(r"\+1 \d\d", one)
    assert re.fullmatch(r"\d{3}-\d", two)
    assert re.fullmatch(r"\+1 \d\d", three)


def test_weight_zero_is_never_drawn():
    """Weights are shares; nothing comes from an empty one."""
    assert set(Draw(1, "w").weighted([0.0, 1.0, 0.0, 3.0], 500).tolist()) == {1, 3}
