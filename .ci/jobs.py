"""Run the jobs of a workflow here: each step's own command, as a runner would, in a clean clone.

Run: python .ci/jobs.py [JOB ...] [--workflow ci] [--list] [-o FILE], with PyYAML. A job runs here, in an environment of
its own, if it wants Linux on x86-64, no container, and an interpreter that is found (on the PATH, or below ~/.pyenv).
What does not is named, with why. Variables reach the steps: PYTEST_ADDOPTS="-m 'not slow'" leaves little of the suite.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent
RUNNERS = {"ubuntu-24.04"}
#: Steps of others that are not run, as what they give is here already or goes elsewhere.
PASSED_OVER = {"actions/cache"}
UNDERSTOOD = {
    "run",
    "actions/checkout",
    "actions/setup-python",
    "actions/upload-artifact",
    "actions/download-artifact",
}
CONDITIONS = {None, "always()", "failure()"}

#: How a runner calls bash: of itself, and where a workflow asks for it.
SHELLS = {None: ["bash", "-e"], "bash": ["bash", "--noprofile", "--norc", "-eo", "pipefail"]}


@dataclass(frozen=True)
class Job:
    """One job with one choice of its matrix."""

    name: str
    facts: dict[str, Any]
    matrix: dict[str, str]

    def said(self, text: object) -> str:
        """Return a text of the workflow with the expressions in it replaced.

        Raises
        ------
        ValueError
            One that is not understood here.
        """

        def value(found: re.Match[str]) -> str:
            known = {f"matrix.{name}": str(each) for name, each in self.matrix.items()}
            if found[1] not in known:
                raise ValueError(f"{self.name}: {found[0]} is not understood")
            return known[found[1]]

        return re.sub(r"\$\{\{\s*(.*?)\s*\}\}", value, str(text))

    def used(self) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
        """Yield each step: the action that it uses, or "run"; what it is given; and the step."""
        for step in self.facts.get("steps", ()):
            action = step.get("uses", "run").partition("@")[0]
            yield action, step.get("with", {}), step

    def check(self) -> None:
        """Refuse what would not be done as a runner does it.

        Raises
        ------
        ValueError
        """
        for action, given, step in self.used():
            self.said(json.dumps({**step, **given}))
            condition = step.get("if")
            if action not in UNDERSTOOD | PASSED_OVER or condition not in CONDITIONS:
                raise ValueError(f"{self.name}: {action} if {condition} is not understood")

    @property
    def python(self) -> str | None:
        """The interpreter that it asks for."""
        wanted = [given for action, given, _ in self.used() if action == "actions/setup-python"]
        return self.said(wanted[0]["python-version"]) if wanted else None


def jobs_of(workflow: dict[str, Any]) -> Iterator[Job]:
    """Yield every job, one for each choice of its matrix."""
    for name, facts in workflow["jobs"].items():
        matrix = dict(facts.get("strategy", {}).get("matrix", {}))
        more, axes = matrix.pop("include", []), list(matrix)
        choices = [dict(zip(axes, each, strict=True)) for each in itertools.product(*matrix.values())] + more
        for choice in choices if axes or more else [{}]:
            shown = f" ({', '.join(map(str, choice.values()))})" if choice else ""
            yield Job(f"{name}{shown}", facts, choice)


def why_not(job: Job) -> str | None:
    """Return why a job cannot run here."""
    runner = job.said(job.facts.get("runs-on", ""))
    if runner not in RUNNERS:
        return f"it wants {runner or 'another workflow'}"
    if "container" in job.facts:
        return f"it wants the container {job.facts['container']}"
    if job.python is not None and interpreter(job.python) is None:
        return f"there is no Python {job.python}"
    return None


def interpreter(version: str) -> str | None:
    """Return the path of an interpreter of a version."""
    versions = Path.home() / ".pyenv" / "versions"
    for found in [shutil.which(f"python{version}"), *sorted(versions.glob(f"{version}.*/bin/python"))]:
        if found is None:
            continue
        told = subprocess.run(
            [found, "-c", "import sys, venv; print('%d.%d' % sys.version_info[:2])"],
            capture_output=True, check=False, text=True,
        )  # fmt: skip
        if told.returncode == 0 and told.stdout.strip() == version:
            return str(found)
    return None


class Place:
    """Where one job runs: a clone, an environment, and what jobs hand to each other."""

    def __init__(self, job: Job, work: Path, env: dict[str, str]) -> None:
        self.job = job
        here = work / re.sub(r"[^\w.-]+", "-", job.name).strip("-")
        shutil.rmtree(here, ignore_errors=True)
        self.clone, self.artifacts = here / "clone", work / "artifacts"
        subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", ROOT, self.clone], check=True)
        self.env = {**os.environ, "CI": "true", **env}
        self.env.pop("PYTHONPATH", None)
        if job.python is not None:
            made = here / "python"
            subprocess.run([interpreter(job.python) or "", "-m", "venv", made], check=True)
            self.env["PATH"] = f"{made / 'bin'}{os.pathsep}{self.env['PATH']}"

    def step(self, action: str, given: dict[str, Any], step: dict[str, Any]) -> bool:
        """Do one step; return whether it went well."""
        if action == "run":
            defaults = self.job.facts.get("defaults", {}).get("run", {})
            shell = SHELLS[step.get("shell", defaults.get("shell"))]
            script = self.clone.parent / "step.sh"
            script.write_text(self.job.said(step["run"]), encoding="utf-8")
            env = {**self.env, **{name: self.job.said(text) for name, text in step.get("env", {}).items()}}
            done = subprocess.run([*shell, script], cwd=self.clone, env=env, check=False)
            return done.returncode == 0
        if action == "actions/upload-artifact":
            kept = self.artifacts / self.job.said(given["name"])
            shutil.rmtree(kept, ignore_errors=True)
            kept.mkdir(parents=True)
            for name in self.job.said(given["path"]).split():
                path = self.clone / name
                if path.is_dir():
                    shutil.copytree(path, kept / path.name)
                elif path.exists():
                    shutil.copy(path, kept)
        elif action == "actions/download-artifact":
            for kept in sorted(self.artifacts.glob(self.job.said(given["pattern"]))):
                shutil.copytree(kept, self.clone / self.job.said(given["path"]) / kept.name)
        return True


def run(job: Job, work: Path, env: dict[str, str]) -> dict[str, Any]:
    """Run one job; return what came of each of its steps."""
    place, steps, is_well = Place(job, work, env), [], True
    for action, given, step in job.used():
        condition = step.get("if")
        if not (condition == "always()" or is_well is (condition is None)):
            continue
        name = step.get("name") or (step["run"].strip() if action == "run" else action).split("\n")[0]
        print(f"-- {job.name}: {name}", flush=True)
        started = time.monotonic()
        did = place.step(action, given, step)
        steps.append({"step": name, "well": did, "seconds": round(time.monotonic() - started, 1)})
        is_well = is_well and did
    return {"job": job.name, "well": is_well, "steps": steps}


def main() -> int:
    """Run what is asked for; 1 if a step failed, 2 if a job that was named cannot run here."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument(
        "jobs",
        nargs="*",
        metavar="JOB",
        help="with or without a choice of its matrix: 'test (ubuntu-24.04, 3.12)'",
    )
    parser.add_argument("--workflow", default="ci")
    parser.add_argument("--list", action="store_true", help="say what would run, and what not and why")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "jobs")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    text = (ROOT / ".github" / "workflows" / f"{arguments.workflow}.yml").read_text(encoding="utf-8")
    workflow = yaml.safe_load(text)
    every = list(jobs_of(workflow))
    chosen = [
        job for job in every
        if not arguments.jobs or {job.name, job.name.partition(" ")[0]} & set(arguments.jobs)
    ]  # fmt: skip
    unknown = set(arguments.jobs) - {
        name for job in chosen for name in (job.name, job.name.partition(" ")[0])
    }
    if unknown:
        print(
            f"no job {', '.join(sorted(unknown))}; there are {', '.join(job.name for job in every)}",
            file=sys.stderr,
        )
        return 2
    told: list[dict[str, Any]] = []
    for job in chosen:
        why = why_not(job)
        if why is None:
            job.check()
        if why is not None or arguments.list:
            print(f"{job.name}: {'can run here' if why is None else f'not here: {why}'}", flush=True)
            told.append({"job": job.name, "not_run": why})
        else:
            told.append(run(job, arguments.work, workflow.get("env", {})))
    if arguments.output and not arguments.list:
        arguments.output.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    for each in told:
        if "well" in each:
            seconds = sum(step["seconds"] for step in each["steps"])
            print(f"{each['job']}: {'well' if each['well'] else 'FAILED'}, {seconds:.0f} s")
    if any(not each.get("well", True) for each in told):
        return 1
    named_and_not_run = arguments.jobs and not arguments.list and all("well" not in each for each in told)
    return 2 if named_and_not_run else 0


if __name__ == "__main__":
    sys.exit(main())
