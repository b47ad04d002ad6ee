"""Moodle's grading worksheet, as it is downloaded."""

from __future__ import annotations

from pathlib import Path

from support.school import PEOPLE

GERMAN = (
    "ID,Vollständiger Name,ID-Nummer,E-Mail-Adresse,Status,Bewertung,Bestwertung,"
    "Bewertung kann geändert werden,Zuletzt geändert (Abgabe),Zuletzt geändert (Bewertung),"
    "Feedback als Kommentar"
)
ENGLISH = (
    "Identifier,Full name,ID number,Email address,Status,Grade,Maximum Grade,"
    "Grade can be changed,Last modified (submission),Last modified (grade),Feedback comments"
)


def worksheet(path: Path, maximum: str = "54,00", head: str = GERMAN) -> Path:
    """As Moodle writes it, for all thirty."""
    german = head == GERMAN
    lines = [head]
    for number, name in PEOPLE:
        who = f"Teilnehmer/in{number}" if german else f"Participant {number}"
        about = f'"{name}",,m{number}@schule.example,Zur Bewertung abgegeben'
        when = '"Freitag, 20. November 2026, 18:30"'
        lines.append(f'{who},{about},,"{maximum}",{"Ja" if german else "Yes"},{when},-,')
    path.write_text("\n".join(lines) + "\n", encoding="utf-8-sig")
    return path
