"""Things that must be there: files of each kind, Helm's copy of the CRDs, tests behind the README's invariants."""

import re

from tree import Breach, line_at, snake

KIND_FILES = ("plan.h", "plan.cc", "admit.h", "admit.cc", "reconciler.h", "reconciler.cc")

_CC_TEST = re.compile(r"\b(?:TYPED_)?TEST(?:_F|_P)?\s*\(\s*(\w+)\s*,\s*(\w+)\s*\)")
_PY_CLASS_OR_TEST = re.compile(r"^class (\w+)|^    def (test_\w+)", re.M)
_NAMED_TEST = re.compile(r"`([A-Z]\w*\.(?:[A-Z]|test_)\w*)`")


def kind_folders(tree):
    kinds = {snake(kind) for kind in tree.kinds()}
    for folder in tree.folders_below("reconcilers"):
        prefix = f"reconcilers/{folder}/"
        files = {p[len(prefix) :] for p in tree.paths if p.startswith(prefix)}
        if folder not in kinds and not files & {"reconciler.h", "reconciler.cc"}:
            continue
        for name in KIND_FILES:
            if name not in files:
                yield Breach(prefix + name, 1, "kind-files", "missing: every kind has plan, admit and reconciler, each .h and .cc")


def helm_copy(tree):
    crds = {p.split("/")[-1]: t for p, t in tree.texts.items() if re.fullmatch(r"crds/[^/]+\.yaml", p)}
    copy = {p.split("/")[-1]: t for p, t in tree.texts.items() if re.fullmatch(r"helm/charter/crds/[^/]+", p)}
    for name in sorted(set(crds) | set(copy)):
        if crds.get(name) != copy.get(name):
            what = f"differs from crds/{name}: run hack/sync-helm-crds.sh"
            yield Breach(f"helm/charter/crds/{name}", 1, "helm-copy", what)


def readme_invariants(tree):
    text = tree.texts.get("README.md", "")
    section = re.search(r"^## Invariants\s*$(.*?)(?=^## |\Z)", text, re.M | re.S)
    if not section:
        yield Breach("README.md", 1, "readme-invariants", "add a section '## Invariants': sentences about absence, each with its test")
        return
    existing = _existing_tests(tree)
    named = list(_NAMED_TEST.finditer(section.group(1)))
    first = line_at(text, section.start(1))
    if not named:
        yield Breach("README.md", first, "readme-invariants", "name the guarding tests in backticks: `Suite.Name`")
    for match in named:
        if match.group(1) not in existing:
            line = line_at(text, section.start(1) + match.start())
            yield Breach("README.md", line, "readme-invariants", f"there is no test {match.group(1)} under tests/")
    for item in re.finditer(r"^[-*] .*(?:\n(?![-*] |\n).*)*", section.group(1), re.M):
        if not _NAMED_TEST.search(item.group()):
            line = line_at(text, section.start(1) + item.start())
            yield Breach("README.md", line, "readme-invariants", "this invariant names no test: add `Suite.Name`")


def strict_shell(tree):
    for path, text in tree.texts.items():
        is_script = path.endswith(".sh") or path == ".ci/run"
        if is_script and not re.search(r"^set -euo pipefail$", text, re.M):
            yield Breach(path, 1, "strict-shell", "add the line: set -euo pipefail")


def _existing_tests(tree):
    found = set()
    for path, file in tree.cxx.items():
        if path.startswith("tests/"):
            found.update(f"{m.group(1)}.{m.group(2)}" for m in _CC_TEST.finditer(file.code))
    for path, text in tree.texts.items():
        if path.startswith("tests/") and path.endswith("_test.py"):
            suite = ""
            for match in _PY_CLASS_OR_TEST.finditer(text):
                suite = match.group(1) or suite
                if match.group(2):
                    found.add(f"{suite}.{match.group(2)}")
    return found


RULES = (kind_folders, helm_copy, readme_invariants, strict_shell)
