"""Do what deploy/Dockerfile does without Docker: in a clean Debian, as root; and run what it runs, as it runs it.

    python tests/image.py FOLDER

Of each `FROM` a folder is made with Debian's own Python of the same version in the place of the image's (debootstrap);
`COPY` copies, `RUN` runs there (chroot), `ENV` and `USER` hold. Then the command runs as that user, its root read-only
but for what compose.yaml mounts, its capabilities dropped, and must come to be ready, decide an upload, answer its own
HEALTHCHECK and end well. The Dockerfile is linted by hadolint and the unit by `systemd-analyze`, where these are there.
Prints a line each; exits with 1 when one failed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

import safehash
from stores import write_list, write_pictures

HERE = Path(__file__).parent.parent
#: Debian's release whose own Python has the version that the image has.
RELEASES = {"3.13": "trixie", "3.11": "bookworm"}
TOKEN = "0123456789abcdef"


def instructions(text: str) -> list[tuple[str, str]]:
    """Return the instructions of a Dockerfile, each with what follows it."""
    text = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    lines = re.sub(r"\\\n", " ", text).splitlines()
    return [(words[0], words[1]) for line in lines if len(words := line.split(None, 1)) == 2]


def base(folder: Path, version: str) -> Path:
    """Return a clean Debian with Python, made once."""
    root = folder / f"base-{version}"
    if not (root / "made").exists():
        shutil.rmtree(root, ignore_errors=True)
        packages = "python3,python3-venv,libpython3-dev,ca-certificates"  # the image has the headers, too
        run("debootstrap", "--variant=minbase", f"--include={packages}", RELEASES[version], str(root))
        (root / "usr/local/bin/python").symlink_to("/usr/bin/python3")
        (root / "made").touch()
    return root


def run(*words: str, **options: object) -> None:
    subprocess.run(words, check=True, **options)  # type: ignore[call-overload]


def inside(root: Path, script: str, environment: dict[str, str]) -> None:
    """Run a line of the shell in a root."""
    setting = [f"{name}={value}" for name, value in environment.items()]
    mounts = f"mount -t proc proc {root}/proc && mount --rbind /dev {root}/dev && "
    run("unshare", "--mount", "--pid", "--fork", "sh", "-ec",
        mounts + f'exec chroot {root} env -i "$@" /bin/sh -ec "$SCRIPT"', "sh", *setting,
        env={**os.environ, "SCRIPT": script})  # fmt: skip


class Image:
    """What the instructions of one Dockerfile make."""

    def __init__(self, folder: Path, dockerfile: Path) -> None:
        self._folder = folder
        self._stages: dict[str, Path] = {}
        self.environment: dict[str, str] = {}
        self.user, self.entry, self.command, self.health = "0:0", [""], [""], [""]
        self.root = folder
        for name, given in instructions(dockerfile.read_text(encoding="utf-8")):
            print(f"{name} {given[:90]}", flush=True)
            getattr(self, {"FROM": "from_", "USER": "user_"}.get(name, name.lower()))(given)

    def __getattr__(self, name: str) -> object:
        sys.exit(f"{name.upper()}: an instruction that is not done here")

    def from_(self, given: str) -> None:
        found = re.match(r"python:([\d.]+)-slim(?: AS (\w+))?$", given)
        if found is None:
            sys.exit(f"FROM {given}: expected python:VERSION-slim")
        self.root = self._folder / f"stage-{len(self._stages)}"
        shutil.rmtree(self.root, ignore_errors=True)
        run("cp", "-a", "--reflink=auto", str(base(self._folder, found[1])), str(self.root))
        self._stages[found[2] or ""] = self.root
        # How this machine reaches packages.
        for name in ("/etc/resolv.conf", "/etc/pip.conf", os.environ.get("PIP_CERT", "")):
            if name and Path(name).is_file():
                shutil.copy(name, self.root / name.lstrip("/"))
        self.environment = {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/root",
        }

    def run(self, given: str) -> None:
        how = ("pip_", "http", "no_pr")  # how this machine reaches packages
        given_here = {name: value for name, value in os.environ.items() if name.lower().startswith(how)}
        inside(self.root, given, {**self.environment, **given_here})

    def copy(self, given: str) -> None:
        stage = re.match(r"--from=(\w+) (\S+) (\S+)$", given)
        if stage is not None:
            made = self._stages[stage[1]] / stage[2].lstrip("/")
            run("cp", "-a", str(made), str(self.root / stage[3].lstrip("/")))
            return
        where, target = given.split()
        # What is under version control, as .dockerignore should leave it.
        (self.root / target.lstrip("/")).mkdir(parents=True)
        listed = subprocess.run(
            ["git", "-C", HERE, "ls-files", "-z", where], capture_output=True, check=True
        ).stdout
        run(
            "tar", "-C", str(HERE), "--null", "-T", "-", "-cf", str(self._folder / "source.tar"), input=listed
        )
        run("tar", "-C", str(self.root / target.lstrip("/")), "-xf", str(self._folder / "source.tar"))

    def user_(self, given: str) -> None:
        self.user = given

    def env(self, given: str) -> None:
        for each in given.split():
            name, _, value = each.partition("=")
            self.environment[name] = value.replace("$PATH", self.environment["PATH"])

    def expose(self, given: str) -> None:
        self.port = int(given)

    def stopsignal(self, given: str) -> None:
        assert given == "SIGTERM"

    def healthcheck(self, given: str) -> None:
        self.health = json.loads(given.partition("CMD ")[2])

    def entrypoint(self, given: str) -> None:
        self.entry = json.loads(given)

    def cmd(self, given: str) -> None:
        self.command = json.loads(given)

    def start(self, words: list[str], mounts: str) -> subprocess.Popen[bytes]:
        """Run words in the image as it is run: read-only, without capabilities, as its user."""
        root, (user, _, group) = self.root, self.user.partition(":")
        script = (
            f"mount --bind {root} {root} && mount -t proc proc {root}/proc && mount --rbind /dev {root}/dev && "
            f"{mounts} mount -o remount,bind,ro {root} && exec chroot {root} setpriv --reuid={user} --regid={group} "
            '--clear-groups --bounding-set=-all --inh-caps=-all --no-new-privs env -i "$@"'
        )
        setting = [f"{name}={value}" for name, value in self.environment.items()]
        return subprocess.Popen(["unshare", "--mount", "sh", "-ec", script, "sh", *setting, *words])


def service(image: Image) -> dict[str, bool]:
    """Run the image's own command with lists, tokens and state mounted; say what came of it."""
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        here.chmod(0o755)
        listed, harmless = write_pictures(here / "pictures", 2)
        (here / "lists").mkdir(mode=0o755)
        safehash.Matcher.from_files(write_list(here / "own.csv", listed)).save(
            here / "lists" / "lists.safehash"
        )
        (here / "lists" / "lists.safehash").chmod(0o644)
        (here / "tokens").write_text(f"check pipeline {TOKEN}\n")
        (here / "state").mkdir()
        uid, gid = map(int, image.user.split(":"))
        os.chown(here / "state", uid, gid)
        for place in ("lists", "run/secrets", "state"):
            (image.root / place).mkdir(parents=True, exist_ok=True)
        (image.root / "run/secrets/tokens").touch()
        mounts = "".join(
            f"mount --bind {here / name} {image.root}/{where} && "
            for name, where in (("lists", "lists"), ("tokens", "run/secrets/tokens"), ("state", "state"))
        ) + f"mount -t tmpfs -o mode=0700,uid={uid},size=16m tmpfs {image.root}/tmp &&"  # fmt: skip
        process = image.start([*image.entry, *image.command], mounts)
        where = f"http://127.0.0.1:{image.port}"
        try:
            end = time.monotonic() + 60
            ready = False
            while not ready and time.monotonic() < end and process.poll() is None:
                with suppress(OSError):
                    ready = urllib.request.urlopen(f"{where}/readyz", timeout=2).status == 200
                time.sleep(0.1)
            outcomes = []
            for path in (listed, harmless) if ready else ():
                token = {"Authorization": f"Bearer {TOKEN}"}
                asked = urllib.request.Request(f"{where}/v1/check", path.read_bytes(), token)
                outcomes.append(json.load(urllib.request.urlopen(asked, timeout=30))["outcome"])
            healthy = image.start(image.health, "").wait(30) == 0
            state = (here / "state" / "state.db").exists()
        finally:
            process.terminate()
            code = process.wait(60)
    return {
        "is ready": ready,
        "decides": outcomes == ["match", "no_match"],
        "HEALTHCHECK": healthy,
        "keeps its state": state,
        "ends well": code == 0,
    }


def linted() -> dict[str, bool]:
    """Lint the Dockerfile and the unit, where there is what does it."""
    found = {}
    if shutil.which("hadolint"):
        done = subprocess.run(["hadolint", HERE / "deploy" / "Dockerfile"], check=False)
        found["hadolint"] = done.returncode == 0
    if shutil.which("systemd-analyze"):
        with tempfile.TemporaryDirectory() as folder:
            unit = Path(folder) / "safehash.service"
            text = (HERE / "deploy" / "safehash.service").read_text(encoding="utf-8")
            unit.write_text(text.replace("/opt/safehash/bin/safehash", "/bin/true"), encoding="utf-8")
            done = subprocess.run(["systemd-analyze", "verify", unit], check=False)
            found["systemd-analyze verify"] = done.returncode == 0
            line = [
                "systemd-analyze",
                "security",
                "--offline=true",
                "--threshold=20",
                str(unit),
                "--no-pager",
            ]
            judged = subprocess.run(line, check=False, capture_output=True, text=True)
            print(judged.stdout.strip().splitlines()[-1:] or judged.stderr)
            found["systemd-analyze security under 2.0"] = judged.returncode == 0
    return found


def main(folder: Path) -> int:
    """Do it all, and say what came of it."""
    if os.geteuid() != 0:
        sys.exit("this mounts and changes its root: run it as root")
    folder.mkdir(parents=True, exist_ok=True)
    found = linted()
    found |= service(Image(folder.resolve(), HERE / "deploy" / "Dockerfile"))
    for name, well in found.items():
        print(f"{name}: {'yes' if well else 'NO'}")
    return 0 if all(found.values()) else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
