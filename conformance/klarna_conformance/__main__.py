"""`python -m klarna_conformance`: the command line."""

from klarna_conformance.cli.main import main

if __name__ == "__main__":
    main()
