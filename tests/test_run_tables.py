"""The tables of a run on the terminal say how far a form is off on the whole, and at most."""

from __future__ import annotations

from webapp.run_tables import form_lines

FORM = {"size_bytes": 1_500_000, "pck02": 0.5, "latency_ms": {"litert": 2.0}, "problem": None, "flagged": None}


def test_one_uncertain_keypoint_does_not_hide_how_near_a_form_comes_to_keras() -> None:
    head, keras, int8 = form_lines(
        {
            "forms": [
                {**FORM, "form": "keras", "mean_px": None, "largest_px": None},
                {**FORM, "form": "int8", "mean_px": 0.31, "largest_px": 50.4},
            ]
        }
    )

    assert "off Keras   at most" in head
    assert keras.split()[5:7] == ["-", "-"]
    assert "0.31 px  50.40 px" in int8
