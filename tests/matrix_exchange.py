"""Run hma-matrix's own exchange, which hashes what a homeserver quarantined, with our signal types.

    python tests/matrix_exchange.py CHECKOUT

CHECKOUT is a checkout of github.com/matrix-org/hma-matrix. A stand-in for Synapse's admin API on this machine names
media: pictures, one that is gone, one that is encrypted, one that is cut. Each picture must come out as our hash, and
none of the others may end the fetch. Prints what passed; exits with 1 when something did not.
"""

from __future__ import annotations

import http.server
import json
import os
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

import safehash
from safehash.integrations.threatexchange import PdqSignal, PhashSignal
from stores import write_pictures

TOKEN = "syt_not_a_real_token"


class Synapse(http.server.BaseHTTPRequestHandler):
    """What the exchange asks of a homeserver."""

    media: ClassVar[dict[str, bytes]] = {}

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if self.headers["Authorization"] != f"Bearer {TOKEN}":
            self._say(401, b"")
        elif path == "/_synapse/admin/v1/media/quarantine_changes":
            changes = [
                {"origin": "here.example", "media_id": name, "quarantined": True}
                for name in [*self.media, "gone"]
            ]
            changes.append(
                {"origin": "here.example", "media_id": next(iter(self.media)), "quarantined": False}
            )
            self._say(200, json.dumps({"changes": changes, "next_batch": 7}).encode())
        else:
            data = self.media.get(path.rpartition("/")[2])
            self._say(404 if data is None else 200, data or b"")

    def _say(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def main(checkout: Path) -> int:
    """Run it, and say what came of it."""
    if not (checkout / "matrix_exchanges" / "synapse_quarantined.py").is_file():
        sys.exit(f"{checkout}: no checkout of hma-matrix: it has no matrix_exchanges/synapse_quarantined.py")
    sys.path.insert(0, str(checkout))
    from matrix_exchanges import synapse_quarantined as theirs  # type: ignore[import-not-found]

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Synapse)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as folder:
        pictures = write_pictures(Path(folder) / "pictures", 3)
        Synapse.media = {path.stem: path.read_bytes() for path in pictures}
        Synapse.media |= {"encrypted": os.urandom(4000), "cut": pictures[0].read_bytes()[:60], "empty": b""}
        hashes = {
            (
                kind.get_name(),
                safehash.hash_file(path, algorithm=kind.get_name()).hex,
            ): f"mxc://here.example/{path.stem}"
            for path in pictures
            for kind in (PdqSignal, PhashSignal)
        }
    collab = theirs.SynapseQuarantinedCollabConfig(
        name="here", admin_api_url=f"http://127.0.0.1:{server.server_port}"
    )
    exchange = theirs.SynapseQuarantinedExchangeAPI(collab, TOKEN)
    found: Any = None
    try:
        (found,) = exchange.fetch_iter([PdqSignal, PhashSignal], None)
    finally:
        server.shutdown()
        server.server_close()
    said = {
        "every picture is hashed, and what is none ends nothing": {
            key: record.mxc_uri for key, record in found.updates.items()
        }
        == hashes,
        "the next fetch goes on where this one ended": found.checkpoint.from_id == 7,
    }
    for name, well in said.items():
        print(f"{name}: {'yes' if well else 'NO'}")
    return 0 if all(said.values()) else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
