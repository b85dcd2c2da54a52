"""Reads inputs.toml into the registry of inputs; every family imports this first."""

from __future__ import annotations

import tomllib
from importlib import resources

from tanma.domain.quantities import Input, Ratio, declare

CO2_PER_C = Ratio(44, 12, unit="tCO2/tC")
KWH_PER_MWH = Ratio(1000, unit="kWh/MWh")
MJ_PER_GJ = Ratio(1000, unit="MJ/GJ")
KG_PER_T = Ratio(1000, unit="kg/t")
MG_PER_T = Ratio(10**9, unit="mgCO2/tCO2")
GCE_PER_TCE = Ratio(10**6, unit="gce/tce")
YUAN_PER_10K = Ratio(10**4, unit="yuan/(10^4 yuan)")


def _declare_all() -> None:
    text = resources.files(__package__).joinpath("inputs.toml").read_text(encoding="utf-8")
    for name, row in tomllib.loads(text).items():
        declare(
            Input(
                id=name,
                kind=row["kind"],
                unit=row["unit"],
                symbol=row["symbol"],
                name_zh=row["zh"],
                name_en=row["en"],
                low=float(row["low"]),
                high=float(row["high"]),
            )
        )


_declare_all()
