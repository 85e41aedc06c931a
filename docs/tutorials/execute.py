"""Execute the notebooks of this folder, or those named, and store their outputs: `make notebooks`.

Outputs change only if results do: times of execution, counters and versions are removed.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

FOLDER = Path(__file__).parent
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
SECONDS = 300
"""Time limit of a cell."""

ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""For the same numbers on every machine."""

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def executed(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Return the notebook with fresh outputs, executed by this Python in a temporary folder.

    The temporary folder has a copy of `data`.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        If a cell fails.
    """
    # Without folders to search, the kernel is that of this environment.
    own = KernelSpecManager(kernel_dirs=[], ensure_native_kernel=True)
    manager = AsyncKernelManager(kernel_name="python3", kernel_spec_manager=own)
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(FOLDER / "data", Path(folder, "data"))
        client = NotebookClient(
            nbformat.from_dict(notebook),
            km=manager,
            timeout=SECONDS,
            resources={"metadata": {"path": folder}},
            extra_arguments=["--log-level=ERROR"],
        )
        done = client.execute(cleanup_kc=True, env={**os.environ, **ONE_THREAD})
    return stripped(done)


def stripped(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Remove what changes from one execution to the next."""
    notebook.metadata = nbformat.from_dict(METADATA)
    for number, cell in enumerate((c for c in notebook.cells if c.cell_type == "code"), start=1):
        cell.metadata.pop("execution", None)
        cell.execution_count = number
        # Matplotlib prints this on its first import on a machine, if it takes more than 5 seconds.
        cell.outputs = [
            it for it in cell.outputs if "building the font cache" not in it.get("text", "")
        ]
        for output in cell.outputs:
            if "execution_count" in output:
                output.execution_count = number
    return notebook


def main() -> None:
    names = set(sys.argv[1:]) or {path.stem for path in NOTEBOOKS}
    for path in (path for path in NOTEBOOKS if path.stem in names):
        notebook = executed(nbformat.read(path, as_version=4))
        part = path.with_suffix(".part")
        nbformat.write(notebook, part)
        part.replace(path)
        sys.stdout.write(f"{path.name}: {path.stat().st_size / 1000:.0f} kB\n")


if __name__ == "__main__":
    main()
