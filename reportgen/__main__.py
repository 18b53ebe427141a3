"""`python -m reportgen` is the same program as `reportgen`."""

from reportgen.program import main

if __name__ == "__main__":
    main()
