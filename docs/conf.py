"""The documentation as a static site: `make docs` writes it to build/docs."""

import sys
from pathlib import Path

from koopmark import __version__

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_extensions"))

project = "koopmark"
author = "The koopmark developers"
copyright = f"2026, {author}"
release = version = __version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "numpydoc",
    "sphinx_copybutton",
    "vendored_mathjax",
    "public_api",
    "command_line",
    "schemas",
    "cards",
]
exclude_patterns = ["_*", "examples", "tutorials/data"]
nitpicky = False
# A single pair of backticks in a docstring is a name, or else code.
default_role = "py:obj"

# The notebooks are executed by `make notebooks`, and their outputs tested; the site shows those.
nb_execution_mode = "off"
myst_enable_extensions = ["amsmath", "colon_fence", "dollarmath"]
myst_heading_anchors = 4

autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
numpydoc_show_class_members = False
add_module_names = False
toc_object_entries_show_parents = "hide"
# `--fresh` is an option, and no dash.
smartquotes = False

html_theme = "pydata_sphinx_theme"
html_title = f"koopmark {release}"
html_favicon = "_static/favicon.svg"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = [("site.js", {"priority": 600})]
html_show_sourcelink = False
html_copy_source = False
# Pages that have no others beside them.
html_sidebars = {"choosing": [], "glossary": [], "genindex": [], "py-modindex": []}
html_context = {"default_mode": "auto"}
html_theme_options = {
    "logo": {"text": "koopmark"},
    "show_prev_next": False,
    "navigation_with_keys": False,
    "collapse_navigation": True,
    "show_nav_level": 1,
    "navigation_depth": 3,
    "header_links_before_dropdown": 6,
    "navbar_align": "left",
    "navbar_end": ["theme-switcher"],
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
