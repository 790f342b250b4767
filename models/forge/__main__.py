"""Lets `python models/forge COMMAND` run the forge from a checkout without installing it, as `python -m forge` does."""

import sys

from forge.__main__ import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
