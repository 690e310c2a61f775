"""What the real kube-apiserver answered (the files in recorded/), and the only ways in which Charter's answers may differ.

An answer becomes lines, one for each of its fields, with what differs from run to run replaced. recorded/differences.json says which lines
only one of the two servers has, and which row of docs/compatibility.md gives the reason. A line that is not listed and a listed line
that does not appear are both complaints.
"""

import collections
import json
import pathlib
import re

from charter_e2e import ROOT

FOLDER = pathlib.Path(__file__).parent / "recorded"
ROWS = ROOT / "docs/compatibility.md"
CUT = "…"  # in a recorded answer: the recording ends here, whatever follows is not compared

_VARIABLE = [(re.compile(pattern), replacement) for pattern, replacement in (
    (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "<uid>"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", "<time with six digits>"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "<time>"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ [+-]\d{4}", "<time of a file>"),
    (r"\b(gen|e)-[a-z0-9]{5}\b", r"\1-<generated>"),
    (r'(resourceVersion\\?": ?\\?"|resourceVersion: "|Resource Version: +|current: |in record \()\d+', r"\1<version>"),
    (r"^(too old resource version: 1) \(\d+\)", r"\1 (<version>)"),
    (r"\b\d+(\.\d+){3}:\d+", "<address>"),
    (r"https?://<address>", "<server>"),
    (r"eyJ[\w-]+\.[\w-]+\.[\w-]+", "<jwt>"),
    (r"(\?hash=)[0-9A-Fa-f]+", r"\1<hash>"),
    (r"\x1b\[[\d;]*m", ""),  # colours
    (r"^Client Version: (version\.Info.*|v1\.\d+\..*)", "Client Version: <client>"),
    (r"(?<![\w.-])(\d+[dhms])+(?![\w.-])", "<age>"),
    (r"/tmp/(LIVE|MERGED)-\d+", r"/tmp/\1"))]


def normalised(text):
    """Text without what differs from run to run."""
    for pattern, replacement in _VARIABLE:
        text = pattern.sub(replacement, text)
    return text


def _of_member(name, value):
    if name == "resourceVersion" and isinstance(value, str):
        return re.sub(r"^\d+$", "<version>", value)
    if name == "continue" and value:
        return "<token>"
    if name == "managedFields" and isinstance(value, list):
        # Both servers sort by time, in whole seconds: how fast they were asked would decide.
        return [normalised_value(entry) for entry in sorted(value, key=_entry_order)]
    if name.lower() in ("etag", "last-modified") or name in ("gitCommit", "gitTreeState"):  # the latter two are of the build
        return f"<{name.lower()}>"
    return normalised_value(value)


def _entry_order(entry):
    return [entry.get(name) or "" for name in ("operation", "manager", "subresource")] if isinstance(entry, dict) else [CUT]


def normalised_value(value):
    if isinstance(value, dict):
        return _in_any_order({name: _of_member(name, item) for name, item in value.items()})
    if isinstance(value, list):
        return [normalised_value(item) for item in value]
    return normalised(value) if isinstance(value, str) else value


def _in_any_order(status):
    """A Status whose message is the list of its causes: kube-apiserver writes them in the order of a Go map."""
    causes = (status.get("details") or {}).get("causes") if status.get("kind") == "Status" else None
    texts = [f"{cause.get('field')}: {cause.get('message')}" for cause in causes or []]
    message = status.get("message", "")
    for text in texts:
        if text not in message:
            return status
        message = message.replace(text, "<cause>", 1)
    if len(texts) < 2:
        return status
    ordered = sorted(causes, key=lambda cause: (cause["field"], cause["message"]))
    return status | {"message": message, "details": status["details"] | {"causes": ordered}}


def _fitted(given, recorded):
    """`given` without what comes after the place where the recording was cut."""
    if isinstance(given, dict) and isinstance(recorded, dict):
        return {name: _fitted(item, recorded[name]) if name in recorded else item
                for name, item in given.items() if name in recorded or CUT not in recorded}
    if isinstance(given, list) and isinstance(recorded, list):
        is_cut = bool(recorded) and recorded[-1] == CUT
        kept = given[: len(recorded) - 1] if is_cut else given
        return [_fitted(item, recorded[i]) if i < len(recorded) else item for i, item in enumerate(kept)]
    if isinstance(given, str) and isinstance(recorded, str) and recorded.endswith(CUT) and given.startswith(recorded[:-1]):
        return recorded
    return given


def _uncut(recorded):
    if isinstance(recorded, dict):
        return {name: _uncut(item) for name, item in recorded.items() if name != CUT}
    if isinstance(recorded, list):
        return [_uncut(item) for item in recorded if item != CUT]
    return recorded


def _lines(value, path):
    if isinstance(value, dict) and value:
        for name, item in value.items():
            yield from _lines(item, f"{path}.{name}" if path else name)
    elif path == "warnings":
        yield from (f"warning: {warning}" for warning in value)
    elif isinstance(value, list) and value:
        for i, item in enumerate(value):
            yield from _lines(item, f"{path}[{i}]")
    elif isinstance(value, str) and "\n" in value:
        yield from (f"{path}: {line}" for line in value.splitlines())
    else:
        yield f"{path} = {json.dumps(value, ensure_ascii=False)}"


def lines(recorded, given):
    """Both answers as lines; where the recording was cut the given answer is cut too."""
    recorded, given = normalised_value(recorded), normalised_value(given)
    return list(_lines(_uncut(recorded), "")), list(_lines(_fitted(given, recorded), ""))


def printed_lines(text):
    """What a program printed; columns keep their order and lose their width."""
    return [re.sub(r"(?<=\S) {2,}", "  ", line).rstrip() for line in normalised(text).splitlines()]


def in_another_order(real, charter):
    """Whether the lines that both have come in another order."""
    both = collections.Counter(real) & collections.Counter(charter)
    return [line for line in real if line in both] != [line for line in charter if line in both]


def rows():
    """First cells of the tables in the document, each after the heading it stands under."""
    heading = ""
    for line in ROWS.read_text().splitlines():
        if line.startswith("## "):
            heading = line[3:]
        elif line.startswith("| "):
            yield f"{heading}: {line[2:].split(' | ')[0]}"


class Differences:
    """The listed differences of one recording."""

    def __init__(self, entries):
        self.entries = entries

    @classmethod
    def listed(cls, recording, client=None):
        """Those of a recording; some show with a few versions of the client only."""
        entries = json.loads((FOLDER / "differences.json").read_text())[recording]
        return cls([entry for entry in entries if client is None or client in entry.get("clients", [client])])

    def complaints(self, title, real, charter):
        """What is wrong between the lines of two answers to the same question, given what is listed for it."""
        real, charter = collections.Counter(real), collections.Counter(charter)
        found = {"real": list((real - charter).elements()), "charter": list((charter - real).elements())}
        for entry in self.entries:
            if title not in entry["in"]:
                continue
            for side in found:
                for wildcard in entry.get(side, ()):
                    pattern = re.compile(".*".join(re.escape(part) for part in wildcard.split("*")))
                    rest = [line for line in found[side] if not pattern.fullmatch(line)]
                    if len(rest) == len(found[side]) and "sometimes" not in entry:
                        yield f"{title}: no line of {side} is like this any more: {wildcard}"
                    found[side] = rest
        for side, left in found.items():
            yield from (f"{title}: only {side}: {line}" for line in left)

    def have_no_order(self, title):
        """Whether the lines of this answer may come in another order, too."""
        return any(entry.get("any_order") for entry in self.entries if title in entry["in"])

    def titles(self):
        return {title for entry in self.entries for title in entry["in"]}

    def unknown_rows(self):
        """Reasons that are not the beginning of exactly one row of the document."""
        known = list(rows())
        return [entry["row"] for entry in self.entries
                if "sometimes" not in entry and sum(row.startswith(entry["row"]) for row in known) != 1]
