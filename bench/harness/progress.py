"""What goes on, on stderr: a line that is rewritten on a terminal, a line per stage elsewhere."""

import sys

_last_stage = None


def show(stage, detail):
    global _last_stage
    if sys.stderr.isatty():
        print(f"\r\033[K{stage}: {detail}", end="", file=sys.stderr, flush=True)
    elif stage != _last_stage:
        print(f"bench: {stage}", file=sys.stderr, flush=True)
    _last_stage = stage


def done():
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr, flush=True)
