"""Displays in a real kernel: what the saved notebook holds afterwards."""

from pathlib import Path

import nbclient
import nbformat
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_notebook

pytestmark = pytest.mark.kernel

HERE = Path(__file__).parent
PROGRESS = f"""
import sys
sys.path[:0] = [{str(HERE)!r}, {str(HERE.parents[1])!r}]
import display_samples as samples
from ldp_jupyter.display import GraphView, NotebookProgress
from ldp_jupyter.events import EventBus

graph, bus = samples.bookstore(), EventBus()
progress = NotebookProgress(graph, "dev")
progress._clock = iter(range(10_000)).__next__  # every event is late enough to be drawn
bus.subscribe(progress)
for event in samples.good_update(graph).events:
    bus.emit(event)
    bus.drain()
"""


@pytest.fixture(scope="module")
def executed():
    notebook = new_notebook(cells=[new_code_cell(PROGRESS), new_code_cell("GraphView(graph)")])
    nbclient.NotebookClient(notebook, kernel_name="python3", timeout=60).execute()
    nbformat.validate(notebook)
    return notebook


def test_an_update_leaves_one_output_the_report(executed):
    (output,) = executed.cells[0].outputs
    assert output.output_type == "display_data"
    assert output.data["text/plain"].startswith("bookstore ✓ Completed")
    page = BeautifulSoup(output.data["text/html"], "html.parser")
    assert "valid_quantity" in page.get_text()
    assert "completed" in page.img["alt"]


def test_a_view_as_result_of_a_cell_is_shown_once(executed):
    (output,) = executed.cells[1].outputs
    assert output.output_type == "execute_result"
    assert set(output.data) == {"text/plain", "text/html"}
    assert "└─ bronze" in output.data["text/plain"]
