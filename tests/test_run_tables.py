"""The tables of a run on the terminal: what it is judged by, and how far a form is off on the whole, and at most."""

from __future__ import annotations

from tests.run_seeding import USAGE, accuracy
from webapp.run_tables import accuracy_lines, form_lines, usage_line

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


def test_the_table_says_how_many_of_the_labels_a_person_has_reviewed() -> None:
    metrics = {
        **{"split": "test", "samples": 1040, "model": accuracy(0.8), "mean_pose": accuracy(0.3), "teacher": None},
        **{"worth_activating": True, "reasons": ["50 points above the mean pose", "as a second"]},
    }

    assert next(accuracy_lines(metrics)) == "On 1,040 samples of the test split:"
    counted, *_, first, second = accuracy_lines({**metrics, "reviewed": 12})
    assert counted == "On 1,040 samples of the test split, 12 reviewed by a person:"
    assert (first, second) == ("worth activating: 50 points above the mean pose", "as a second")


def test_what_a_training_took_is_one_line_also_where_it_failed_before_an_epoch_was_over() -> None:
    whole = "training took 312 s on CPU: 71 pictures a second, 4.0 % of the time waiting for them; at most 1,234 MB"

    assert usage_line(USAGE) == whole
    at_once = {**USAGE, "data_share": None, "pictures_per_s": 0.0, "seconds": 2.4}
    assert usage_line(at_once) == "training took 2 s on CPU: no whole batch timed; at most 1,234 MB"
