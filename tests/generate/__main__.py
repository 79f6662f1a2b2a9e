"""Writes every generated file that is missing or stale, and says which."""

from __future__ import annotations

from tests.generate import ROOT, files


def main() -> None:
    for path, content in files().items():
        if path.exists() and path.read_text() == content:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        print(f"wrote {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
