"""Measure, print, and write the table of the documentation."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import warnings
from pathlib import Path

from benchmarks._cases import Sizes, make_cases
from benchmarks._material import Material
from benchmarks._measure import measure
from benchmarks._peers import Peers
from benchmarks._profile import profile
from benchmarks._report import describe_run, print_result, write_table


def main() -> None:
    """Run the benchmarks that the command line asks for."""
    options = _parse()
    # Of scipy.stats, about rows of librosa's that hardly vary.
    warnings.filterwarnings("ignore", "Precision loss", RuntimeWarning)
    sizes = Sizes.smoke() if options.smoke else Sizes(rounds=options.rounds, growth=options.long)
    with tempfile.TemporaryDirectory() as folder, Peers() as peers:
        material = Material(Path(folder), small=options.smoke)
        run = describe_run(material, peers)
        print("\n".join(f"{name}: {value}" for name, value in run.items()), flush=True)
        if options.profile:
            text = profile(material, sizes.rounds)
            print(f"\n{text}")
            if options.output:
                options.output.write_text(text + "\n", encoding="utf-8")
            return
        start = time.perf_counter()
        every = make_cases(material, peers, sizes)
        cases = [case for case in every if options.only in case.key]
        if not cases:
            keys = ", ".join(case.key for case in every)
            sys.exit(f"--only {options.only}: no row has this in its key; the keys are {keys}")
        results = []
        for case in cases:
            results.append(measure(case))
            print_result(results[-1])
        print(f"\n{len(results)} rows in {time.perf_counter() - start:.0f} s")
    if options.output:
        write_table(options.output, results, run)


def _parse() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    add = parser.add_argument
    add("--rounds", type=int, default=5, help="times over the music (default: %(default)s)")
    add("--long", action="store_true", help="also growth from 1,000 to 10,000 tracks")
    add("--smoke", action="store_true", help="everything once, tiny: does it run?")
    add("--profile", action="store_true", help="where our own time goes, and nothing else")
    add("--only", default="", metavar="TEXT", help="only rows with TEXT in their key")
    add(
        "--output",
        type=Path,
        metavar="FILE",
        help="write the table, as reStructuredText; the profile as text",
    )
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error("--rounds must be at least 1")
    return options


if __name__ == "__main__":
    sys.exit(main())
