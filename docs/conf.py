"""How the pages are built: `make docs`. Nothing is fetched, neither while they are built nor when they are read."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from physiohub import __version__

DOCS = Path(__file__).resolve().parent
(DOCS / "_made" / "site").mkdir(parents=True, exist_ok=True)

project = "PhysioHub"
author = "The PhysioHub developers"
copyright = "The PhysioHub developers, BSD 3-Clause licence"
version = release = __version__
language = "en"
smartquotes = False  # options begin with two hyphens

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "docs.extensions.accessible",
    "docs.extensions.mathml",
    "docs.extensions.made",
]
exclude_patterns = ["_build", "_made", "extensions"]
myst_enable_extensions = ["colon_fence", "dollarmath", "deflist"]
myst_heading_anchors = 3
suppress_warnings = ["myst.header"]  # parts made from code begin where their page leaves them

default_role = "py:obj"
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_class_signature = "separated"
autosummary_generate = False
napoleon_google_docstring = False
napoleon_use_rtype = False
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
add_module_names = False

html_math_renderer = "mathml"
html_theme = "furo"
html_title = f"PhysioHub {version}"
html_static_path = ["static"]
html_extra_path = ["_made/site"]
html_css_files = ["pages.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_theme_options = {"navigation_with_keys": False}
