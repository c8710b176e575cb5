"""``python -m ztctl``."""

from ztctl.cli.main import main

if __name__ == "__main__":
    main()
