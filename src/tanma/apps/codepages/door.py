"""Codepages: what a published code shows to whom, on its page, as JSON and on its certificate.

`public_code` reads what anybody may learn of a code, `public_answer` writes it as JSON;
`address_of` is the address in its QR code; `figures_alone` gives a result its figures.
"""

from tanma.apps.codepages.figures import figures_alone
from tanma.apps.codepages.public import address_of
from tanma.apps.codepages.public import answer as public_answer
from tanma.apps.codepages.public import read as public_code

__all__ = ["address_of", "figures_alone", "public_answer", "public_code"]
