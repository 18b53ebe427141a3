"""`python -m tools.contract_docs`: docs/schema/*.json and the tables of docs/json-contract.md, from the keys."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from reportgen.render.data.schemas import NAMES, published_schema

DOCS = Path(__file__).resolve().parents[1] / "docs"


def files() -> dict[Path, str]:
    """The text of each file that is made, by its path."""
    made = {
        DOCS / "schema" / f"{name}.schema.json": json.dumps(published_schema(name), ensure_ascii=False, indent=1) + "\n"
        for name in NAMES
    }
    page = DOCS / "json-contract.md"
    text = page.read_text(encoding="utf-8")
    for name in NAMES:
        begin, end = f"<!-- {name}: made by tools.contract_docs -->", f"<!-- end of {name} -->"
        before, _, rest = text.partition(begin)
        text = f"{before}{begin}\n\n{_table(name)}\n{end}{rest.partition(end)[2]}"
    return {**made, page: text}


def _table(name: str) -> str:
    schema = published_schema(name)
    top = next((part for part in schema.get("anyOf", ()) if "properties" in part), schema)
    rows = "".join(
        f"| `{place}` | {kind} | {about} |\n" for place, kind, about in _rows(top, schema.get("$defs", {}), "")
    )
    return f"| key | type | meaning |\n|---|---|---|\n{rows}"


def _rows(schema: dict[str, Any], defs: dict[str, Any], at: str) -> Iterator[tuple[str, str, str]]:
    for key, found in schema["properties"].items():
        about = found.get("description") or _resolved(found, defs)["description"]
        yield f"{at}{key}", _kind(found, defs), " ".join(about.split()).replace("|", "\\|")
        inner, suffix = _object(found, defs)
        if inner:
            yield from _rows(inner, defs, f"{at}{key}{suffix}.")


def _resolved(schema: dict[str, Any], defs: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = defs[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    return found


def _object(schema: dict[str, Any], defs: dict[str, Any]) -> tuple[dict[str, Any] | None, str]:
    """The object with keys of its own that stands there, or in a list there; and "[]" for a list."""
    for part in (_resolved(one, defs) for one in schema.get("anyOf", [schema])):
        if "properties" in part:
            return part, ""
        if isinstance(part.get("items"), dict):
            inner, suffix = _object(part["items"], defs)
            return inner, f"[]{suffix}"
    return None, ""


def _kind(schema: dict[str, Any], defs: dict[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(_kind(part, defs) for part in schema["anyOf"])
    found = _resolved(schema, defs)
    if "const" in found or "enum" in found:
        return ", ".join(f"`{json.dumps(value)}`" for value in found.get("enum", [found.get("const")]))
    if found["type"] == "array":
        if "prefixItems" in found:
            return f"[{', '.join(_kind(part, defs) for part in found['prefixItems'])}]"
        return f"list of {_kind(found['items'], defs)}"
    if found["type"] == "object" and "properties" not in found:
        values = found.get("additionalProperties")
        return f"{_kind(values, defs)} by name" if isinstance(values, dict) else "values by name"
    bounds = f" {found.get('minimum', '')}…{found.get('maximum', '')}" if found.get("maximum", 2**53) < 2**53 else ""
    least = f" ≥ {found['minimum']}" if "minimum" in found and not bounds else ""
    names = {"string": found.get("format", "text"), "boolean": "true or false", "array": "list"}
    return names.get(found["type"], found["type"]) + (bounds or least)


def main() -> None:
    """Writes the files."""
    for path, text in files().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
