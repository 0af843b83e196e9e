#!/usr/bin/env python3
"""The C++ blocks of the documents, which are parts of the examples: tools/snippets.py [--write]

Without an argument it prints a line per block that is no such part, and per part that no document
quotes; exit status 1 when there is one. With --write it copies every part to where it is quoted,
names the documents that it changed, and then prints what is left. tools/tidy/snippets.py says how
an example marks a part, and how a document quotes it.
"""

import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).parent / "tidy"))

import snippets
from tree import Tree


def write(tree):
    for path in tree.files({".md"}):
        text = snippets.refreshed(tree, path)
        if text != tree.text(path):
            (tree.root / path).write_text(text, encoding="utf-8")
            print(f"{path}: written")


def main(arguments, root=Path(__file__).parents[1]):
    if arguments not in ([], ["--write"]):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    if arguments:
        write(Tree(root))
    tree = Tree(root)
    findings = [line for check in snippets.CHECKS for line in check(tree)]
    for line in findings:
        print(line)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
