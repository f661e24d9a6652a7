"""The command line: subcommands that parse and call, and the processes they start."""
