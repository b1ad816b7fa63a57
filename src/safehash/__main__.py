"""``python -m safehash``: the same as the ``safehash`` command."""

import sys

try:
    from .cli import main

    code = main()
except KeyboardInterrupt:  # before the command could say so itself
    print("safehash: interrupted", file=sys.stderr)
    code = 130
sys.exit(code)
