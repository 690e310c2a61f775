"""The recorded conversation of this kubectl with kube-apiserver: the same commands, and what they print compared line by line."""

import collections
import json
import os
import re
import subprocess
import threading
import unittest

import recording
from charter_e2e import COMMAND_S, KUBECTL, ServerTest, eventually

WATCH_S = 30
# Of the environment; the recording does not show it.
ENVIRONMENT = {"edit": {"EDITOR": r"sed -i s/size:.*6/size:\ 7/"}, "--applyset=as1": {"KUBECTL_APPLYSET": "true"}}
# Commands that print until they are stopped, by how the recording names them, and what is done to the object in the meantime.
WATCHES = {"kubectl get widgets -w": (("get", "widgets", "-n", "conv", "-w"), "wtest=1"),
           "watch-only": (("get", "widgets", "-n", "conv", "--watch-only", "--output-watch-events"), "wtest=2")}


def commands(minor):
    """Each command of the recording with what it printed and its exit code, which is None for a watch."""
    text = (recording.FOLDER / f"kubectl-1.{minor}.txt").read_text()
    for part in re.split(r"^\$ ", text, flags=re.M)[1:]:
        command, output = part.split("\n", 1)
        ended = re.search(r"\[rc (\d+)\]\n\Z", output)
        yield command, output[: ended.start()] if ended else output, int(ended.group(1)) if ended else None


def titled(recorded):
    """The commands by titles of their own: what is said again is counted."""
    seen = collections.Counter()
    for command, _, _ in recorded:
        seen[command] += 1
        yield command if seen[command] == 1 else f"{command} ({seen[command]})"


class ConversationTest(ServerTest):
    """The whole conversation runs once, in its order; the tests look at what was printed."""

    @classmethod
    def setUpClass(cls):
        version = json.loads(subprocess.run([KUBECTL, "version", "--client", "-o", "json"], capture_output=True, check=True).stdout)
        minor = version["clientVersion"]["minor"].rstrip("+")
        recorded = sorted(path.stem.removeprefix("kubectl-1.") for path in recording.FOLDER.glob("kubectl-1.*.txt"))
        if minor not in recorded:
            raise unittest.SkipTest(f"{KUBECTL} is version 1.{minor}; recorded are {', '.join(recorded)}: hack/test.sh fetches the last")
        super().setUpClass()
        cls.environment = {**os.environ, "KUBECONFIG": str(cls.administrator()), "HOME": str(cls.server.folder)}
        cls.recorded = list(commands(minor))
        cls.titles = list(titled(cls.recorded))
        cls.printed = [cls.say(command, output, code) for command, output, code in cls.recorded]
        cls.differences = recording.Differences.listed("kubectl", f"1.{minor}")

    @classmethod
    def administrator(cls):
        """A kubeconfig for the user whom the recording has."""
        made = cls.server.charter("token", "create", "--user", "admin", "--uid", "admin-uid", "--group", "system:masters")
        assert made.returncode == 0, made.stderr
        config = json.loads(cls.server.kubectl("config", "view", "--raw", "-o", "json").stdout)
        config["users"] = [{"name": "charter", "user": {"token": made.stdout.strip()}}]
        path = cls.server.folder / "admin.kubeconfig"
        path.write_text(json.dumps(config))
        return path

    @classmethod
    def say(cls, command, recorded, code):
        if code is None:
            arguments, label = WATCHES[command]
            return cls.watched(arguments, label, len(recorded.splitlines())), None
        arguments = command.split()[1:]
        more = {name: value for word, settings in ENVIRONMENT.items() if word in arguments for name, value in settings.items()}
        done = subprocess.run([KUBECTL, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                              text=True, cwd=recording.FOLDER, env={**cls.environment, **more}, timeout=COMMAND_S, check=False)
        return done.stdout, done.returncode

    @classmethod
    def watchers(cls):
        metrics = cls.server.kubectl("get", "--raw", "/metrics").stdout
        return int(re.search(r"^apiserver_registered_watchers (\d+)", metrics, re.M).group(1))

    @classmethod
    def watched(cls, arguments, label, count):
        """The first `count` lines of a watch during which w1 gets a label."""
        before, seen = cls.watchers(), []
        watch = subprocess.Popen([KUBECTL, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=cls.environment)
        reader = threading.Thread(target=lambda: seen.extend(iter(watch.stdout.readline, "")))
        try:
            reader.start()
            eventually(lambda: cls.watchers() > before, "the watch is open", WATCH_S)
            cls.server.kubectl("label", "widget", "w1", "-n", "conv", label, "--overwrite")
            eventually(lambda: len(seen) >= count, f"the watch shows {count} lines", WATCH_S)
        finally:
            watch.kill()
            watch.wait()
            reader.join()
            watch.stdout.close()
        return "".join(seen)

    def test_every_command_prints_what_it_prints_with_kube_apiserver(self):
        complaints = []
        for title, (_, output, code), (printed, ended) in zip(self.titles, self.recorded, self.printed):
            real, charter = recording.printed_lines(output), recording.printed_lines(printed)
            found = list(self.differences.complaints(title, [*real, f"exit code {code}"], [*charter, f"exit code {ended}"]))
            if not found and not self.differences.have_no_order(title) and recording.in_another_order(real, charter):
                found = [f"{title}: the lines come in another order:\n{printed}"]
            complaints += found
        self.assertEqual([], complaints, "\n" + "\n".join(complaints))

    def test_listed_differences_are_of_commands_in_the_recording(self):
        self.assertLessEqual(self.differences.titles(), set(self.titles))

    def test_every_listed_difference_has_its_reason_in_the_document(self):
        self.assertEqual([], self.differences.unknown_rows())


if __name__ == "__main__":
    unittest.main(verbosity=2)
