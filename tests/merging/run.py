"""Merge generated pairs of edits with Dashkeep and with others, and judge every outcome: `make merge-bench`.

`--pairs` are for Dashkeep, the first `--peer-pairs` of them for the others. A run with the default numbers writes
docs/merge-benchmark.md; any other prints the table and the examples.
"""

import argparse
import os
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import Final

from merging.mergers import PEERS, Merger, opened, ours, version_of
from merging.pairs import pair
from merging.results import OURS, Result, Shown, page
from merging.shrink import shrunk
from merging.tally import Tally, tallied

from benchmarks.__main__ import machine
from local import ROOT

PAGE: Final = ROOT / "docs" / "merge-benchmark.md"
PAIRS: Final = 100_000
PEER_PAIRS: Final = 5_000
SEED: Final = 1

_CHUNK: Final = 500


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=PAIRS)
    parser.add_argument("--peer-pairs", type=int, default=PEER_PAIRS)
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    results = [_result(OURS, "", _ours(options.seed, options.pairs), options.seed, ours)]
    for peer in PEERS if options.peer_pairs else ():
        with opened(peer) as merger:
            tally = _peer(peer.name, options.seed, options.peer_pairs, merger)
            results.append(_result(peer.name, version_of(peer), tally, options.seed, merger))
    written = page(results, machine())
    if (options.pairs, options.peer_pairs, options.seed) == (PAIRS, PEER_PAIRS, SEED):
        PAGE.write_text(written)
    print(written)


def _ours(seed: int, pairs: int) -> Tally:
    """Merge in as many processes as there are cores, some hundred pairs at a time."""
    total = Tally()
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        starts = range(0, pairs, _CHUNK)
        chunks = [pool.submit(tallied, seed, range(start, min(start + _CHUNK, pairs)), ours) for start in starts]
        for chunk in as_completed(chunks):
            total.join(chunk.result())
            _progress(OURS, total.pairs, pairs)
    return total


def _peer(name: str, seed: int, pairs: int, merger: Merger) -> Tally:
    total = Tally()
    for start in range(0, pairs, _CHUNK):
        total.join(tallied(seed, range(start, min(start + _CHUNK, pairs)), merger))
        _progress(name, total.pairs, pairs)
    return total


def _result(name: str, version: str, tally: Tally, seed: int, merger: Merger) -> Result:
    examples = {}
    for kind, example in tally.examples.items():
        made, fault, answer = shrunk(pair(seed, example.number), kind, merger)
        examples[kind] = Shown(made, fault, answer.forward)
    return Result(name, version, tally, examples)


def _progress(name: str, done: int, pairs: int) -> None:
    print(f"\r{name}: {done:,} of {pairs:,} pairs", end="\n" if done == pairs else "", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
