#!/usr/bin/env python3
"""Writes src/calendars/data/holidays.tsv from the Python package `holidays` (MIT licence).

    python3 -m venv .venv && .venv/bin/pip install holidays && .venv/bin/python scripts/write-holidays.py

One line for each holiday of a country or of a part of it: region, dates, name in English where the package has it.
`0106` is a date of every year, `260403` one of 2026 alone. A line of a part (`DE-BY`) adds to its country's; one
without a name takes dates away that are holidays elsewhere in the country.
"""

import collections
import importlib.metadata
import pathlib
import re

import holidays

FIRST, LAST = 2024, 2040
YEARS = range(FIRST, LAST + 1)
TARGET = pathlib.Path(__file__).resolve().parent.parent / "src/calendars/data/holidays.tsv"


def language(country):
    known = getattr(holidays, country).supported_languages
    return next((one for one in ("en_US", "en_GB", *known) if one in known and one.startswith("en")), None)


def days(country, part=None):
    found = holidays.country_holidays(country, subdiv=part, years=YEARS, language=language(country))
    return {day: name.replace("\t", " ") for day, name in found.items() if FIRST <= day.year <= LAST}


def dates(of):
    by_day = collections.defaultdict(set)
    for day in of:
        by_day[day.strftime("%m%d")].add(day.year)
    fixed = sorted(day for day, years in by_day.items() if len(years) == len(YEARS))
    single = sorted(day.strftime("%y%m%d") for day in of if day.strftime("%m%d") not in fixed)
    return " ".join(fixed + single)


def lines(region, found, lost=()):
    by_name = collections.defaultdict(set)
    for day, name in found.items():
        by_name[name].add(day)
    rows = sorted(f"{region}\t{dates(of)}\t{name}" for name, of in by_name.items())
    return rows + ([f"{region}\t{dates(lost)}\t"] if lost else []) or [f"{region}\t\t"]


def main():
    version = importlib.metadata.version("holidays")
    text = [f"# {FIRST}-{LAST}, from the Python package holidays {version} (MIT licence), by scripts/write-holidays.py"]
    for country, parts in sorted(holidays.list_supported_countries(include_aliases=False).items()):
        if len(country) != 2:
            continue
        whole = days(country)
        text += lines(country, whole)
        # Parts by their ISO 3166-2 codes; the package also knows some cities by name.
        for part in sorted(part for part in parts if re.fullmatch("[A-Z0-9]{1,3}", part)):
            own = days(country, part)
            added = {day: name for day, name in own.items() if day not in whole}
            text += lines(f"{country}-{part}", added, set(whole) - set(own))
    TARGET.write_text("\n".join(text) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
