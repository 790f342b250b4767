"""Reports as text."""

from forge.comparison import row


def table(reports: dict[str, dict]) -> str:
    """A row for each bundle by its name, all measured against one source."""
    judged = any("obedience" in report for report in reports.values())
    header = ["bundle", "MB", "PSNR mean, worst (dB)", "text, UNet, decoder (dB)", "text, UNet, decoder time", "resident MB",
              *(["obedience"] if judged else [])]
    lines = [row(header), row(["---"] * len(header))]
    first = next(iter(reports.values()))
    lines.append(row(["source", megabytes(first, "source_mb"), "", "", "1, 1, 1", resident(first, "source"),
                      *([obedience(first, "source")] if judged else [])]))
    for name, report in reports.items():
        networks = report["networks"].values()
        lines.append(row([
            name, megabytes(report, "mb"), f"{report['psnr_db']['mean']:.1f}, {report['psnr_db']['worst']:.1f}",
            ", ".join(f"{each['snr_db']:.1f}" for each in networks),
            ", ".join(f"{each['time_ratio']:.2f}" for each in networks), resident(report, "this"),
            *([obedience(report, "this")] if judged else [])]))
    return "\n".join(lines) + "\n"


def megabytes(report: dict, key: str) -> str:
    return f"{sum(network[key] for network in report['networks'].values()):.1f}"


def resident(report: dict, key: str) -> str:
    return f"{report['resident_mb'][key]:.0f}" if "resident_mb" in report else "not measured"


def obedience(report: dict, key: str) -> str:
    return f"{report['obedience'][key]['all']:.1%}" if "obedience" in report else "not measured"
