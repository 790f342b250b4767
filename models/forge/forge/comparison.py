"""A student beside its teacher: the table of ratios, as JSON and Markdown."""

import json
from pathlib import Path

FOLLOWED = ("place", "time", "kind", "colour", "side", "size")


def ratios(student: dict[str, float], teacher: dict[str, float]) -> dict[str, float]:
    """Fréchet distance and diversity as shares of the teacher's; for every attribute, the difference in points."""
    table = {name: student[name] / max(teacher[name], 1e-9) for name in ("frechet", "diversity")}
    return table | {f"{name}_points": 100 * (student[name] - teacher[name]) for name in (*FOLLOWED, "all")
                    if name in student and name in teacher}


def row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def markdown(report: dict) -> str:
    """The report's table: a row per number of steps and one for the teacher."""
    teacher, generated = report["teacher"], report["generated"]
    names = [name for name in (*FOLLOWED, "all") if name in teacher]
    header = ["", *names, "clip", "Fréchet", "/ teacher", "diversity", "/ teacher"]
    lines = [f"{report['stage']}, {report['size']} px, {report['prompts']} held-out prompts; Fréchet distance to "
             f"{report['reference_pictures']} pictures.", "", row(header), row(["---"] * len(header))]
    titles = {steps: f"{steps} step" + "s" * (steps != "1") for steps in generated}
    teacher_title = f"teacher, {report['teacher_steps']} steps, guidance {report['teacher_guidance']:g}"
    for title, entry in [*((titles[steps], entry) for steps, entry in generated.items()), (teacher_title, teacher)]:
        share = ratios(entry, teacher)
        lines.append(row([title, *(f"{entry[name]:.1%}" for name in names), f"{entry['clip']:.3f}", f"{entry['frechet']:.1f}",
                          f"{share['frechet']:.2f}", f"{entry['diversity']:.2f}", f"{share['diversity']:.2f}"]))
    return "\n".join(lines) + "\n"


def write(report: dict, out: Path) -> None:
    """`out`/comparison.json and comparison.md."""
    table = {steps: ratios(entry, report["teacher"]) for steps, entry in report["generated"].items()}
    (out / "comparison.json").write_text(json.dumps(table, indent=2) + "\n")
    (out / "comparison.md").write_text(markdown(report))
