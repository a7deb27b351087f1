# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All figures: measured, printed, kept in benchmarks/results.json, and written to docs/benchmarks.md and its chart.

    PYTHONPATH=collections python -m benchmarks [--quick] [--render] [PART ...]

A part that is not measured keeps the figures of its last run.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from . import peers
from .page import document
from .page.machine import describe
from .page.report import circumstances
from .parts import PARTS, Sizes

RESULTS = Path(__file__).with_name("results.json")
TABLES = {name: part.table for name, part in PARTS.items()}


def main() -> None:
    """Measure the parts that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], metavar="PART", help=f"of: {', '.join(PARTS)}")
    parser.add_argument("--quick", action="store_true", help="one run of each, small sizes: to see that it works")
    parser.add_argument("--render", action="store_true", help="measure nothing, write the pages anew")
    given = parser.parse_args()
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    sizes = Sizes.quick() if given.quick else Sizes()
    for name in [] if given.render else given.parts or PARTS:
        results[name] = _measured(name, sizes)
        print(f"\n{PARTS[name].title}: {circumstances(results[name])}\n")
        print(PARTS[name].table(results[name]["rows"]), flush=True)
        # At once, since the next part may fail and the whole takes long.
        RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    document.write(results, TABLES)


def _measured(name: str, sizes: Sizes) -> dict[str, Any]:
    part = PARTS[name]
    print(f"\nMeasuring: {part.title}", flush=True)
    if part.with_peers:
        peers.set_up()
    machine = describe(peers.versions() if part.with_peers else None)
    with tempfile.TemporaryDirectory(prefix=f"bench-{name}-") as directory:
        rows = part.measure(Path(directory), sizes)
    date = datetime.now(UTC).date().isoformat()
    return {"date": date, "runs": sizes.runs if part.repeated else 1, "machine": machine, "rows": rows}


if __name__ == "__main__":
    main()
