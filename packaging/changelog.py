#!/usr/bin/env python3
"""Prints CHANGELOG.md as a Debian changelog: each version with its lines, the newest first.

usage: changelog.py VERSION MAINTAINER < CHANGELOG.md

A version that is not released yet has the date of $SOURCE_DATE_EPOCH. The newest has to be VERSION."""

import datetime
import email.utils
import os
import re
import sys
import textwrap

PACKAGE = "keyviz-fanout"


def versions(text):
    """Each version with its date and its items, as they stand in the file."""
    for section in re.split(r"^## ", text, flags=re.M)[1:]:
        head, _, body = section.partition("\n")
        match = re.fullmatch(r"\[([^]]+)\] - (\S+)", head.strip())
        if not match:
            sys.exit(f"changelog: '## {head}' is not '## [VERSION] - DATE'")
        version, date = match.groups()
        items = re.split(r"^- ", body, flags=re.M)[1:]
        yield version, date, [" ".join(re.sub(r"^###.*$", "", item, flags=re.M).split()) for item in items]


def stamp(date):
    """The day in the form of RFC 5322."""
    if date == "unreleased":
        moment = datetime.datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), datetime.timezone.utc)
    else:
        moment = datetime.datetime.fromisoformat(date).replace(tzinfo=datetime.timezone.utc)
    return email.utils.format_datetime(moment)


def main():
    expected, maintainer = sys.argv[1:]
    for position, (version, date, items) in enumerate(versions(sys.stdin.read())):
        if position == 0 and version != expected:
            sys.exit(f"changelog: the newest version is {version}, and Cargo.toml's is {expected}")
        print(f"{PACKAGE} ({version}) unstable; urgency=medium\n")
        for item in items:
            print(textwrap.fill(item, 78, initial_indent="  * ", subsequent_indent="    ", break_on_hyphens=False))
        print(f"\n -- {maintainer}  {stamp(date)}\n")


main()
