"""What the scripts beside it share: a NATS and boards, each board in a network namespace of its own.

A board is at 10.77.N.2 and NATS at 10.77.N.1, so that one cable can be pulled while the others stay. Nothing of it is seen
outside: enter() puts the script itself into a namespace first, for which no rights of root are needed.
"""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

HOME = Path(__file__).resolve().parents[2]
TINY_MODELS = HOME / "runtime/src/test/resources/bundles"
NATS_PORT = 4222
NATS_MONITOR_PORT = 8222


def enter(*commands):
    """Runs this script again in a network namespace of its own, once each of these commands is built."""
    if os.environ.get("IN_FLEET_NAMESPACE") != "1":
        for command in commands:
            print(subprocess.check_output([*shlex.split(command), "--version"], text=True).strip(), flush=True)
        os.environ["IN_FLEET_NAMESPACE"] = "1"
        os.execvp("unshare", ["unshare", "--map-root-user", "--net", sys.executable, *sys.argv])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended
    ip("link set lo up")


def ip(arguments, namespace=()):
    subprocess.run([*namespace, "ip", *arguments.split()], check=True)


def ask(url, body=None, headers=None, timeout=10):
    """(status, bytes) of a request; (0, reason) where there was no answer."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json", **(headers or {})})
    try:
        with urllib.request.urlopen(request, timeout=timeout) as reply:
            return reply.status, reply.read()
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.read()
    except OSError as silence:
        return 0, str(silence).encode()


def wait_until(what, condition, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise SystemExit(f"not within {seconds} s: {what}")
        time.sleep(0.05)


class Process:
    """A program whose output goes to a file, and which can be started again."""

    def __init__(self, command, log):
        self.command, self.log, self.process = command, log, None

    def start(self):
        with open(self.log, "a") as log:
            self.process = subprocess.Popen(
                self.command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)

    def stop(self, how=signal.SIGKILL):
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, how)
            self.process.wait()


class Nats(Process):
    """NATS with JetStream in a folder that stays when it is started again."""

    def __init__(self, folder, arguments=()):
        super().__init__(["nats-server", "-js", "-sd", str(folder / "nats"), "-a", "0.0.0.0", "-p", str(NATS_PORT),
                          "-m", str(NATS_MONITOR_PORT), *arguments], folder / "nats.log")

    def messages(self):
        """How many messages each stream holds, by name."""
        _, answer = ask(f"http://127.0.0.1:{NATS_MONITOR_PORT}/jsz?accounts=1&streams=1")
        accounts = json.loads(answer).get("account_details", [])
        return {s["name"]: s["state"]["messages"] for account in accounts for s in account.get("stream_detail", [])}


class Board(Process):
    """A server of the fleet, or with queue=False one by itself."""

    def __init__(self, number, folder, command, arguments=(), core=None, queue=True, threads=1):
        self.name = f"board{number}"
        self.holder = subprocess.Popen(["unshare", "--net", "sleep", "infinity"], start_new_session=True)
        self.cable = f"md{number}"
        inside = ["nsenter", "-t", str(self.holder.pid), "-n"]
        own = os.readlink("/proc/self/ns/net")
        wait_until("a namespace", lambda: os.readlink(f"/proc/{self.holder.pid}/ns/net") != own)
        ip(f"link add {self.cable} type veth peer name eth0 netns {self.holder.pid}")
        ip(f"addr add 10.77.{number}.1/24 dev {self.cable}")
        ip("link set lo up", inside)
        ip(f"addr add 10.77.{number}.2/24 dev eth0", inside)
        ip("link set eth0 up", inside)
        ip(f"link set {self.cable} up")
        pin = ["taskset", "-c", str(core)] if core is not None else []
        fleet = ["--queue", f"nats://10.77.{number}.1:{NATS_PORT}", "--board", self.name] if queue else []
        super().__init__(
            [*inside, *pin, *shlex.split(command), "serve", "--host", f"10.77.{number}.2", "--port", "8080", "--insecure",
             "--threads", str(threads), "--data", str(folder / self.name), *fleet, *arguments],
            folder / f"{self.name}.log")
        self.url = f"http://10.77.{number}.2:8080"

    def is_ready(self):
        return ask(self.url + "/health/ready", timeout=2)[0] == 200

    def await_ready(self):
        def ready():
            if self.process.poll() is not None:
                raise SystemExit(f"{self.name} did not start:\n{Path(self.log).read_text()[-2000:]}")
            return self.is_ready()
        wait_until(f"{self.name} ready", ready)

    def pull_cable(self):
        ip(f"link set {self.cable} down")

    def plug_in(self):
        ip(f"link set {self.cable} up")

    def close(self):
        self.stop()
        self.holder.kill()
        self.holder.wait()
