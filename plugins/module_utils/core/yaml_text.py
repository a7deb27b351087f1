# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""YAML text of manifests and kubeconfigs, read as kubectl reads it, whichever PyYAML is installed."""

from __future__ import annotations

import functools
import re
from collections.abc import Hashable, Iterator
from typing import Any

from .errors import MissingLibrary

try:
    import yaml
except ImportError as error:
    yaml = None
    YAML_ERROR: Exception | None = error
else:
    YAML_ERROR = None

_MERGE = "tag:yaml.org,2002:merge"
_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
# What YAML 1.1 has types for and kubectl takes for text: dates, and a lone =.
_TEXT = ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:value")


@functools.cache
def loader() -> Any:
    """The class to give to ``yaml.load``. Raises MissingLibrary without PyYAML.

    Dates, a lone ``=`` and numbers to the base of 60 (22:22) are text. Merge keys follow https://yaml.org/type/merge.html:
    a mapping's own keys win, wherever they stand; of several merged mappings, the earlier. PyYAML's own merging does
    neither in 6.0.4. It is the parser in Python, so that machines without libyaml read the same.
    """
    if yaml is None:
        raise MissingLibrary("PyYAML", YAML_ERROR)

    class Loader(yaml.SafeLoader):
        yaml_implicit_resolvers = {
            first: [
                (tag, re.compile(f"(?!.*:){form.pattern}", form.flags) if tag in _NUMBERS else form)
                for tag, form in resolvers
                if tag not in _TEXT
            ]
            for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
        }

        def flatten_mapping(self, node: Any) -> None:
            """Replace the merge keys of a mapping by what they bring."""
            given = [value for key, value in node.value if key.tag == _MERGE]
            if not given:
                return
            own = [(key, value) for key, value in node.value if key.tag != _MERGE]
            # Without its merge keys first, so that a mapping that merges itself comes to an end.
            node.value = own
            taken = {self._key(key) for key, _value in own}
            merged = []
            for mapping in self._to_merge(given):
                self.flatten_mapping(mapping)
                for key, value in mapping.value:
                    if self._key(key) not in taken:
                        taken.add(self._key(key))
                        merged.append((key, value))
            node.value = merged + own

        def _key(self, node: Any) -> Hashable:
            key = self.construct_object(node, deep=True)
            if not isinstance(key, Hashable):
                raise yaml.constructor.ConstructorError(None, None, "a key is a mapping or list", node.start_mark)
            return key

        @staticmethod
        def _to_merge(given: list[Any]) -> Iterator[Any]:
            """The mappings that merge keys name, by themselves or in lists."""
            for value in given:
                for node in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                    if not isinstance(node, yaml.MappingNode):
                        problem = f"a mapping or a list of mappings can be merged, not a {node.id}"
                        raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
                    yield node

    return Loader
