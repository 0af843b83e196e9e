"""Results as JSON and as markdown."""

import json

from .paths import OUT


def markdown_table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def _facts(title, facts):
    return f"{title}: " + "; ".join(f"{name} {value}" for name, value in facts.items()) + "\n"


def write(name, machine, result, tables):
    """Writes out/bench/NAME.json and NAME.md and returns the text of the latter."""
    OUT.mkdir(parents=True, exist_ok=True)
    parts = [f"## {name}\n", _facts("Machine", machine),
             _facts("Configuration", result["configuration"]), *tables]
    if result["not_built"]:
        parts.append("Not built: " + ", ".join(result["not_built"]) + "\n")
    text = "\n".join(parts)
    (OUT / f"{name}.md").write_text(text)
    document = {"benchmark": name, "machine": machine, **result}
    (OUT / f"{name}.json").write_text(json.dumps(document, indent=1) + "\n")
    return text
