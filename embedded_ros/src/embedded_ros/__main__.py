"""``python -m embedded_ros``: the command line tools."""

from __future__ import annotations

import sys

from embedded_ros.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
