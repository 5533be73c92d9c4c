#!/usr/bin/env python3
"""Collects the licence notices of everything in the program into `crates/wordspace/licences.json`, which `wordspace licences` prints,
and those of the page that trains into `crates/serve/page/wasm/licences.txt`, which that page carries.

    python scripts/licences.py            writes the files
    python scripts/licences.py --check    fails if one is not up to date

Covers the crates that the default build links on any platform, those in the page's WebAssembly, from `cargo tree` and `cargo metadata`, and what comes inside them: the
page's JavaScript, mimalloc, the font of PNG pictures, GPT-2's vocabulary, Rust's standard library. Of alternative licences ("MIT OR
Apache-2.0") the simplest is taken. Equal texts are stored once; copyright lines are kept for each crate. Needs only the standard
library, and the network if cargo has not downloaded the crates of other platforms yet.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "crates/wordspace/licences.json"
PAGE = ROOT / "crates/serve/page/wasm/licences.txt"

# The simplest licences first.
PREFERENCE = ["MIT", "ISC", "Zlib", "BSD-2-Clause", "BSD-3-Clause", "Unicode-3.0", "BSL-1.0", "Apache-2.0", "MPL-2.0",
              "Apache-2.0 WITH LLVM-exception", "OFL-1.1", "Ubuntu-font-1.0", "0BSD", "Unlicense", "CC0-1.0", "MIT-0", "LGPL-2.1-or-later"]

# What the text of each licence says, and no other.
PHRASES = {
    "MIT": ["permission is hereby granted, free of charge, to any person obtaining a copy of this software"],
    "Apache-2.0": ["apache license", "version 2.0, january 2004", "terms and conditions"],
    "Apache-2.0 WITH LLVM-exception": ["apache license", "llvm exceptions"],
    "BSD-3-Clause": ["redistribution and use in source and binary forms", "neither the name"],
    "BSD-2-Clause": ["redistribution and use in source and binary forms"],
    "ISC": ["permission to use, copy, modify, and/or distribute", "appear in all copies"],
    "Zlib": ["as-is", "altered source versions must be plainly marked"],
    "MPL-2.0": ["mozilla public license", "2.0"],
    "BSL-1.0": ["boost software license"],
    "Unicode-3.0": ["unicode license v3"],
    "Unlicense": ["this is free and unencumbered software"],
    "OFL-1.1": ["sil open font license"],
    "Ubuntu-font-1.0": ["ubuntu font licence", "version 1.0"],
}
LICENCE_FILE = re.compile(r"(licen[sc]e|copying|unlicense|notice|copyright)", re.IGNORECASE)
COPYRIGHT = re.compile(r"\W*(copyright\s*(\(c\)|©|\d{4}|by\b|the\b)|©|\(c\)\s*\d{4})", re.IGNORECASE)

# Crates with parts under licences of their own: name, licence file, licence, and the copyright line where the file has none.
PARTS = {
    "epaint_default_fonts": [("Ubuntu Light", "fonts/UFL.txt", "Ubuntu-font-1.0", "Copyright 2011 Canonical Ltd.")],
    "libmimalloc-sys": [("mimalloc", "c_src/mimalloc/v3/LICENSE", "MIT", "")],
    "regex-syntax": [("Unicode tables of regex-syntax", "src/unicode_tables/LICENSE-UNICODE", "Unicode-DFS-2016", "")],
}
# Licences of a crate that belong to parts of it which the program does not have.
ABSENT = {"epaint_default_fonts": {"OFL-1.1", "Ubuntu-font-1.0"}}

GPT2 = """We don't claim ownership of the content you create with GPT-2, so it is yours to do with as you please. We only ask that you use
GPT-2 responsibly and clearly indicate your content was created using GPT-2.

{grant}

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.
The above copyright notice and this permission notice need not be included with content created by the Software.

{warranty}"""


def output(*command: str) -> str:
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def linked(package: str, target: str) -> set[tuple[str, str]]:
    """Name and version of every crate that a build of `package` links; not build scripts, macros and tests."""
    lines = output("cargo", "tree", "--locked", "-p", package, "-e", "normal,no-proc-macro", "--target", target,
                   "--prefix", "none", "--format", "{p}").splitlines()
    return {(name, version.lstrip("v")) for name, version, *_ in map(str.split, lines)}


def alternatives(expression: str) -> list[frozenset[str]]:
    """The sets of licences that satisfy an SPDX expression."""
    tokens = re.findall(r"\(|\)|[^\s()]+", expression.replace("/", " OR "))

    def either() -> list[frozenset[str]]:
        found = both()
        while tokens and tokens[0] == "OR":
            tokens.pop(0)
            found = found + both()
        return found

    def both() -> list[frozenset[str]]:
        found = one()
        while tokens and tokens[0] == "AND":
            tokens.pop(0)
            others = one()
            found = [left | right for left in found for right in others]
        return found

    def one() -> list[frozenset[str]]:
        token = tokens.pop(0)
        if token == "(":
            found = either()
            tokens.pop(0)
            return found
        if tokens and tokens[0] == "WITH":
            tokens.pop(0)
            token = f"{token} WITH {tokens.pop(0)}"
        return [frozenset([token])]

    return either()


def says(text: str, licence: str) -> bool:
    plain = " ".join(text.lower().split())
    return all(phrase in plain for phrase in PHRASES.get(licence, ["\0"]))


def split(text: str, licence: str) -> tuple[list[str], str]:
    """The copyright lines of a licence file, and the text that others share."""
    lines = text.replace("\r", "").replace("\f", "").splitlines()
    if licence.startswith("Apache"):
        # Copyright lines are in the appendix, and its own template is not one.
        end = next((at for at, line in enumerate(lines) if "END OF TERMS AND CONDITIONS" in line), len(lines) - 1)
        notices = [line for line in lines[end + 1:] if COPYRIGHT.match(line) and not re.search(r"[\[{]yyyy|name of copy", line)]
        exception = [] if "LLVM" not in licence else lines[end + 1:]
        return clean(notices), "\n".join(lines[:end + 1] + exception).strip("\n")
    notices = [line for line in lines if COPYRIGHT.match(line)]
    body = "\n".join(line.rstrip() for line in lines if not COPYRIGHT.match(line))
    if licence == "MIT":
        body = body[body.lower().index("permission is hereby granted"):]
    return clean(notices), re.sub(r"\n{3,}", "\n\n", body).strip("\n")


def clean(lines: list[str]) -> list[str]:
    """Each line once, without the marks of comments and headings around it."""
    return list(dict.fromkeys(line.strip(" \t*#-") for line in lines))


class Notices:
    """Entries of packages, and the texts that they share."""

    def __init__(self) -> None:
        self.packages: list[dict] = []
        self.texts: dict[str, str] = {}
        self.names: dict[str, str] = {}

    def name_of(self, licence: str, text: str) -> str:
        """The name that equal texts have in common; spaces, case and quotes make no difference."""
        key = licence + re.sub(r"[^a-z0-9]", "", text.lower())
        if key not in self.names:
            count = sum(name.split("#")[0] == licence for name in self.texts)
            self.names[key] = licence if count == 0 else f"{licence}#{count + 1}"
            self.texts[self.names[key]] = text
        return self.names[key]

    def add(self, name: str, version: str, licence: str, source: str, texts: list[tuple[str, list[str], str]]) -> None:
        copyright = list(dict.fromkeys(line for _, notices, _ in texts for line in notices))
        names = [self.name_of(kind, text) for kind, _, text in texts]
        self.packages.append({"name": name, "version": version, "licence": licence, "source": source,
                              "copyright": copyright, "texts": names})


def collected(wanted: set[tuple[str, str]]) -> dict:
    """The notices of the crates `wanted` and of what comes inside them."""
    metadata = json.loads(output("cargo", "metadata", "--locked", "--format-version", "1"))
    packages = [package for package in metadata["packages"] if (package["name"], package["version"]) in wanted]
    packages = [package for package in packages if not package["name"].startswith("wordspace")]
    packages.sort(key=lambda package: (package["name"], package["version"]))
    own = split((ROOT / "LICENSE").read_text(), "MIT")
    found, notices = {}, Notices()
    notices.add("wordspace", "", "MIT", "", [("MIT", *own)])
    # A licence without a file in its package takes the text of another package.
    standard = {"MIT": own[1]}
    for package in packages:
        folder = Path(package["manifest_path"]).parent
        files = sorted(path for path in folder.iterdir() if path.is_file() and LICENCE_FILE.match(path.name))
        texts = [path.read_text(errors="replace") for path in files]
        kinds = {kind: split(text, kind) for kind in PHRASES for text in reversed(texts) if says(text, kind)}
        if "BSD-3-Clause" in kinds:
            kinds.pop("BSD-2-Clause")
        found[package["id"]] = kinds
        for kind, (_, body) in kinds.items():
            standard.setdefault(kind, body)
    for package in packages:
        kinds = found[package["id"]]
        add_package(notices, package, kinds, standard)
    others(notices, packages, own[1])
    return {"packages": notices.packages, "texts": notices.texts}


def add_package(notices: Notices, package: dict, kinds: dict, standard: dict[str, str]) -> None:
    name = package["name"]
    choices = [choice - ABSENT.get(name, set()) for choice in alternatives(package["license"])]
    cost = lambda choice: sum(PREFERENCE.index(kind) + 20 * (kind not in kinds) for kind in choice)
    choice = min(choices, key=cost)
    texts = []
    for kind in sorted(choice):
        authors = ", ".join(re.sub(r"\s*<.*?>", "", author) for author in package["authors"])
        lines, text = kinds.get(kind) or ([], standard[kind])
        texts.append((kind, lines or [f"Copyright (c) {authors or f'the {name} developers'}"], text))
    notices.add(name, package["version"], package["license"], package["repository"] or "", texts)


def others(notices: Notices, packages: list[dict], mit: str) -> None:
    """What is in the program and is no crate."""
    for package in packages:
        for name, file, licence, line in PARTS.get(package["name"], []):
            lines, text = split((Path(package["manifest_path"]).parent / file).read_text(errors="replace"), licence)
            notices.add(name, "", licence, package["repository"] or "", [(licence, lines or [line], text)])
    page = (ROOT / "crates/serve/page/dist/licences.md").read_text()
    for section in page.split("\n## ")[1:]:
        head, text = section.split("\n", 1)
        name, version, licence = re.fullmatch(r"(\S+) - (\S+) \((.+)\)", head).groups()
        notices.add(name, version, licence, "", [(licence, *split(text, licence))])
    grant, _, warranty = mit.split("\n\n")
    if any(package["name"] == "tiktoken-rs" for package in packages):
        gpt2 = GPT2.format(grant=grant, warranty=warranty)
        notices.add("GPT-2's vocabulary", "", "Modified MIT", "https://github.com/openai/gpt-2",
                    [("Modified MIT", ["Software Copyright (c) 2019 OpenAI"], gpt2)])
    notices.add("Rust's standard library", "", "MIT OR Apache-2.0", "https://github.com/rust-lang/rust",
                [("MIT", ["Copyright (c) The Rust Project Contributors"], mit)])


def written(notices: dict) -> str:
    """One line per package and text, so that changes can be read."""
    lines = lambda items: ",\n".join(items)
    packages = lines(json.dumps(package, ensure_ascii=False) for package in notices["packages"])
    texts = lines(f"{json.dumps(name)}: {json.dumps(text, ensure_ascii=False)}" for name, text in notices["texts"].items())
    return f'{{"packages": [\n{packages}\n],\n"texts": {{\n{texts}\n}}}}\n'


def to_read(notices: dict) -> str:
    """Each text once, after the names and copyright lines of what it is for."""
    parts = []
    for name, text in notices["texts"].items():
        using = [package for package in notices["packages"] if name in package["texts"]]
        heads = [" ".join(filter(None, [package["name"], package["version"]])) + "".join(f"\n  {line}" for line in package["copyright"])
                 for package in using]
        parts.append("\n".join(heads) + f"\n\n{text}\n")
    return f"\n{'-' * 72}\n\n".join(parts)


def main() -> None:
    program, page = linked("wordspace", "all") | linked("wordspace-python", "all"), linked("wordspace-playground", "wasm32-unknown-unknown")
    new = {FILE: written(collected(program | page)), PAGE: to_read(collected(page))}
    for file, text in new.items():
        if "--check" not in sys.argv[1:]:
            file.write_text(text)
        elif not file.exists() or file.read_text() != text:
            sys.exit(f"{file.relative_to(ROOT)} is not up to date; run: python scripts/licences.py")


if __name__ == "__main__":
    main()
