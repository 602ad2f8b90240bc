"""What plait's public headers declare: read by tools/exports and by the checks in tests/house.

A declaration is what begins with PLAIT_API and ends with a semicolon; its name begins with plait_. In a header under
src/ PLAIT_API means: exported for our own other libraries (libplait-http, libplait-value) and for nobody else.
"""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent
INCLUDE = ROOT / "include"
OWNERS = {"plait/http.h": "libplait-http", "plait/value.h": "libplait-value"}  # the others are libplait's


def public_headers():
    """All public headers as paths below include/, sorted."""
    return sorted(str(path.relative_to(INCLUDE)) for path in INCLUDE.rglob("*.h"))


def blank_comments(text):
    """The text with every comment replaced by spaces, line ends kept."""

    def blank(match):
        return re.sub(r"[^\n]", " ", match.group()) if match.group()[0] == "/" else match.group()

    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', blank, text, flags=re.DOTALL)


def declarations(header, below=INCLUDE):
    """The declarations of one header: (name, number of its first line) in order."""
    code = blank_comments((below / header).read_text())
    # Directives go, with the lines that continue them.
    code = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda m: re.sub(r"[^\n]", " ", m.group()), code, flags=re.MULTILINE)
    found = []
    for match in re.finditer(r"\bPLAIT_API\b([^;]*);", code):
        line = code.count("\n", 0, match.start()) + 1
        name = re.search(r"\b(plait_\w+)\s*(?:\(|\[|$)", match.group(1).strip())
        if not name:
            raise SystemExit(f"{(below / header).relative_to(ROOT)}:{line}: no name that begins with plait_ after PLAIT_API")
        found.append((name.group(1), line))
    return found


def private_exports():
    """The sorted names that libplait exports for our own other libraries."""
    headers = (ROOT / "src").rglob("*.h")
    return sorted({name for header in headers for name, _ in declarations(header.relative_to(ROOT), ROOT)})


def exports(library):
    """The sorted names that a library exports, by its headers."""
    headers = [header for header in public_headers() if OWNERS.get(header, "libplait") == library]
    names = [name for header in headers for name, _ in declarations(header)]
    return sorted(set(names))
