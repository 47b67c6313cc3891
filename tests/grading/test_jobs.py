"""What becomes of the result of a job."""

import nbformat
import pytest

from charlstm.grading.jobs import replay


def test_a_result_with_other_cells_is_refused(toy_release):
    notebook = nbformat.read(toy_release, as_version=4)
    with pytest.raises(Exception, match="gave other cells back"):
        replay({"outputs": []})(notebook, {})
    with pytest.raises(Exception, match="the kernel's end"):
        replay({"error": "DeadKernelError", "reason": "the kernel's end"})(notebook, {})
