"""``python -m campaign_magics.sandbox``: the server as a process of its own."""

import sys

from .server import run_sandbox

if __name__ == "__main__":
    sys.exit(run_sandbox(sys.argv[1:]))
