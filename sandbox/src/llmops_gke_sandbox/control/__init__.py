# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What controllers and agents share: local copies of the API's objects, work queues, events, and small readers."""
