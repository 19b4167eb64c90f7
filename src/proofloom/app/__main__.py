"""`python -m proofloom.app` is `proofloom`."""

from proofloom.app.cli import main

if __name__ == "__main__":
    main()
