"""Words that must not appear: postponed work, empty names, hidden clocks and sleeps, kinds inside the generic runtime."""

import re

from tree import Breach, is_test, line_at, snake

_MARKER = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
_POSTPONED = re.compile(r"\b(for now|not (?:yet )?implemented)\b", re.I)
_EMPTY_NAME = re.compile(  # libvirt's functions have the names that they have
    r"\b(?!vir[A-Z])\w*(?:Helper|Util|Impl)s?(?![a-z])\w*|\b(?:[a-z0-9]+_)*(?:helper|util|impl)s?(?:_[a-z0-9_]*)?\b"
)
_EMPTY_TYPE = re.compile(r"(Data|Info)$")
_EMPTY_FILE = re.compile(r"(?:^|.*_)(?:util|helper|impl)s?\.(?:h|cc)$|(?:util|helper)[^/]*\.(?:h|cc)$|common\.(?:h|cc)$")

_SLOW_TESTS = ("tests/e2e/", "tests/bench/")  # real processes: they need real time

# (rule, pattern in code, paths it is looked for in, paths that are exempt, what to do)
CODE_WORDS = (
    ("no-std-async", r"\bstd::async\b", r"", r"(?!)", "hand the work to controller/base/tasks"),
    ("no-detach", r"(?:\.|->)detach\s*\(", r"", r"(?!)", "own the thread and join it"),
    ("no-coroutine", r"\bco_(?:await|yield|return)\b", r"", r"(?!)", "g++ 12.2 miscompiles coroutines: use a callback or a blocking worker"),
    ("no-std-regex", r"\bstd::(?:basic_)?regex\b", r"", r"(?!)", "std::regex overflows the stack: use controller/object (RE2)"),
    (
        "clock",
        r"\bsystem_clock\b|\bgettimeofday\b|\bclock_gettime\b|\btime\s*\(\s*(?:nullptr|NULL|0)\s*\)",
        r"",
        r"controller/base/clock\.(?:h|cc)|tests/(?:e2e|bench|base)/",
        "take a Clock (controller/base/clock.h)",
    ),
    ("clock", r"\b(?:steady|high_resolution)_clock\b", r"reconcilers/", r"(?!)", "take a Clock (controller/base/clock.h)"),
    (
        "random",
        r"\bs?rand\s*\(|\brandom_device\b|\bmt19937",
        r"",
        r"controller/base/random|tests/(?:e2e|bench|base|fuzz)/",
        "take a Random (controller/base/random.h)",
    ),
    (
        "no-sleep",
        r"\bsleep_(?:for|until)\b|\bu?sleep\s*\(|\bnanosleep\b",
        r"reconcilers/|tests/",
        "|".join(_SLOW_TESTS),
        "advance the manual clock, or return an outcome that says when to come back",
    ),
    ("decimal-money", r"\b(?:float|double)\b", r".*(?:rating|money|price)", r"(?!)", "money is exact decimal, never floating point"),
    (
        "no-stdout",
        r"\bstd::cout\b|\b(?:std::)?(?:printf|puts)\s*\(",
        r"",
        r"controller/(?:cli/|main\.cc)|tests/",
        "log it, or write to the stream that the command was given",
    ),
    ("pure-decision", r"\bnow\s*\(", r"reconcilers/.*/(?:plan|admit)\.(?:h|cc)$", r"(?!)", "plan and admit are pure: pass the time in as a value"),
)

# Kinds whose names are several words; single words (provider, image, machine …) are also plain English.
FIXED_KINDS = ("ServiceInstance", "ServiceTemplate", "ServiceOffering", "ServiceOfferingRevision", "RateCard", "UsageReport")


def postponed_work(tree):
    for path, file in tree.cxx.items():
        for text, pattern in ((file.comments, _MARKER), (file.code, _MARKER), (file.comments, _POSTPONED)):
            yield from _hits(file, text, pattern, "postponed", "do it, or refuse the case with a clear error")
    for path, text in tree.texts.items():
        if path.startswith("tests/tidy/") or not path.endswith((".py", ".sh", ".txt", ".cmake")):
            continue
        for match in _MARKER.finditer(text):
            yield Breach(path, line_at(text, match.start()), "postponed", f"'{match.group()}': do it or open an issue")


def empty_names(tree):
    for path, file in tree.cxx.items():
        seen = set()
        for match in _EMPTY_NAME.finditer(_without_includes(file)):
            if match.group() not in seen:
                seen.add(match.group())
                line = file.line_of(match.start())
                yield Breach(path, line, "empty-name", f"{match.group()}: name it after what it does")
        for span in file.types:
            if _EMPTY_TYPE.search(span.name):
                yield Breach(path, span.line, "empty-name", f"{span.name}: every type holds data; name the thing it is")
        if _EMPTY_FILE.match(path.split("/")[-1]):
            yield Breach(path, 1, "empty-name", "name the file after the one thing in it")


def banned_code(tree):
    rows = [(rule, re.compile(word), re.compile(where), re.compile(exempt), what) for rule, word, where, exempt, what in CODE_WORDS]
    for path, file in tree.cxx.items():
        for rule, word, where, exempt, what in rows:
            if where.match(path) and not exempt.match(path):
                yield from _hits(file, file.code, word, rule, what)


def pure_decisions(tree):
    for path, file in tree.cxx.items():
        if re.fullmatch(r"reconcilers/(?:.*/)?(?:plan|admit)\.(?:h|cc)", path):
            for line, _, header in file.includes:
                if header.split("/")[-1] in ("clock.h", "random.h", "client.h"):
                    what = f"plan and admit are pure and do not see {header}: pass values in"
                    yield Breach(path, line, "pure-decision", what)


def no_kind_in_runtime(tree):
    several_words = {k for k in tree.kinds() if "_" in snake(k)} | set(FIXED_KINDS)
    pattern = re.compile("|".join(sorted((snake(k).replace("_", "[_-]?") for k in several_words), key=len, reverse=True)), re.I)
    texts = [(p, f.raw) for p, f in tree.cxx.items()] + list(tree.texts.items())
    for path, text in texts:
        if not path.startswith("controller/"):
            continue
        if pattern.search(path):
            yield Breach(path, 1, "kind-in-runtime", "the generic runtime knows no kind: move the file to reconcilers/")
        for match in pattern.finditer(text):
            what = f"'{match.group()}': the generic runtime knows no kind; register it from reconcilers/"
            yield Breach(path, line_at(text, match.start()), "kind-in-runtime", what)


def _hits(file, text, pattern, rule, what):
    for match in pattern.finditer(text):
        yield Breach(file.path, file.line_of(match.start()), rule, f"'{match.group().strip()}': {what}")


def _without_includes(file):
    return re.sub(r"^[ \t]*#[ \t]*include[^\n]*", lambda m: " " * len(m.group()), file.code, flags=re.M)


RULES = (postponed_work, empty_names, banned_code, pure_decisions, no_kind_in_runtime)
