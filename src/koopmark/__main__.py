"""The command line as `python -m koopmark`."""

from koopmark.cli import main

if __name__ == "__main__":
    main()
