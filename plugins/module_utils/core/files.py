# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that options name: only regular ones are read or written, and a symbolic link stays one.

Written as root, a file in the place of ``/dev/null`` would replace the device; a named pipe would never end.
"""

from __future__ import annotations

import os
import stat
import tempfile

from .errors import InvalidOption

_READABLE = "the path of a regular file that can be read"
_WRITABLE = "the path of a regular file, or one where there is nothing yet"


def readable(option: str, path: str, accepted: str = _READABLE) -> str:
    """The path, or InvalidOption where nothing, or no regular file, can be read there. ``~`` is the home."""
    found = os.path.expanduser(path)
    if not _is_regular(option, path, found, accepted):
        raise InvalidOption(option, path, f"{accepted} (No such file or directory)")
    return found


def writable(option: str, path: str) -> str:
    """Where a file of this path is in the end, behind symbolic links; InvalidOption where something else is there."""
    try:
        target = os.path.realpath(os.path.expanduser(path))
    except ValueError as error:
        raise InvalidOption(option, path, f"{_WRITABLE} ({error})") from error
    _is_regular(option, path, target, _WRITABLE)
    return target


def read(path: str, longest: int) -> str:
    """The text of a file. Raises OSError, ValueError where it has more than ``longest`` bytes or is no text."""
    with open(os.path.expanduser(path), "rb") as stream:
        content = stream.read(longest + 1)
    if len(content) > longest:
        raise ValueError(f"{path} has more than {longest} bytes")
    return content.decode()


def write(target: str, content: str, mode: int, prefix: str) -> None:
    """Put a file in place whole, so that no reader ever sees half of it; makes its folder. Raises OSError.

    target: as ``writable`` gives it. prefix: of the unfinished file's name.
    """
    directory = os.path.dirname(target)
    os.makedirs(directory, exist_ok=True)
    handle, unfinished = tempfile.mkstemp(dir=directory, prefix=prefix)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(content)
        os.chmod(unfinished, mode)
        os.replace(unfinished, target)
    except BaseException:
        os.unlink(unfinished)
        raise


def _is_regular(option: str, path: str, found: str, accepted: str) -> bool:
    """Whether a regular file is there, False where nothing is; InvalidOption for anything else."""
    try:
        kind = os.stat(found).st_mode
    except FileNotFoundError:
        return False
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise InvalidOption(option, path, f"{accepted} ({why})") from error
    if not stat.S_ISREG(kind):
        raise InvalidOption(option, path, f"{accepted}; this is {_KINDS.get(stat.S_IFMT(kind), 'none')}")
    return True


_KINDS = {
    stat.S_IFDIR: "a directory",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
}
