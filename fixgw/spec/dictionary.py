"""Where the venue's FIX data dictionary lies: FIX44.xml, made by tools/make_dictionary.py."""

from pathlib import Path
from typing import Final

PATH: Final = Path(__file__).resolve().with_name("FIX44.xml")
