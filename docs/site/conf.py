# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sphinx's settings for the site that scripts/docs_site.py builds."""

from __future__ import annotations

project = "llmops.gke"
author = "The llmops.gke engineers"
copyright = author
html_title = "llmops.gke"
html_short_title = "llmops.gke"

extensions = ["myst_parser", "sphinx_antsibull_ext", "sphinx.ext.intersphinx"]
# As GitHub makes them, so that links into a page work on both.
myst_heading_anchors = 4
source_suffix = {".rst": "restructuredtext", ".md": "markdown"}
default_role = "any"
nitpicky = True
# scripts/docs_site.py writes the list of what the pages of modules name of ansible's own documentation.
intersphinx_mapping = {"ansible": ("https://docs.ansible.com/projects/ansible/latest/", "ansible.inv")}

pygments_style = "ansible"
highlight_language = "text"
html_theme = "sphinx_ansible_theme"
html_theme_options = {
    "collapse_navigation": False,
    "display_version": False,
    "topbar_links": {},
    "vcs_pageview_mode": "blob",
}
html_static_path = ["tables.css"]
html_css_files = ["tables.css"]
html_show_sphinx = False
html_use_modindex = False
html_use_index = False
html_copy_source = False
