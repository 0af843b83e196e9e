"""Every C++ block of a document is a part of an example, word for word, and so compiles.

An example marks a part of itself; the lines of the marks are no part of any part:

    // [rooms]
    ...
    // [/rooms]

A document names the file and the part in the line before its block, which is fenced as `cpp`:

    <!-- quotes examples/chat_server.cpp [rooms] -->

tools/snippets.py --write copies every part to where it is quoted.
"""

import re
import textwrap
from pathlib import Path

from tree import CPP, finding, line_of

EXAMPLES = "examples"

MARK = re.compile(r"^[ \t]*// \[(/?)(\w+)\][ \t]*\n", re.MULTILINE)
BLOCK = re.compile(r"(?:^<!-- quotes (?P<source>\S+) \[(?P<mark>\w+)\] -->\n)?"
                   r"^```(?:cpp|c\+\+|cxx)[ \t]*\n(?P<shown>.*?)^```[ \t]*$",
                   re.DOTALL | re.MULTILINE)
QUOTE = re.compile(r"^<!-- quotes (\S+) \[(\w+)\] -->$", re.MULTILINE)


def part_of(text, mark):
    """What a file has between the marks of that name, moved to the left; None without both."""
    inside, pieces, position = False, [], 0
    for match in MARK.finditer(text):
        if inside:
            pieces.append(text[position:match.start()])
        position = match.end()
        if match[2] == mark:
            inside = not match[1]
            if match[1]:
                return textwrap.dedent("".join(pieces))
    return None


def source_part(tree, block):
    """The part that a block of a document quotes; None where it names none that there is."""
    if block["source"] is None or Path(block["source"]).parts[0] != EXAMPLES:
        return None
    source = Path(block["source"])
    return part_of(tree.text(source), block["mark"]) if tree.exists(source) else None


def refreshed(tree, path):
    """The text of a document with every quoted part as its example has it."""
    def copy(block):
        part = source_part(tree, block)
        if part is None:
            return block[0]
        at = block.start("shown") - block.start()
        return block[0][:at] + part + block[0][at + len(block["shown"]):]
    return BLOCK.sub(copy, tree.text(path))


def documents_quote_what_compiles(tree):
    for path in tree.files({".md"}):
        text = tree.text(path)
        for block in BLOCK.finditer(text):
            line = line_of(text, block.start())
            if block["source"] is None:
                yield finding(path, line, "a C++ block without a source: quote a part of an "
                                          f"example, <!-- quotes {EXAMPLES}/a.cpp [part] -->")
            elif (part := source_part(tree, block)) is None:
                yield finding(path, line, f"{block['source']} has no part marked "
                                          f"[{block['mark']}], or is not in {EXAMPLES}/")
            elif part != block["shown"]:
                yield finding(path, line, f"differs from {block['source']} [{block['mark']}]: "
                                          "tools/snippets.py --write copies it from there")


def examples_mark_what_is_quoted(tree):
    quoted = {quote for path in tree.files({".md"}) for quote in QUOTE.findall(tree.text(path))}
    for path in tree.files(CPP, under=(EXAMPLES,)):
        text, opened = tree.text(path), set()
        for match in MARK.finditer(text):
            line, mark = line_of(text, match.start(2)), match[2]
            if match[1]:
                continue
            if mark in opened:
                yield finding(path, line, f"[{mark}] is marked twice: give one another name")
            elif part_of(text, mark) is None:
                yield finding(path, line, f"[{mark}] has no end: write // [/{mark}] after it")
            elif (path.as_posix(), mark) not in quoted:
                yield finding(path, line, f"no document quotes [{mark}]: quote it or take the "
                                          "marks away")
            opened.add(mark)


CHECKS = (documents_quote_what_compiles, examples_mark_what_is_quoted)
