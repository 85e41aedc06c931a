"""The analysis serves terminal, pages and CI alike: it makes no HTML."""

import pkgutil
import subprocess
import sys

from koopmark import analysis

MODULES = [module.name for module in pkgutil.walk_packages(analysis.__path__, "koopmark.analysis.")]
HTML = ("jinja2", "markupsafe", "koopmark.pages")


def test_no_module_of_the_analysis_loads_what_makes_pages():
    code = f"import sys, {', '.join(MODULES)}; print([m for m in {HTML} if m in sys.modules])"
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, text=True, capture_output=True, check=True)
    assert len(MODULES) > 8
    assert result.stdout.strip() == "[]"
