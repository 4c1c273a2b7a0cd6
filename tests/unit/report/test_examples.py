"""Cutting a sentence at its mentions."""

import pytest

from bali.report.examples import cut

TEXT = "A. Acute 🌡 fever hurts. B."  # the sentence is 3 to 23


def mention(start, end):
    return {"start": start, "end": end, "cui": TEXT[start:end], "method": "exact", "score": 1.0}


@pytest.mark.parametrize(
    ("mentions", "expected"),
    [
        ([], ["Acute 🌡 fever hurts."]),
        ([(11, 16)], ["Acute 🌡 ", "<fever>", " hurts."]),
        ([(3, 8), (11, 16)], ["<Acute>", " 🌡 ", "<fever>", " hurts."]),
        ([(17, 23), (3, 8)], ["<Acute>", " 🌡 fever ", "<hurts.>"]),
        ([(11, 16), (3, 16)], ["<Acute 🌡 fever>", " hurts."]),  # of two the first, the longer
    ],
)
def test_pieces_join_to_the_sentence(mentions, expected):
    segments = cut(TEXT, 3, 23, [mention(*span) for span in mentions])
    assert [f"<{s.text}>" if s.cui else s.text for s in segments] == expected
    assert "".join(s.text for s in segments) == TEXT[3:23]
    assert all(s.cui in ("", s.text) for s in segments)
