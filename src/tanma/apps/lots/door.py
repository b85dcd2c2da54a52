"""Lots: production batches, and what each of them used and emitted.

A batch is stated by the sheet `batches`; its energy is what its meters counted between its start
and its end. `figures` computes it from readings as known at a time; nothing of it is stored.
"""

from tanma.apps.lots.figures import Figure, figures
from tanma.apps.lots.models import Lot

__all__ = ["Figure", "Lot", "figures"]
