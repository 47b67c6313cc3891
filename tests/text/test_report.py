"""What a report says about a text."""

import numpy as np
import pytest

from charlstm.errors import UserError
from charlstm.text.report import text_report


def test_a_report_counts_bytes_as_bytes():
    noise = np.random.default_rng(0).integers(256, size=5000, dtype=np.uint8).tobytes()
    report = text_report(noise.decode("latin-1"), bytewise=True)
    assert 8.0 < report.xz < 8.2
    assert report.lines == len([line for line in noise.split(b"\n") if line.strip()])
    with pytest.raises(UserError, match="empty text"):
        text_report("")
    assert str(text_report("x").ngram) == "0.0"
