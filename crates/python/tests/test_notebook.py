"""The notebook of the documentation, executed as its readers do."""

import nbformat
from nbclient import NotebookClient


def test_the_course_runs_and_shows_what_it_says(request):
    path = request.config.rootpath / "docs" / "course.ipynb"
    notebook = nbformat.read(path, as_version=4)
    assert all(not cell.get("outputs") for cell in notebook.cells), "the notebook is kept without its outputs"
    NotebookClient(notebook, timeout=300).execute()
    shown = {}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            text = "".join(out.get("text", "") or str(out.get("data", "")) for out in cell.outputs)
            shown[cell.source.strip().splitlines()[-1]] = text
    assert "9246, 3332,  319,  262" in shown['gpt2.encode("cat sat on the")']
    assert "'dog'" in shown['print([word for word, _ in after.most_similar("cat", topn=5)])'].splitlines()[1]
    assert "image/svg+xml" in shown["picture"] and "iframe" in shown["run"]
