"""A text that charlstm may write anew is known by its last line."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from charlstm.machine.signed import is_signed, signed


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=60), st.data())
def test_what_was_changed_is_not_ours(tmp_path, content, data):
    content = content.replace(b"\r", b"")
    path = tmp_path / "README.md"
    whole = signed(content)
    path.write_bytes(whole)
    assert is_signed(path)
    path.write_bytes(whole.replace(b"\n", b"\r\n"))
    assert is_signed(path)
    place = data.draw(st.integers(0, len(content) + 60))  # the note is free
    path.write_bytes(whole[:place] + b"x" + whole[place:])
    assert not is_signed(path)


@pytest.mark.parametrize("content", [b"", b"mine", b"<!-- charlstm card: -->\n"])
def test_a_person_s_text_is_not_ours(tmp_path, content):
    (tmp_path / "README.md").write_bytes(content)
    assert not is_signed(tmp_path / "README.md")
    assert not is_signed(tmp_path)
