#!/usr/bin/env python3
"""Prints the package's copyright file (DEP-5): this program, every crate that is linked into it, every module that its page
is made of, and their licences.

usage: copyright.py TARGET MAINTAINER

What is linked in and under what terms is what cargo and npm say; whose it is, is what the crates' own licence files say. One
whose terms can't be told, or whose licence has no text in any of them, is an error."""

import json
import os
import pathlib
import re
import subprocess
import sys

# In the order in which one is chosen where a crate leaves the choice.
COMMON = {"Apache-2.0": "Apache-2.0", "CC0-1.0": "CC0-1.0"}
TEXTS = {
    "MIT": "Permission is hereby granted, free of charge",
    "MIT-0": "Permission is hereby granted, free of charge",
    "BSD-3-Clause": "Redistribution and use in source and binary forms",
    "ISC": "Permission to use, copy, modify, and",
    "Unicode-3.0": "NOTICE TO USER",
    "Zlib": "This software is provided 'as-is'",
}

# A sentence that only begins with the word goes on with a small letter.
HOLDER = re.compile(r"\W*(?:[Cc]opyright|COPYRIGHT)\b\s*(?:\([Cc]\)|©)?\s*(\d{4}.*|[A-Z].*)")
# Templates, headings, and what licences say of copyright.
NOBODY = re.compile(
    r"\[yyyy\]|\{yyyy\}|<year>|copyright (notice|owner|holder|license|law|statement|and permission)", re.I
)


def linked(target):
    """The crates that end up in the binary: build scripts, macros and tests do not."""
    tree = "tree --edges=normal,no-proc-macro --prefix=none --format={p} --target".split()
    lines = {line for line in cargo(*tree, target).splitlines() if line}
    names = {tuple(line.split()[:2]) for line in lines}
    metadata = json.loads(cargo("metadata", "--format-version=1", "--filter-platform", target))
    found = [package for package in metadata["packages"] if (package["name"], f"v{package['version']}") in names]
    return sorted((p for p in found if p["id"] not in metadata["workspace_members"]), key=lambda p: (p["name"], p["version"]))


def bundled():
    """The npm packages that the page is made of, described as cargo describes a crate."""
    web = pathlib.Path("web")
    locked = json.loads((web / "package-lock.json").read_text())["packages"]
    for path, package in sorted(locked.items()):
        if path and not any(package.get(kind) for kind in ("dev", "devOptional", "optional")):
            name = path.removeprefix("node_modules/")
            manifest = str(web / path / "package.json")
            yield {**package, "name": name, "authors": [], "manifest_path": manifest}


def cargo(*arguments):
    command = [os.environ.get("CARGO", "cargo"), *arguments, "--locked"]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def licence_files(package):
    folder = pathlib.Path(package["manifest_path"]).parent
    names = re.compile(r"licen[cs]e|copying|copyright|notice|unlicense", re.I)
    return sorted(path for path in folder.iterdir() if path.is_file() and names.match(path.name))


def holders(package):
    """The copyright lines of its licence files, else its authors, else its contributors."""
    lines = []
    for path in licence_files(package):
        for line in path.read_text(errors="replace").splitlines():
            match = HOLDER.match(line.strip())
            if match and not NOBODY.search(line):
                text = match[1].rstrip(". ")
                if text and text not in lines:
                    lines.append(text)
    return lines or package["authors"] or [f"the contributors of {package['name']}"]


def terms(package):
    """Its licence expression as DEP-5 writes it, and the licences in it."""
    expression = (package["license"] or "").replace("/", " OR ")
    if not expression:
        sys.exit(f"copyright: {package['name']} {package['version']} names no licence")
    words = re.findall(r"[A-Za-z0-9.+-]+", expression)
    if {"AND", "OR"} <= set(words):
        expression = expression.replace("(", "").replace(")", "").replace(" AND ", ", and ")
    return re.sub(r"\s+", " ", expression.replace(" OR ", " or ").replace(" AND ", " and ")), words


def paragraphs(text):
    """A text as the continuation of a field."""
    return "\n".join(f" {line.rstrip()}" if line.strip() else " ." for line in text.strip().splitlines())


def text_of(licence, packages):
    """The words of a licence, from a package that has it."""
    for package in packages:
        if licence in terms(package)[1]:
            for path in licence_files(package):
                text = path.read_text(errors="replace")
                start = text.find(TEXTS[licence])
                if start >= 0 and "Apache License" not in text:
                    return text[start:]
    sys.exit(f"copyright: no text of {licence}")


def main():
    target, maintainer = sys.argv[1:]
    packages = [*linked(target), *bundled()]
    print("Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/")
    print("Upstream-Name: keyviz-fanout")
    print("Comment: The binary is linked statically with the crates below, and has a web page inside that is made of the npm")
    print(" packages after them, each under its own terms.\n")
    print(f"Files: *\nCopyright: 2026 {maintainer}\nLicense: Apache-2.0\n")
    used = {"Apache-2.0"}
    for package in packages:
        expression, words = terms(package)
        print(f"Files: {package['name']}-{package['version']}/*")
        print("Copyright: " + "\n           ".join(holders(package)))
        print(f"License: {expression}\n")
        used |= set(words) - {"AND", "OR", "WITH"}
    for licence in sorted(used):
        if licence in COMMON:
            print(f"License: {licence}\n On Debian systems its text is in /usr/share/common-licenses/{COMMON[licence]}.\n")
        elif licence in TEXTS:
            print(f"License: {licence}\n{paragraphs(text_of(licence, packages))}\n")
        else:
            print(f"License: {licence}\n One of the terms to choose from; another of them is chosen here.\n")


main()
