"""The results as Markdown: what `docs/scale.md` shows between its markers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.bench.baseline import ratio

Object = Mapping[str, Any]
PAGE = Path(__file__).parents[2] / "docs/scale.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"

# What a row is called, the phase it is of, and how its cell is made of that phase's results.
ROWS: tuple[tuple[str, str, Callable[[Object], str]], ...] = (
    ("floor: all requests answered", "floor", lambda f: f"{f['seconds']:g} s"),
    ("floor: until every Deployment is available", "floor", lambda f: f"{f['available_seconds']:g} s"),
    ("operator: all Ready", "converge", lambda f: f"{f['seconds']:g} s (half after {f['half_seconds']:g} s)"),
    ("operator: CPU time for each", "converge", lambda f: f"{f['cpu_ms_each']:g} ms"),
    ("operator: reconciliations for each", "converge", lambda f: f"{f['reconciliations_each']:g}"),
    ("writes for each create", "converge", lambda f: f"{f['writes_each']:g}"),
    ("reads for each create", "converge", lambda f: f"{f['reads_each']:g}"),
    ("memory without an object", "empty", lambda f: f"{f['rss_mib']:g} MiB"),
    ("memory after that (peak)", "converge", lambda f: _memory(f["memory"])),
    ("at rest: watched for", "idle", lambda f: f"{f['seconds']:.0f} s"),
    ("at rest: writes", "idle", lambda f: f"{f['writes']}"),
    (
        "at rest: requests (beside Leases)",
        "idle",
        lambda f: f"{f['requests']} = {f['requests_per_second']:g}/s ({f['lease_requests']})",
    ),
    ("at rest: CPU, with the probes", "idle", lambda f: f"{f['cpu_percent']:g} % of a core"),
    ("one edit → Deployment patched, p50 / p99", "edit", lambda f: _spread(f)),
    ("deleted child → back, p50 / p99", "deleted_child", lambda f: _spread(f)),
    (
        "the edit beside neighbours that fail for ever",
        "noisy_neighbour",
        lambda f: f"{_spread(f)}; they cause {f['their_requests_per_second']:g} requests/s",
    ),
    (
        "certificates due at once → all served",
        "renewals",
        lambda f: (
            f"{f['renewed']} in {f['seconds']:g} s; rolls of each: {f['rolls_mean']:g}, at most {f['rolls_most']}"
        ),
    ),
    ("restart: each looked at", "restart", lambda f: f"{f['seconds']:g} s, {f['cpu_seconds']:g} s of CPU"),
    (
        "restart: last request, writes",
        "restart",
        lambda f: f"after {f['last_request_seconds']:g} s, {f['writes']} writes",
    ),
    (
        "leader killed → next child patched",
        "leader_killed",
        lambda f: f"{f['seconds']:g} s (of {f['samples']}; most {f['most_seconds']:g} s)",
    ),
    ("all deleted → all gone", "delete_all", lambda f: f"{f['seconds']:g} s"),
)


def tables(results: Object) -> str:
    """The tables of one run."""
    sizes: Mapping[str, Object] = results["sizes"]
    lines = [_heading(results["made"]), "", _row(["", *(f"{int(size):,} Registries" for size in sizes)])]
    lines.append("|" + "---|" * (len(sizes) + 1))
    lines += [_row([name, *(_cell(found.get(phase), make) for found in sizes.values())]) for name, phase, make in ROWS]
    ratios = ["**ratio to the floor**", *(_ratio(found) for found in sizes.values())]
    lines.insert(7, _row(ratios))
    for size, found in sizes.items():
        if requests := found.get("converge", {}).get("requests"):
            lines += ["", f"Requests for each of {int(size):,} (without watches and Leases):", "", *_requests(requests)]
        lines += ["", f"CPU seconds of all processes, {int(size):,}:", "", *_cpu(found)]
    gaps = [f"- {size}, {phase}: {why}" for size, found in sizes.items() for phase, why in _gaps(found)]
    return "\n".join([*lines, *(["", "Not reached or not measured:", "", *gaps] if gaps else [])])


def _heading(made: Object) -> str:
    machine, versions = made["machine"], ", ".join(f"{name} {version}" for name, version in made["versions"].items())
    return (
        f"Workload `{made['options']['workload']}`, {made['date'][:10]}, commit {made['commit']}. Machine: "
        f"{machine['cpus']} × {machine['cpu']}, {machine['memory_gib']:g} GiB, Linux {machine['kernel']}, load before "
        f"the run {machine['load_before']:g}. Python {machine['python']}, {versions}; etcd without fsync."
        f"{_changed(made)}"
    )


def _changed(made: Object) -> str:
    end = made.get("commit_at_end", made["commit"])
    return "" if end == made["commit"] else f" **The sources changed during the run**: at its end they were {end}."


def _cell(found: Object | None, make: Callable[[Object], str]) -> str:
    try:
        return make(found) if found else "not run"
    except (KeyError, TypeError):
        return "gave up"


def _memory(memory: Object) -> str:
    return f"{memory['rss_mib']:g} MiB ({memory['peak_mib']:g})"


def _spread(found: Object) -> str:
    return f"{found['p50_ms']:g} / {found['p99_ms']:g} ms ({found['samples']} times)"


def _ratio(found: Object) -> str:
    value, floor = ratio(found), found.get("floor", {})
    if value is None:
        return "not known"
    available = floor.get("available_seconds")
    beside = f" ({found['converge']['seconds'] / available:.2f} of the floor with its Deployments)" if available else ""
    return f"**{value:.2f}**{beside}"


def _requests(requests: Mapping[str, float]) -> list[str]:
    return ["| request | for each |", "|---|---|", *(_row([what, f"{share:g}"]) for what, share in requests.items())]


def _cpu(found: Object) -> list[str]:
    """Who used the machine, at the floor and with the operator."""
    parts = {part: found.get(part, {}).get("cpu_seconds") or {} for part in ("floor", "converge")}
    names = sorted({name for used in parts.values() if isinstance(used, Mapping) for name in used})
    lines = [_row(["process", *parts]), "|" + "---|" * (len(parts) + 1)]
    return lines + [_row([name, *(f"{used.get(name, 0):g}" for used in parts.values())]) for name in names]


def _gaps(found: Object) -> list[tuple[str, str]]:
    """What a reader must know of a size: phases that gave up, requests that were refused."""
    parts = {phase: part for phase, part in found.items() if isinstance(part, Mapping)}
    gaps = [(phase, str(part["gave_up"])) for phase, part in parts.items() if "gave_up" in part]
    for phase, part in parts.items():
        gaps += [(phase, f"{end}; it was started again") for end in part.get("ended_by_itself", [])]
        gaps += [(phase, f"{number} refused: {what}") for what, number in part.get("refused", {}).items()]
    return gaps + ([("run", str(found["failed"]))] if "failed" in found else [])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def write(results: Sequence[Object], page: Path = PAGE) -> None:
    """Put the tables of these runs between the markers of the page."""
    text = page.read_text()
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page} lacks the markers {BEGIN} and {END}")
    inner = "\n\n".join(tables(each) for each in results)
    page.write_text(f"{before}{BEGIN}\n\n{inner}\n\n{END}{after}")
