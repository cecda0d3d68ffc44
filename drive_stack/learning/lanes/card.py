"""The lane network's card in Markdown."""

from __future__ import annotations

from collections.abc import Mapping

from drive_stack.learning.lanes.card_fields import LanesCard

COLUMNS = (
    ("estimates", "Estimates", "{:.0f}"),
    ("lateral_m", "Lateral [m]", "{:.3f}"),
    ("lateral_m_p95", "95 %", "{:.3f}"),
    ("heading_deg", "Heading [°]", "{:.2f}"),
    ("heading_deg_p95", "95 %", "{:.2f}"),
    ("curvature_per_m", "Curvature [1/km]", "{:.2f}"),
    ("curvature_per_m_p95", "95 %", "{:.2f}"),
    ("path_30m_m", "Path at 30 m [m]", "{:.2f}"),
    ("path_30m_m_p95", "95 %", "{:.2f}"),
    ("ground_50m", "Range at 50 m", "{:.1%}"),
    ("ground_50m_p95", "95 %", "{:.1%}"),
    ("neighbours_right", "Neighbours right", "{:.1%}"),
    ("enterable_right", "Enterable right", "{:.1%}"),
)


def card_markdown(card: LanesCard) -> str:
    """Format the card as Markdown; every figure comes from ``card``."""
    data, drives, images = card["training_data"], card["validation"], card["validation_images"]
    lines = [
        "# Lanes",
        "",
        "Detects the lines of the ego lane and its neighbours in the image of the front camera. "
        f"{card['network']}",
        "",
        f"Made by `{card['command']}` on {card['date']}: trained from scratch on {data['frames']} frames "
        f"(seeds {data['seeds'][0]}–{data['seeds'][1]}), {card['epochs']} epochs, {card['minutes']} minutes "
        f"on {card['threads']} threads. {_quantisation(card)}"
        f"SHA-256 of `{card['file']}`: `{card['sha256']}`.",
        "",
        f"Evaluated along drives through all scenarios, validation seeds {card['validation_seeds'][0]}–"
        f"{card['validation_seeds'][1]}, ten estimates a second, filtered over time: medians and 95th "
        f"percentiles of absolute errors. {drives['all']['other_lane']:.1%} of estimates refer to the "
        "adjacent lane (in a lane change, shortly before or after the line is crossed); their lateral "
        "error is computed relative to that lane. Range: error of the distance to the road 50 m ahead, "
        "computed from its row in the image.",
        "",
        "| | " + " | ".join(title for _, title, _ in COLUMNS) + " |",
        "|---" * (len(COLUMNS) + 1) + "|",
        _row("**all**", drives["all"]),
    ]
    for table in (drives["by_road"], drives["by_weather"], drives["by_light"], drives["by_scenario"]):
        lines += [_row(name, part) for name, part in table.items()]
    lines += _test(card)
    lines += ["", *_ends(card), ""]
    lines += [
        f"From single images, {images['images']} validation frames, without memory: lateral "
        f"{images['lateral_m']:.3f} m (95 %: {images['lateral_m_p95']:.3f}), heading "
        f"{images['heading_deg']:.2f}° ({images['heading_deg_p95']:.2f}); each unhidden line "
        f"{images['boundary_m']:.3f} m ({images['boundary_m_p95']:.3f}).",
        "",
        "Confidence on a still image, and the fraction of offsets within 0.3 m, which it should approximate "
        "(on a black image the offset is a guess: the lane's centre):",
        "",
        "| Image | Confidence | 5 % | 95 % | Good offsets |",
        "|---|---|---|---|---|",
        *(_confidence_row(name, part) for name, part in card["confidence"].items()),
        "",
        "## Limits",
        "",
        *(f"- {limit}" for limit in card["limits"]),
        "",
    ]
    return "\n".join(lines)


def _quantisation(card: LanesCard) -> str:
    views = card.get("calibration_views")
    if views is None:
        return ""
    return f"Its convolutions were then quantised to 8 bits, calibrated on {views} views of training seeds. "


def _ends(card: LanesCard) -> list[str]:
    """Errors of lane ends, and of lines that must not be crossed."""
    ends = card["validation_ends"]
    lines = [
        "Drives up to the ends of lanes (scenario and fraction of estimates with correct enterable lanes: "
        + ", ".join(f"{name} {part['enterable_right']:.1%}" for name, part in ends["drives"].items())
        + f"; validation seeds {ends['seeds'][0]}–{ends['seeds'][1]}):",
        "",
        "| Lane | Distance of its end | Estimates | Found | Error [m] | 95 % |",
        "|---|---|---|---|---|---|",
    ]
    for table, title in ((ends["ego"], "ego's"), (ends["neighbour"], "neighbour")):
        for band, part in table.items():
            if band == "none":
                shown = f"{part['false']:.1%} falsely | |"
            else:
                shown = f"{part['found']:.1%} | " + (
                    f"{part['error_m']:.1f} | {part['error_m_p95']:.1f}" if "error_m" in part else "|"
                )
            lines.append(f"| {title} | {band} | {part['estimates']} | {shown} |")
    none = ends["elsewhere"].get("none", {"estimates": 0, "false": 0.0})
    lines += [
        "",
        f"On the drives through all scenarios, {none['false']:.1%} of {none['estimates']} estimates report "
        "an end of the ego's lane that does not exist.",
    ]
    return lines


def _confidence_row(name: str, part: Mapping[str, float]) -> str:
    shown = " | ".join(f"{part[key]:.2f}" for key in ("median", "p05", "p95"))
    return f"| {name} | {shown} | {part['good_offsets']:.0%} |"


def _test(card: LanesCard) -> list[str]:
    """The same figures on drives with test seeds, if the card has them."""
    if "test" not in card:
        return []
    (low, high), test = card["test_seeds"], card["test"]
    return [
        "",
        f"The same along drives of test seeds {low}–{high}:",
        "",
        "| | " + " | ".join(title for _, title, _ in COLUMNS) + " |",
        "|---" * (len(COLUMNS) + 1) + "|",
        _row("**all**", test["all"]),
        *(
            _row(name, part)
            for table in (test["by_road"], test["by_weather"])
            for name, part in table.items()
        ),
    ]


def _row(name: str, part: Mapping[str, float]) -> str:
    scaled = {key: value * (1000.0 if key.startswith("curvature") else 1.0) for key, value in part.items()}
    cells = (form.format(scaled[key]) if key in scaled else "–" for key, _, form in COLUMNS)
    return f"| {name} | " + " | ".join(cells) + " |"
