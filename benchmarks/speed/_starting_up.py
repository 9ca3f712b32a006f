"""What a script pays before it trains: processor time of fresh processes, cold and warm."""

from tempfile import TemporaryDirectory

from benchmarks.shared._tables import Line, Section
from benchmarks.shared._timing import Ratio
from benchmarks.shared.data._rows import save_rows
from benchmarks.speed._setting import Setting

# Seconds that are allowed above what a process would take anyway.
_COLD, _WARM, _LESSON = 2.5, 1.0, 1.0


def start(setting: Setting) -> Section:
    """Measure first fits in processes without and with the programs of an earlier one."""
    save_rows(setting.folder, "terms", *setting.data.terms)
    repeats = setting.sized(min(setting.repeats, 5), 1)
    with TemporaryDirectory() as cache:
        for name in ("default_fits", "lesson_process"):  # leaves its programs
            setting.answers([{"name": name, "cache": cache}], repeats=1)
        cold, warm, lesson, cold_lesson, imports = setting.answers(
            [
                {"name": "default_fits"},
                {"name": "default_fits", "cache": cache},
                {"name": "lesson_process", "cache": cache},
                {"name": "lesson_process"},
                {"name": "imports"},
            ],
            repeats=repeats,
        )
    above = [[turn["first"] - turn["second"] for turn in side] for side in (cold, warm)]
    imported = [turn["seconds"] for turn in imports]
    lessons = [
        [turn["seconds"] - other for turn, other in zip(side, imported, strict=True)]
        for side in (lesson, cold_lesson)
    ]
    return Section(
        "Starting up: CPU seconds of fresh processes",
        "share of what is allowed",
        [
            _line("first default fit above the second, cold", above[0], _COLD),
            _line("first default fit above the second, warm", above[1], _WARM),
            Line("second default fit", [turn["second"] for turn in warm], "s"),
            _line("the lesson's process above the imports, warm", lessons[0], _LESSON),
            Line("the lesson's process above the imports, cold", lessons[1], "s"),
            Line("`import sklearn, tensorflow`", imported, "s"),
        ],
        [
            "CPU seconds are those of all threads, user and system.",
            "Default fit: 3,000 rows x 500 columns, 60,000 entries; TensorFlow is imported.",
            "Cold: no cache of compiled programs. Warm: an earlier process has left its programs.",
            "The lesson's process: all imports, reading 25,000 reviews of 50 columns from a file, "
            "and 1,000 steps.",
        ],
    )


def _line(name: str, seconds: list[float], allowed: float) -> Line:
    ratio = Ratio.of(seconds, [allowed] * len(seconds))
    return Line(f"{name} ({allowed:g} s)", seconds, "s", ratio, 1.0)
