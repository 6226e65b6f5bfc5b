"""The command line `spatial-perception`: one file per command; heavy imports happen inside the commands."""
