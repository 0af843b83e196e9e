"""What a reader can hold in mind: lengths of files and functions, widths of lines."""

import ast
import re

from tree import CODE, CPP, FOREIGN, finding, line_of

FILE_LINES = 400
FUNCTION_LINES = 70
COLUMNS = 100

TEMPLATE = re.compile(r"\btemplate\s*<(?:[^<>]|<(?:[^<>]|<[^<>]*>)*>)*>")
DECORATION = re.compile(r"\[\[.*?\]\]|\balignas\s*\([^()]*\)|\b(?:public|private|protected)\s*:",
                        re.DOTALL)
SCOPE = re.compile(r"^(?:inline\s+|export\s+|typedef\s+)*(?:namespace|class|struct|union|enum)\b")
NAME = re.compile(r"([\w:~]+|operator\s*[^\s(]+)\s*\(")


def files_are_short(tree):
    for path in tree.files(CODE | FOREIGN):
        count = len(tree.text(path).splitlines())
        if count > FILE_LINES:
            yield finding(path, count, f"{count} lines, the limit is {FILE_LINES}: split it by "
                                       "concept")


def lines_are_narrow(tree):
    for path in tree.files(CODE):
        for number, line in tree.lines(path):
            if len(line) > COLUMNS:
                yield finding(path, number, f"{len(line)} columns, the limit is {COLUMNS}")


def closing(text, opening):
    """The position of the brace that closes the one at `opening`."""
    depth = 0
    for match in re.compile(r"[{}]").finditer(text, opening):
        depth += 1 if match.group() == "{" else -1
        if depth == 0:
            return match.start()
    return len(text) - 1


def functions(text):
    """(name, first line, last line) of each outermost function body of bare C++."""
    position, head_from, parentheses = 0, 0, 0
    token = re.compile(r"[{}();]")
    while match := token.search(text, position):
        position = match.end()
        sign = match.group()
        if sign in "()":
            parentheses += 1 if sign == "(" else -1
        elif sign == "{" and parentheses > 0:
            position = closing(text, match.start()) + 1  # an argument in braces
        elif sign == "{":
            head = DECORATION.sub(" ", TEMPLATE.sub(" ", text[head_from:match.start()])).strip()
            is_scope = SCOPE.match(head) and "(" not in head or head.startswith("extern")
            if not is_scope:
                end = closing(text, match.start())
                if "(" in head:
                    name = NAME.search(head)
                    yield (name.group(1) if name else head, line_of(text, match.start()),
                           line_of(text, end))
                position = end + 1
            head_from = position
        elif parentheses == 0:
            head_from = position


def functions_are_short(tree):
    for path in tree.files(CPP):
        for name, first, last in functions(tree.bare(path)):
            yield from too_long(path, name, first, last)
    for path in tree.files({".py"}):
        for node in ast.walk(ast.parse(tree.text(path))):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield from too_long(path, node.name, node.lineno, node.end_lineno)


def too_long(path, name, first, last):
    count = last - first + 1
    if count > FUNCTION_LINES:
        yield finding(path, first, f"{name} has {count} lines, the limit is {FUNCTION_LINES}: "
                                   "give its parts names")


CHECKS = (files_are_short, functions_are_short, lines_are_narrow)
