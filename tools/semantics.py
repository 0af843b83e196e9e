#!/usr/bin/env python3
"""The tables of docs/semantics.md, which the public headers say: tools/semantics.py [--write]

Without an argument it prints a line per table that is stale, per name that no header or no table
has, and per fact that is missing; exit status 1 when there is one. With --write it makes the tables
anew, and then prints what is left. tools/tidy/semantics.py says how a header says its facts.
"""

import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).parent / "tidy"))

import semantics
from tree import Tree


def write(tree):
    text = semantics.refreshed(tree)
    if text != tree.text(semantics.SEMANTICS):
        (tree.root / semantics.SEMANTICS).write_text(text, encoding="utf-8")
        print(f"{semantics.SEMANTICS}: written")


def main(arguments, root=Path(__file__).parents[1]):
    if arguments not in ([], ["--write"]):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    if arguments:
        write(Tree(root))
    tree = Tree(root)
    findings = [line for check in semantics.CHECKS for line in check(tree)]
    for line in findings:
        print(line)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
