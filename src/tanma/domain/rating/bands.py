"""From a quotient of posted integers to its band, exactly.

No quotient is formed: `numerator ÷ denominator ≤ cut` is asked as a comparison of integer
products, so a value exactly on a cut-off falls on the side that the scheme states.
"""

from __future__ import annotations

from collections.abc import Sequence

from tanma.domain.numbers import ratio_at_most
from tanma.domain.rating.scheme import Band, Scheme


def within(numerator: int, denominator: int, band: Band) -> bool:
    """Whether numerator ÷ denominator lies at or below the upper end of a band."""
    if band.upper is None:
        return True
    cut = band.upper.as_integer_ratio()
    if band.inclusive:
        return ratio_at_most(numerator, denominator, cut)
    return numerator * cut[1] < cut[0] * denominator


def band_of(numerator: int, denominator: int, bands: Sequence[Band]) -> Band:
    """The first band, from best to worst, that holds a quotient with positive denominator."""
    return next(band for band in bands if within(numerator, denominator, band))


def level_of(
    numerator: int, denominator: int, scheme: Scheme, scales: tuple[int, int] | None = None
) -> Band:
    """The level band of the intensity L.

    numerator, denominator: posted counts, of 10^-scale units of the scheme each (the scheme's own
    scales unless given); the denominator is positive.
    """
    numerator_scale, denominator_scale = scales or posted_scales(scheme)
    return band_of(
        numerator * 10**denominator_scale, denominator * 10**numerator_scale, scheme.intensity.bands
    )


def grade_of(
    numerator: int, denominator: int, sum_numerator: int, sum_denominator: int, scheme: Scheme
) -> int:
    """The grade (1 is best) of K = (numerator ÷ denominator) ÷ (Σ numerator ÷ Σ denominator).

    The sums and the denominator are positive; K does not depend on the scales.
    """
    band = band_of(numerator * sum_denominator, denominator * sum_numerator, scheme.ratio.bands)
    return 1 + scheme.ratio.bands.index(band)


def neutrality_band(offset: int, gross: int, scheme: Scheme) -> Band | None:
    """The mark of the rate offset ÷ gross; None without a rule or without gross emissions."""
    if scheme.neutrality is None or gross <= 0:
        return None
    return band_of(offset, gross, scheme.neutrality.bands)


def posted_scales(scheme: Scheme) -> tuple[int, int]:
    return scheme.numerator.scale, scheme.denominator.scale
