"""Synthetic students: the functions behind ``python -m generator`` and ``data_generator.ipynb``."""

from generator.destination import DestinationError
from generator.options import OptionError, Options
from generator.run import Summary, generate, steps

__all__ = ["DestinationError", "OptionError", "Options", "Summary", "generate", "steps"]
