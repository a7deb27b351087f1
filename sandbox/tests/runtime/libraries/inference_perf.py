# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands for the library that an image brings: it is only looked for."""
