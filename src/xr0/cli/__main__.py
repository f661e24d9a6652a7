"""`python -m xr0.cli`: the command line where no script is installed, as torchrun starts it."""

from xr0.cli.main import main

if __name__ == "__main__":
    main()
