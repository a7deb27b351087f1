# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the pictures in the documents from a first deploy on a sandbox of its own: picture.py

docs/first-deploy.svg is what `make demo` prints on a terminal of 80 columns; docs/report.png and docs/report-top.png
are the report that it writes, by headless chromium. No path of this machine is in them.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Mapping
from pathlib import Path

import terminal_svg
import working_copy
from PIL import Image

DOCS = working_copy.ROOT / "docs"
REPORT = working_copy.ROOT / ".cache" / "reports" / "mistral-7b.html"
WIDTH, HEIGHT = 80, 36
TITLE = "make demo: a first deploy on the sandbox, from preflight to the model's answer and its latency"
# What stands for the clone in the picture.
CLONE = "~/llmops.gke"
PAGE = 860
# As much of the report as is seen at first.
TOP = 1000


def environment(sandbox: Path) -> dict[str, str]:
    """A terminal's, for a sandbox of its own."""
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "LINES")}
    return {
        **{name: value for name, value in kept.items() if not name.startswith(("ANSIBLE_", "LLMOPS_", "MAKE"))},
        "LLMOPS_GKE_SANDBOX_DIR": str(sandbox),
        "TERM": "xterm-256color",
    }


def recorded(command: list[str], env: Mapping[str, str]) -> tuple[int, list[tuple[float, str]]]:
    """The exit code of a command in a terminal, and what it printed when."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", HEIGHT, WIDTH, 0, 0))
    began, chunks, rest = time.monotonic(), [], b""
    with subprocess.Popen(command, cwd=working_copy.ROOT, env=env, stdin=its, stdout=its, stderr=its) as process:
        os.close(its)
        while chunk := _read(ours):
            # A character may be cut in two.
            *whole, last = (rest + chunk).splitlines(keepends=True)
            rest = b"" if last.endswith(b"\n") else last
            whole += [last] if not rest else []
            chunks += [(time.monotonic() - began, line.decode(errors="replace")) for line in whole]
    os.close(ours)
    chunks += [(time.monotonic() - began, rest.decode(errors="replace"))] if rest else []
    return process.returncode, chunks


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:
        # On Linux, how a terminal ends that no process has open any more.
        return b""


def neutral(text: str, replaced: Mapping[str, str]) -> str:
    """The text without this machine's paths, the longest first."""
    for path in sorted(replaced, key=len, reverse=True):
        text = text.replace(path, replaced[path])
    return text


def first_deploy() -> str:
    """The picture of a first deploy."""
    with tempfile.TemporaryDirectory() as top:
        sandbox = Path(top) / ".sandbox"
        replaced = {str(sandbox): f"{CLONE}/.sandbox", str(working_copy.ROOT): CLONE, str(Path.home()): "~"}
        env = environment(sandbox)
        subprocess.run(["make", "setup"], cwd=working_copy.ROOT, env=env, check=True)
        try:
            code, chunks = recorded(["make", "demo"], env)
        finally:
            subprocess.run(["make", "demo-down"], cwd=working_copy.ROOT, env=env, check=True, capture_output=True)
    said = [(0.0, "$ make demo\n"), *((moment, neutral(text, replaced)) for moment, text in chunks)]
    if code:
        raise SystemExit("".join(text for _moment, text in said) + f"make demo ended with {code}")
    return terminal_svg.svg(terminal_svg.lines(said, WIDTH), width=WIDTH, height=HEIGHT, title=TITLE)


def chromium(*words: str) -> str:
    """What headless chromium prints."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not found:
        raise SystemExit("docs/report.png is left as it was: there is no chromium here")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--force-color-profile=srgb"]
    return subprocess.run([found, *options, *words], check=True, capture_output=True, text=True).stdout


def report(folder: Path) -> None:
    """The pictures of the report that the first deploy has left."""
    page = folder / "report.html"
    measured = "<script>document.body.dataset.height = document.documentElement.scrollHeight</script>"
    page.write_text(REPORT.read_text() + measured)
    shown = chromium(f"--window-size={PAGE},600", "--dump-dom", page.as_uri())
    whole = re.search(r'data-height="(\d+)"', shown)
    if not whole:
        raise SystemExit("chromium has not told how long the report is")
    for name, height in (("report.png", int(whole[1])), ("report-top.png", TOP)):
        chromium(f"--window-size={PAGE},{height}", f"--screenshot={folder / name}", REPORT.as_uri())
        # A page has few colours; with a palette of them it takes a third.
        with Image.open(folder / name) as picture:
            picture.convert("RGB").quantize(256).save(DOCS / name, optimize=True)


def main() -> int:
    """Make all of them."""
    (DOCS / "first-deploy.svg").write_text(first_deploy())
    with tempfile.TemporaryDirectory() as folder:
        report(Path(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
