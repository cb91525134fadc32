"""The subcommands of `kho`, each loaded when it is called."""
