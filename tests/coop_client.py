"""Run Coop's own HMA client against a service: what it asks is answered in the shapes it reads.

    python tests/coop_client.py CHECKOUT [FOLDER]

CHECKOUT is a checkout of github.com/roostorg/coop. Its client is bundled by esbuild (npm) in FOLDER, build/coop
otherwise; its networking and its database are stood in for (tests/coop_client.mjs), and nothing of theirs is kept.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import safehash
from services import Running
from stores import write_list, write_pictures

#: What esbuild puts in the place of what the client imports and does not need here.
STANDS_IN = {
    "iocContainer/utils.js": "export const inject = (names, what) => what;",
    "undici": "export const FormData = globalThis.FormData;",
    "utils/encoding.js": "export const jsonStringify = JSON.stringify; export const jsonParse = JSON.parse;",
}
_BUNDLE = """
import { build } from 'esbuild';
const [source, outfile, given] = process.argv.slice(2);
const standsIn = JSON.parse(given);
const nameOf = (path) => Object.keys(standsIn).find((name) => path === name || path.endsWith('/' + name));
await build({
  entryPoints: [source], outfile, bundle: true, format: 'esm', platform: 'node', logLevel: 'warning',
  plugins: [{ name: 'stands-in', setup(on) {
    on.onResolve({ filter: /.*/ }, ({ path }) => nameOf(path) && { path: nameOf(path), namespace: 'stands-in' });
    on.onLoad({ filter: /.*/, namespace: 'stands-in' }, ({ path }) => ({ contents: standsIn[path], loader: 'js' }));
  } }],
});
"""

#: What it makes of our answers.
MATCHED = {"matched": True, "matchedBanks": ["COOP_ORG1_SELF_HARM", "COOP_ORG1_PARTNER"]}
NOTHING = {"matched": False, "matchedBanks": []}
#: And of our refusals: banks are files, and pictures are not fetched unless told.
REFUSED = ("byUrl", "create", "exchangeCreate", "credentials", "content")


def bundle(checkout: Path, folder: Path) -> Path:
    """Return the client as one file that node runs."""
    source = checkout / "server" / "services" / "hmaService" / "index.ts"
    if not source.is_file():
        sys.exit(f"{checkout}: no checkout of Coop: it has no {source.relative_to(checkout)}")
    folder.mkdir(parents=True, exist_ok=True)
    install = ["npm", "install", "--silent", "--no-save", "--prefix", str(folder), "esbuild@0.25"]
    subprocess.run(install, check=True)
    script, made = folder / "bundle.mjs", folder / "client.mjs"
    script.write_text(_BUNDLE, encoding="utf-8")
    subprocess.run(["node", script, source, made, json.dumps(STANDS_IN)], check=True)
    return made


def main(checkout: Path, folder: Path) -> int:
    """Run it, and say what came of it."""
    client = bundle(checkout.resolve(), folder.resolve())
    with tempfile.TemporaryDirectory() as temporary:
        here = Path(temporary)
        listed, other = write_pictures(here / "pictures", 2)
        lists = [write_list(here / f"{name}.csv", listed) for name in ("one", "two")]
        names = [
            f"COOP_ORG1_SELF_HARM={lists[0]}",
            "--list",
            f"COOP_ORG1_PARTNER={lists[1]}",
            "--no-last-good",
        ]
        with Running("--list", *names) as service:
            done = subprocess.run(
                ["node", Path(__file__).with_suffix(".mjs"), client, safehash.hash_file(listed).hex,
                 safehash.hash_file(other).hex, "https://pictures.example/1.jpg"],
                env={**os.environ, "HMA_SERVICE_URL": f"http://127.0.0.1:{service.port}/"},
                capture_output=True, check=True, text=True,
            )  # fmt: skip
    found = json.loads(done.stdout)
    failed = [
        name
        for name, right in {
            "match": found["match"] == MATCHED,
            "far": found["far"] == NOTHING,
            "lookup": found["lookup"]["COOP_ORG1_PARTNER"][0]["distance"] == "0",
            "list": found["list"] == ["COOP_ORG1_SELF_HARM"],
            "exchange": found["exchange"] is None,
            "apis": found["apis"] == [],
            "schema": found["schema"] == ["config_schema", "credentials_schema"],
            **{name: str(found[name]).startswith("Error: Failed") for name in REFUSED},
        }.items()
        if not right
    ]
    print("\n".join(found["asked"]))
    print(f"{12 - len(failed)} passed, {len(failed)} failed: {failed or 'none'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2] if len(sys.argv) > 2 else "build/coop")))
