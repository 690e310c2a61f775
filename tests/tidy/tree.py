"""The files that the tidy rules look at, read once, and the breach that a rule reports."""

import os
import re
from typing import NamedTuple

from cxx import Cxx

CODE_ROOTS = ("controller", "crds", "reconcilers", "drivers", "tests")
OTHER_ROOTS = ("hack", ".ci", "helm", "manifests", "cmake")
_SKIPPED_FOLDERS = {"__pycache__", "node_modules", "build", "golden", "corpus"}


class Breach(NamedTuple):
    """One broken rule at one place, and what to do about it."""

    path: str
    line: int
    rule: str
    what: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.rule}: {self.what}"


class Tree:
    """A checkout: `cxx` maps paths of C++ files to Cxx, `texts` paths of the other text files to their text."""

    def __init__(self, root):
        self.root = root
        self.cxx, self.texts, self.paths = {}, {}, []
        for name in CODE_ROOTS + OTHER_ROOTS:
            for folder, folders, files in os.walk(os.path.join(root, name)):
                folders[:] = sorted(f for f in folders if f not in _SKIPPED_FOLDERS)
                for file in sorted(files):
                    self._add(os.path.relpath(os.path.join(folder, file), root))
        for file in sorted(os.listdir(root)):
            if file == "README.md" or file.startswith("CMake"):
                self._add(file)

    def _add(self, path):
        self.paths.append(path)
        if path.endswith((".h", ".cc")):
            self.cxx[path] = Cxx(path, self._read(path))
        elif path.endswith((".py", ".sh", ".md", ".yaml", ".txt", ".cmake")) or path == ".ci/run":
            self.texts[path] = self._read(path)

    def _read(self, path):
        with open(os.path.join(self.root, path), encoding="utf-8", errors="replace") as file:
            return file.read()

    def folders_below(self, parent):
        """Names of the folders directly below `parent` that hold at least one file."""
        start = parent + "/"
        return sorted({p[len(start) :].split("/")[0] for p in self.paths if p.startswith(start) and "/" in p[len(start) :]})

    def kinds(self):
        """Kind names, read from the CRDs."""
        found = set()
        for path, text in self.texts.items():
            if path.startswith("crds/") and path.endswith(".yaml"):
                names = re.search(r"^  names:\n((?:    .*\n|\s*\n)+)", text, re.M)
                found.update(re.findall(r"^\s+kind:\s*[\"']?(\w+)", names.group(1), re.M) if names else [])
        return sorted(found)


def is_test(path):
    return path.startswith("tests/")


def line_at(text, offset):
    return text.count("\n", 0, offset) + 1


def snake(name):
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
