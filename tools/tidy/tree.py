"""The tree that tidy looks at: which files there are, their text, and C++ without its prose."""

import os
import re
from pathlib import Path

CPP = {".cpp", ".hpp", ".h", ".cc"}
CODE = CPP | {".py", ".sh"}
FOREIGN = {".go", ".rs", ".js", ".css", ".c"}  # peers and web assets: length counts, width not
TEXT = CODE | FOREIGN | {".md", ".txt", ".cmake", ".json", ".toml", ".html", ".supp", ""}

# Folders that hold what was built or fetched, never what was written.
NOT_OURS = {".git", "build", "out", "target", "node_modules", "__pycache__", ".cache"}

PROSE = re.compile(
    r"""//[^\n]*|/\*.*?\*/"""  # comments
    r"""|R"(?P<fence>[^(\s]*)\(.*?\)(?P=fence)\""""  # raw strings
    r"""|"(?:\\.|[^"\\\n])*"|(?<!\w)'(?:\\.|[^'\\\n])+'"""  # literals; not 1'000
    r"""|^[ \t]*\#(?:[^\n\\]|\\.)*""",  # directives, with what they continue on
    re.DOTALL | re.MULTILINE,
)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def finding(path, line, message):
    return f"{path}:{line}: {message}"


class Tree:
    def __init__(self, root):
        self.root = Path(root).resolve()
        self._files = None
        self._texts = {}

    def files(self, suffixes=None, under=()):
        """Paths relative to the root, sorted; `under` limits them to some top folders."""
        if self._files is None:
            self._files = sorted(self._walk())
        for path in self._files:
            if suffixes is not None and path.suffix not in suffixes:
                continue
            if not under or path.parts[0] in under:
                yield path

    def _walk(self):
        for folder, folders, names in os.walk(self.root):
            folders[:] = [f for f in folders if f not in NOT_OURS]
            for name in names:
                path = Path(folder, name)
                if not path.is_symlink() and name != ".git":
                    yield path.relative_to(self.root)

    def exists(self, path):
        return (self.root / path).is_file()

    def text(self, path):
        if path not in self._texts:
            self._texts[path] = (self.root / path).read_text(encoding="utf-8", errors="replace")
        return self._texts[path]

    def lines(self, path):
        return enumerate(self.text(path).splitlines(), 1)

    def bare(self, path):
        """C++ without comments, literals and directives; every line stays where it was."""
        return PROSE.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), self.text(path))

    def includes(self, path):
        """(line, quoted, target) of each #include."""
        text = self.text(path)
        for match in INCLUDE.finditer(text):
            yield line_of(text, match.start(2)), match.group(1) == '"', match.group(2)
