"""Did the core get slower? This source against the one that made the baseline, on this machine.

Exit code 1 where two measurements, one after the other, find a kernel slower.
"""

import argparse
import json
import os
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from slowdown import LIMIT, Slowdown, confirmed, markdown
from sources import ROOT, NoBase, base_commit, committed, same, working
from turns import CannotRun, measure

RATIOS = ROOT / "reports" / "speed" / "core.json"
"""What was found last."""


def compare(head: Path, base: Path) -> tuple[bool, list[Slowdown], str]:
    """Whether `head` is slower than `base`, by how much, and the report in Markdown.

    A second measurement is made only where the first finds something; both must find it.
    """
    found, missing = measure(head, base)
    slower: list[Slowdown] = []
    suspects = [it.kernel for it in found if it.suspect]
    if suspects:
        again, _ = measure(head, base)
        slower = confirmed(found, again)
        found = again
    lines = [markdown(found)] if found else []
    lines += [f"{name} cannot be run by the base: {why}" for name, why in missing.items()]
    if suspects and not slower:
        lines.append(f"{', '.join(suspects)}: slower at first, but not when measured again.")
    return bool(slower), found, "\n\n".join([_verdict(slower), *lines]) + "\n"


def _verdict(slower: list[Slowdown]) -> str:
    if not slower:
        return f"# Not slower\n\nNo kernel is surely more than {LIMIT:g} times as slow as before."
    named = ", ".join(f"{it.kernel} by {it.middle:.2f}" for it in slower)
    return f"# Slower\n\nTwice measured to be slower: {named}."


def record(found: list[Slowdown], head: str, base: str, file: Path = RATIOS) -> None:
    """Keep what was found, for `koopmark baseline --speed`."""
    kept = {
        "head": head,
        "base": base,
        "kernels": {it.kernel: asdict(it) for it in found},
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--base", default=os.environ.get("BASE") or None, help="commit to compare with"
    )
    parser.add_argument("--head", help="commit to compare instead of the working tree")
    parser.add_argument(
        "--ratios", action="store_true", help="no comparison: only the ratios to the references"
    )
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        places = Path(folder) / "head", Path(folder) / "base"
        try:
            head = committed(asked.head, places[0]) if asked.head else working(places[0])
            if asked.ratios:
                found, _ = measure(head, head)
                record(found, "working tree", "working tree")
                return 0
            commit = base_commit(asked.base)
            base = committed(commit, places[1])
        except NoBase as why:
            print(f"Speed: not compared: {why}.")
            _publish(f"# Speed not compared\n\n{why}.\n")
            return 0
        except CannotRun as why:
            print(f"Speed: {why}", file=sys.stderr)
            return 2
        if same(head, base):
            print(f"Speed: not compared: the source is that of {commit[:12]}.")
            return 0
        try:
            slower, found, report = compare(head, base)
        except CannotRun as why:
            print(f"Speed: bench/speed/kernels.py no longer fits: {why}", file=sys.stderr)
            return 2
    record(found, asked.head or "working tree", commit)
    print(report)
    _publish(f"{report}\nCompared with {commit[:12]}.\n")
    return int(slower)


def _publish(text: str) -> None:
    # Late: `compare` alone needs nothing of this source.
    from koopmark.regression import publish

    publish(text)


if __name__ == "__main__":
    sys.exit(main())
