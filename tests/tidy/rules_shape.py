"""Sizes and documentation: no file, function or interface too long to read, no type without a sentence."""

import re

from tree import Breach

FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 60
PURE_VIRTUALS_MAX = 6
MAIN_LINES_MAX = 149
RECONCILER_LINES_MAX = 150

_PURE_VIRTUAL = re.compile(r"\bvirtual\b(?!\s*~)[^;{}]*=\s*0\s*;")


def file_size(tree):
    for path, text in _sources(tree):
        lines = text.count("\n")
        if lines > FILE_LINES_MAX:
            yield Breach(path, lines, "file-size", f"{lines} lines, at most {FILE_LINES_MAX}: split it by what it does")


def function_size(tree):
    for path, file in tree.cxx.items():
        for span in file.functions:
            if span.lines > FUNCTION_LINES_MAX:
                what = f"{span.name} has {span.lines} lines, at most {FUNCTION_LINES_MAX}: give its steps names of their own"
                yield Breach(path, span.line, "function-size", what)


def interface_size(tree):
    for path, file in tree.cxx.items():
        for span in file.types:
            count = len(_PURE_VIRTUAL.findall(span.body))
            if count > PURE_VIRTUALS_MAX:
                what = f"{span.name} has {count} pure virtual methods, at most {PURE_VIRTUALS_MAX}: split it by who calls it"
                yield Breach(path, span.line, "interface-size", what)


def documented_types(tree):
    for path, file in tree.cxx.items():
        if not path.endswith(".h"):
            continue
        lines = file.raw.split("\n")
        for span in file.types:
            above = lines[span.line - 2].strip() if span.line > 1 else ""
            if span.at_namespace_scope and not (above.startswith("//") or above.endswith("*/")):
                yield Breach(path, span.line, "documented-type", f"say in a comment directly above what {span.name or 'this type'} is")


def thin_main(tree):
    main = tree.cxx.get("controller/main.cc")
    if main and main.raw.count("\n") > MAIN_LINES_MAX:
        lines = main.raw.count("\n")
        yield Breach(main.path, lines, "thin-main", f"{lines} lines, at most {MAIN_LINES_MAX}: main.cc composes and has no logic")


def thin_reconcilers(tree):
    for path, file in tree.cxx.items():
        lines = file.raw.count("\n")
        if re.fullmatch(r"reconcilers/\w+/reconciler\.cc", path) and lines > RECONCILER_LINES_MAX:
            what = f"{lines} lines, at most {RECONCILER_LINES_MAX}: decisions belong into plan.cc"
            yield Breach(path, lines, "thin-reconciler", what)


def _sources(tree):
    for path, file in tree.cxx.items():
        yield path, file.raw
    for path, text in tree.texts.items():
        if path.endswith((".py", ".sh")):
            yield path, text


RULES = (file_size, function_size, interface_size, documented_types, thin_main, thin_reconcilers)
