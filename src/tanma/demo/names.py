"""Invented names and well-formed codes that no registry ever issued.

Place names pair rare characters; every enterprise carries an invented place, so none can be real.
Credit codes carry the region segment 99, which GB/T 2260 does not allocate.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

PROVINCE_CODE = 990000
PROVINCE_NAME = "演示省"
CITY_NAMES = (
    "栖澜",
    "砚霁",
    "岫川",
    "璟浦",
    "芷汀",
    "翎渚",
    "珩陂",
    "槿墟",
    "琅坞",
    "霭洲",
    "沁埠",
)
CITY_COUNTIES = ("望澜区", "澜东区", "霁溪县", "青砚县", "槿岫县")
NEW_AREA = "栖湾新区"
_COUNTY_A = "霁砚岫芷槿琅鸢萤沁樨翎珩璟霭"
_COUNTY_B = "浦汀渚陂埠坞墟洲岑"
_TOWN_A = (
    "霁砚岫芷槿琅鸢萤沁樨翎珩璟霭栖澜漪湉翊蘅苓荇芮茉菀薇"
    "葭蓼藜桠椿栎槠楸沄泓湜滢漱潆澹濂嵘峤岚麓鹤鸾鹂鹭雁翡"
)
_TOWN_B = "溪渚汀墩坞埠陂塘川洲浦垟岙荡漾桥岭墟堰沥"
_BRAND_A = (
    "霁砚岫芷槿琅鸢萤沁樨翎珩璟霭栖漪翊蘅苓荇珂珞琮琬瑄瑢玥珣"
    "骁骞骐昱昶晟曜煜烨炅焱垚堃鑫淼沄泓湜滢澹濂嵘峤鹤鸾皓皎睿"
)
_BRAND_B = (
    "澜川屿舟帆禾穗棠楠梓桦松柏岩磊峦峥巍恺悦怡恬恂航翔羽翼腾驰策衡权正诚信达通汇融畅启拓展卓越领"
)
TOWN_KINDS = ("街道", "镇", "镇", "乡")
PARK_KINDS = ("经济开发区", "高新产业园", "绿色智造园", "循环经济园", "智能装备园", "新材料产业园")

CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT_WEIGHTS = np.array([1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28])
_ORGANISATION_WEIGHTS = np.array([3, 7, 9, 10, 5, 8, 4, 2])
_LETTERS = np.frombuffer(CREDIT_ALPHABET.encode(), dtype="S1")


def _pairs(first: str, second: str, count: int, rng: np.random.Generator) -> list[str]:
    """So many different pairs of one character of each, in random order."""
    chosen = rng.permutation(len(first) * len(second))[:count]
    return [first[i // len(second)] + second[i % len(second)] for i in chosen]


def city_names(count: int) -> list[str]:
    return [f"{name}市" for name in CITY_NAMES[:count]]


def county_names(count: int, rng: np.random.Generator) -> list[str]:
    """The five of the demo city first, then pairs with the kind 区 or 县."""
    if count <= len(CITY_COUNTIES):
        return list(CITY_COUNTIES[:count])
    pairs = _pairs(_COUNTY_A, _COUNTY_B, count - len(CITY_COUNTIES), rng)
    return [*CITY_COUNTIES, *(f"{p}{'区' if i % 3 == 0 else '县'}" for i, p in enumerate(pairs))]


def township_names(count: int, rng: np.random.Generator) -> list[str]:
    """Names end with a kind; about a third are streets, as in a county with a town centre."""
    if count > len(_TOWN_A) * len(_TOWN_B):
        raise ValueError(f"{count} townships asked, {len(_TOWN_A) * len(_TOWN_B)} names exist")
    pairs = _pairs(_TOWN_A, _TOWN_B, count, rng)
    kinds = rng.choice(len(TOWN_KINDS), size=count, p=(0.34, 0.3, 0.21, 0.15))
    return [name + TOWN_KINDS[kind] for name, kind in zip(pairs, kinds, strict=True)]


def enterprise_names(
    places: list[str], place_of: NDArray[np.int64], trades: list[str], rng: np.random.Generator
) -> list[str]:
    """Place + brand + trade + form; a brand is used once within a place, so names are unique."""
    space = len(_BRAND_A) * len(_BRAND_B)
    names = [""] * len(trades)
    for place, text in enumerate(places):
        members = np.flatnonzero(place_of == place)
        if len(members) > space:
            raise ValueError(f"{text}: {len(members)} enterprises asked, {space} brands exist")
        brands = _pairs(_BRAND_A, _BRAND_B, len(members), rng)
        for firm, brand in zip(members, brands, strict=True):
            names[firm] = f"{text}{brand}{trades[firm]}有限公司"
    return names


def credit_codes(regions: NDArray[np.int64], rng: np.random.Generator) -> list[str]:
    """Unique 18-character codes of the given six-digit regions with both check characters.

    Weights and alphabet follow GB 32100-2015 and GB 11714, recalled; python-stdnum agrees.
    """
    count = len(regions)
    # Organisation numbers step through a random permutation, so no two are equal.
    serial = rng.permutation(count) + int(rng.integers(10_000_000, 20_000_000))
    digits = np.zeros((count, 18), dtype=np.int64)
    digits[:, 0], digits[:, 1] = 9, 1
    for place in range(6):
        digits[:, 2 + place] = regions // 10 ** (5 - place) % 10
    for place in range(8):
        digits[:, 8 + place] = serial // 10 ** (7 - place) % 10
    rest = (11 - digits[:, 8:16] @ _ORGANISATION_WEIGHTS % 11) % 11
    digits[:, 16] = np.where(rest == 10, CREDIT_ALPHABET.index("X"), rest)
    digits[:, 17] = (31 - digits[:, :17] @ _CREDIT_WEIGHTS % 31) % 31
    return [row.tobytes().decode() for row in _LETTERS[digits]]


def wrong_check_character(code: str) -> str:
    """The code with another last character: well formed, never valid."""
    return code[:-1] + CREDIT_ALPHABET[(CREDIT_ALPHABET.index(code[-1]) + 7) % 31]
