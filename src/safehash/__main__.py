"""``python -m safehash``: the same as the ``safehash`` command."""

import sys

from .cli import main

sys.exit(main())
