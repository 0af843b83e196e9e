"""What everything that is awaited promises: facts beside its declaration, in tables of the docs.

The comment of a public type or function says them, each in a paragraph, to which the reference of
the headers gives a title (docs/Doxyfile.in):

    /// @threads any
    /// @loses nothing
    /// @owns it outlives its waiters
    /// @errors none

`@as OTHER` stands for the facts of another declaration, and those that are said beside it go before
them. What a member does not say is as its type says. docs/semantics.md names in a marker what the
table behind it is about, in order; of overloads with facts of their own each with its parameters:

    <!-- semantics: Event, Channel, UnixStream::connect, with_deadline(due, wait) -->

A type stands there with its operations, except those that have facts of their own; neighbours that
promise the same share a row. tools/semantics.py --write makes all tables anew.
"""

import re
from pathlib import Path

from sizes import TEMPLATE
from tree import finding, line_of

SEMANTICS = Path("docs/semantics.md")
HEADERS = Path("include/rota")
MODULE = Path("modules/rota.cppm")  # exports the names that programs are written with

TITLES = {"threads": "threads", "loses": "a cancelled wait loses", "owns": "who owns what",
          "errors": "errors besides `operation_canceled`"}
TAG = re.compile(rf"@({'|'.join(TITLES)}|as) (.+)")
COMMENT = re.compile(r"(?:^[ \t]*///(?!<)[^\n]*\n)+", re.M)
TABLE = re.compile(r"^<!-- semantics:\s(?P<keys>[^>]*?)\s*-->\n(?P<rows>(?:\|[^\n]*\n)*)", re.M)

ATTRIBUTE = re.compile(r"\[\[[^\]]*\]\]")
TYPE = re.compile(r"\s*(?:class|struct)\s+(\w+)")
CALL = re.compile(r"\b(?!requires\b|decltype\b)(\w+)\(")
BODY = re.compile(r"^(?:class|struct)\s+(?:\[\[[^\]]*\]\]\s*)*(\w+)\b(?!<)([^;{]*)\{(.*?)^\};",
                  re.M | re.S)
HIDDEN = re.compile(r"^ (?:private|protected):.*?(?=^ public:|\Z)", re.M | re.S)
AWAITED = r"(?:\w*Await(?:er)?|Task|Fork)<[^;{]*?>|\w+Await|Next"
OPERATION = re.compile(rf"^  \[\[nodiscard\]\] (?:static )?(?:{AWAITED}) (\w+)\(", re.M)
FUNCTION = re.compile(rf"^(?:\[\[nodiscard\]\] )?(?:inline )?(?:{AWAITED}|auto) (\w+)\(", re.M)


def split(text):
    """At the commas that are in no brackets."""
    parts, depth = [""], 0
    for sign in text:
        depth += (sign in "(<[{") - (sign in ")>]}")
        if sign == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += sign
    return [" ".join(part.split()) for part in parts if part.strip()]


def facts_of(comment):
    facts, last = {}, None
    for line in comment.splitlines():
        said = line.strip().removeprefix("///").strip()
        if match := TAG.match(said):
            last = match[1]
            facts[last] = match[2]
        elif not said:
            last = None
        elif last is not None:
            facts[last] += f" {said}"
    return facts


def declared(text):
    """(name, the names of its parameters or None) of the type or function that comes first."""
    head = TEMPLATE.sub(" ", ATTRIBUTE.sub(" ", text))
    if match := TYPE.match(head):
        return match[1], None
    call = CALL.search(head)
    end, depth = call.end(), 1
    while depth > 0:
        depth += (head[end] == "(") - (head[end] == ")")
        end += 1
    parameters = (part.split(" = ")[0] for part in split(head[call.end():end - 1]))
    return call[1], [re.findall(r"\w+", parameter)[-1] for parameter in parameters]


class Declaration:
    """A type or function that says facts, a member with the name of its type before its own."""

    def __init__(self, path, line, name, parameters, facts):
        self.path, self.line, self.name, self.facts = path, line, name, facts
        self.signature = None if parameters is None else f"{name}({', '.join(parameters)})"

    def finding(self, message):
        return finding(self.path, self.line, f"{self.name} {message}")


class Type:
    """A class, and what of it is awaited."""

    def __init__(self, path, line, bases, body):
        self.path, self.line = path, line
        self.bases = re.findall(r"public (\w+)", bases)
        self.operations = list(dict.fromkeys(OPERATION.findall(HIDDEN.sub("", body))))
        self.is_awaited = "operator co_await()" in body


class Promises:
    """What the public headers say."""

    def __init__(self, tree):
        self.declarations, self.types, self.functions = [], {}, {}
        for path in tree.files({".hpp"}, under=("include",)):
            text = tree.text(path)
            bodies = list(BODY.finditer(text))
            for body in bodies:
                line = line_of(text, body.start())
                self.types[body[1]] = Type(path, line, body[2], body[3])
            if path.parent == HEADERS:
                self._read(path, text, bodies)

    def _read(self, path, text, bodies):
        for match in FUNCTION.finditer(text):
            self.functions.setdefault(match[1], (path, line_of(text, match.start())))
        for match in COMMENT.finditer(text):
            if not (facts := facts_of(match[0])):
                continue
            name, parameters = declared(text[match.end():])
            for body in bodies:
                if body.start() < match.start() < body.end():
                    name = f"{body[1]}::{name}"
            line = line_of(text, match.start())
            self.declarations.append(Declaration(path, line, name, parameters, facts))

    def named(self, key):
        """The declarations that a marker, or an `@as`, may mean."""
        return [each for each in self.declarations if key in (each.name, each.signature)]

    def facts(self, declaration, seen=()):
        """With those that it has from others."""
        facts, sources = dict(declaration.facts), []
        if "as" in facts:
            sources += self.named(facts.pop("as"))
        if "::" in declaration.name:
            sources += self.named(declaration.name.split("::")[0])
        for source in sources:
            if source not in seen:
                facts = self.facts(source, (*seen, declaration)) | facts
        return facts

    def operations(self, name):
        """Of a type, with those of its bases."""
        if name not in self.types:
            return []
        bases = (each for base in self.types[name].bases for each in self.operations(base))
        return list(dict.fromkeys((*self.types[name].operations, *bases)))

    def awaited(self):
        """(name, path, line) of each type and function that is, or that offers what is."""
        for name, (path, line) in self.functions.items():
            yield name, path, line
        for name, each in self.types.items():
            if each.path.parent == HEADERS and (each.is_awaited or self.operations(name)):
                yield name, each.path, each.line

    def label(self, declaration, key):
        own = [each for each in self.operations(declaration.name)
               if not self.named(f"{declaration.name}::{each}")]
        return key, ", ".join(f"`{each}`" for each in own)


def rows(promises, keys):
    """(labels, facts) of each row; a key that means nothing, or too much, has none."""
    made = []
    for key in keys:
        meant = promises.named(key)
        if len(meant) != 1:
            continue
        facts = promises.facts(meant[0])
        cells = [facts.get(tag, "").replace("|", "\\|") for tag in TITLES]
        if made and made[-1][1] == cells:
            made[-1][0].append(promises.label(meant[0], key))
        else:
            made.append(([promises.label(meant[0], key)], cells))
    return made


def cell(labels):
    """The names of a row, each with its operations unless the next one has the same."""
    text = ""
    for place, (name, operations) in enumerate(labels):
        following = labels[place + 1][1] if place + 1 < len(labels) else None
        text += f"`{name}`"
        if following == operations:
            text += ", "
            continue
        text += f": {operations}" if operations else ""
        text += "; " if following is not None else ""
    return text


def table(promises, keys):
    lines = [["what", *TITLES.values()], ["---"] * (1 + len(TITLES))]
    lines += [[cell(labels), *cells] for labels, cells in rows(promises, keys)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def refreshed(tree):
    """The text of docs/semantics.md with its tables as the headers have them."""
    promises = Promises(tree)
    def make(match):
        head = match[0][:match.start("rows") - match.start()]
        return head + table(promises, split(match["keys"]))
    return TABLE.sub(make, tree.text(SEMANTICS))


def tables_are_made_of_the_headers(tree):
    if not tree.exists(SEMANTICS):
        return
    promises, text, seen = Promises(tree), tree.text(SEMANTICS), set()
    for match in TABLE.finditer(text):
        line = line_of(text, match.start())
        for key in split(match["keys"]):
            meant = promises.named(key)
            if key in seen:
                yield finding(SEMANTICS, line, f"{key} is in two tables, or twice in one")
            seen.add(key)
            if not meant:
                yield finding(SEMANTICS, line, f"no public header says what {key} promises: "
                                               "write its facts beside it, or correct the name")
            elif len(meant) > 1:
                overloads = " or ".join(each.signature or each.name for each in meant)
                yield finding(SEMANTICS, line, f"{key} promises several things: name {overloads}")
        if table(promises, split(match["keys"])) != match["rows"]:
            yield finding(SEMANTICS, line, "differs from what the headers say: "
                                           "tools/semantics.py --write makes the table anew")


def facts_are_whole(tree):
    promises = Promises(tree)
    for each in promises.declarations:
        if "as" in each.facts and len(promises.named(each.facts["as"])) != 1:
            yield each.finding(f"is as {each.facts['as']}, which is no name that has facts")
            continue
        if lacking := [f"@{tag}" for tag in TITLES if tag not in promises.facts(each)]:
            yield each.finding(f"lacks {', '.join(lacking)}: say what it promises, or @as what")


def what_is_awaited_has_a_row(tree):
    if not tree.exists(MODULE):
        return
    if not tree.exists(SEMANTICS):
        yield finding(SEMANTICS, 1, "is missing: it says what everything that is awaited promises")
        return
    promises = Promises(tree)
    keys = [key for match in TABLE.finditer(tree.text(SEMANTICS)) for key in split(match["keys"])]
    listed = [each for key in keys for each in promises.named(key)]
    names = {each.name for each in listed}
    exported = set(re.findall(r"using rota::(\w+);", tree.text(MODULE)))
    for name, path, line in promises.awaited():
        if name in exported - names:
            yield finding(path, line, f"{name} is awaited, or what it offers is, and no table of "
                                      f"{SEMANTICS} names it: write its facts in its comment, and "
                                      "its name in a marker")
    others = {each.facts.get("as") for each in promises.declarations}
    for each in promises.declarations:
        # What is there to derive from stands in the tables by what derives from it.
        is_base = each.signature is None and each.name in others - exported
        if each not in listed and not is_base:
            yield each.finding(f"has facts that no table of {SEMANTICS} shows: name it in a marker")


CHECKS = (tables_are_made_of_the_headers, facts_are_whole, what_is_awaited_has_a_row)
