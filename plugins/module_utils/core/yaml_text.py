# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""YAML text of manifests and kubeconfigs, read as kubectl reads it, whichever PyYAML is installed."""

from __future__ import annotations

import contextlib
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

# In texts with these, libyaml and PyYAML's own parser may see different things.
_SEEN_APART = re.compile("[!\ufeff]")
_MERGE = "tag:yaml.org,2002:merge"
# What YAML 1.1 has types for and kubectl takes for text: dates, and a lone =.
_TEXT = ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:value")


def read(text: str) -> Any:
    """The value of a text with one document. Raises yaml.YAMLError as PyYAML does, MissingLibrary without PyYAML.

    Dates, a lone ``=`` and numbers to the base of 60 (22:22) are text. Merge keys follow https://yaml.org/type/merge.html:
    a mapping's own keys win, wherever they stand; of several merged mappings, the earlier. PyYAML's own merging does
    neither in 6.0.4.
    """
    return _read(text, yaml and yaml.load)


def read_all(text: str) -> list[Any]:
    """As read, of a text with any number of documents, in which no mapping may have a key twice."""
    return _read(text, lambda *given: [*yaml.load_all(*given)], unique_keys=True)


def _read(text: str, load: Any, *, unique_keys: bool = False) -> Any:
    """kubectl's parser is a port of libyaml, which needs a seventh of the time of PyYAML's own, and takes tabs within a
    text as well. But ``{a:}`` kubectl takes as PyYAML's own does; and that one is there on any machine. A lone
    ``!`` and a byte order mark amid a text are left to it, so that no text means one thing here and another there."""
    if yaml is None:
        raise MissingLibrary("PyYAML", YAML_ERROR)
    if yaml.__with_libyaml__ and not _SEEN_APART.search(text):
        with contextlib.suppress(yaml.YAMLError, UnicodeEncodeError):
            return load(text, _loader(True, unique_keys))
    return load(text, _loader(False, unique_keys))


def _base(libyaml: bool) -> Any:
    """The loader whose parser is libyaml's or PyYAML's own, and whose values are made in Python."""
    if not libyaml:
        return yaml.SafeLoader
    from yaml.cyaml import CParser

    # The composer comes first, because libyaml has one of its own that no subclass can add to.
    class Loader(yaml.composer.Composer, CParser, yaml.constructor.SafeConstructor, yaml.resolver.Resolver):
        def __init__(self, stream: Any) -> None:
            CParser.__init__(self, stream)
            yaml.composer.Composer.__init__(self)
            yaml.constructor.SafeConstructor.__init__(self)
            yaml.resolver.Resolver.__init__(self)

    return Loader


@functools.cache
def _loader(libyaml: bool, unique_keys: bool) -> Any:
    class Loader(_base(libyaml)):
        def compose_mapping_node(self, anchor: Any) -> Any:
            node = super().compose_mapping_node(anchor)
            seen: set[str] = set()
            for key in (key for key, _value in node.value if unique_keys and isinstance(key.value, str)):
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(None, None, f"{key.value} is there twice", key.start_mark)
                seen.add(key.value)
            return node

        yaml_implicit_resolvers = {
            # Of all these forms only numbers to the base of 60 have a colon.
            first: [
                (tag, re.compile(f"(?!.*:){form.pattern}", form.flags)) for tag, form in resolvers if tag not in _TEXT
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
            key = self.construct_object(node)
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
