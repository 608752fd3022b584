"""Ten thousand histories, honest and forged: none of them sends a change without a recorded approval.

python -m tests.handlers.histories [COUNT [FIRST]]
"""

from __future__ import annotations

import sys

from tests.handlers.histories.judged import judged

EVERY = 1000  # histories between two lines of progress


def main(count: int, first: int) -> int:
    """Play them, print what became of them; 1 if any sent what it may not."""
    sent = wrong = 0
    failures: dict[str, int] = {}
    for number in range(first, first + count):
        found = judged(number)
        sent += found.sent
        wrong += bool(found.wrongs)
        if found.failure:
            failures[found.failure] = failures.get(found.failure, 0) + 1
        if found.wrongs:
            sys.stdout.write(f"history {number}: {'; '.join(found.wrongs)}\n")
        if (number - first + 1) % EVERY == 0:
            sys.stdout.write(f"{number - first + 1} histories: {sent} sent\n")
            sys.stdout.flush()
    sys.stdout.write(f"{count:,} histories, {sent:,} of them sent; broken off inside: {failures or 'none'}\n")
    sys.stdout.write(f"sent without a recorded approval: {wrong} of {count:,}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    given = [*map(int, sys.argv[1:])]
    sys.exit(main(*(given + [10_000, 0][len(given) :])))
