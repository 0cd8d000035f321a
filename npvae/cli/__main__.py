"""`python -m npvae.cli` is the `npvae` command."""

import sys

from npvae.cli import main

if __name__ == "__main__":
    sys.exit(main())
