"""Rating: schemes as data, exact bands, and the population an enterprise is compared with."""

from tanma.domain.rating.bands import grade_of, level_of, neutrality_band
from tanma.domain.rating.loader import find, load_folder, parse_scheme, shipped
from tanma.domain.rating.scheme import Scheme

__all__ = [
    "Scheme",
    "find",
    "grade_of",
    "level_of",
    "load_folder",
    "neutrality_band",
    "parse_scheme",
    "shipped",
]
