"""`python -m livedash`."""

from livedash.cli import main

main()
