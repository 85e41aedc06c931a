import time

from koopmark.workers._journal import Journal, discard, post_mortem

DUMP = """going to sleep
Timeout (0:00:01)!
Thread 0x00007f1 (most recent call first):
  File "/x/threading.py", line 331 in wait
  File "/x/koopmark/workers/_capture.py", line 90 in _keep_short

Thread 0x00007f2 (most recent call first):
  File "/x/lib/python3.12/site-packages/numpy/linalg.py", line 12 in svd
  File "/x/lib/python3.12/site-packages/pydmd/dmd.py", line 34 in fit
  File "/x/koopmark/workers/_cell.py", line 95 in _fit
  File "/x/koopmark/workers/_worker.py", line 72 in run
"""


def test_a_note_tells_how_far_a_fit_came_after_its_process_is_gone(tmp_path):
    journal = Journal(tmp_path, "abc")
    with journal.recording():
        journal.enter("fit", 5.0)
        journal.enter("scoring", 60.0, fit_seconds=1.5)
    left = post_mortem(tmp_path, "abc")
    assert (left.phase, left.limit, left.fit_seconds) == ("scoring", 60.0, 1.5)
    assert 0 < left.deadline - time.monotonic() <= 60.0


def test_the_line_at_which_the_limit_found_the_fit_is_named(tmp_path):
    (tmp_path / "abc.out").write_text(DUMP)
    assert post_mortem(tmp_path, "abc").where == "numpy/linalg.py:12 (svd)"


def test_stack_dumps_are_told_without_their_callers_and_other_threads(tmp_path):
    (tmp_path / "abc.out").write_text(DUMP)
    assert post_mortem(tmp_path, "abc").output.splitlines() == [
        "going to sleep",
        "Timeout (0:00:01)!",
        "Thread 0x00007f2 (most recent call first):",
        '  File "numpy/linalg.py", line 12 in svd',
        '  File "pydmd/dmd.py", line 34 in fit',
    ]


def test_a_fit_that_left_nothing_is_known_to_be_at_its_start(tmp_path):
    left = post_mortem(tmp_path, "abc")
    assert (left.phase, left.pid, left.output) == ("start", None, "")


def test_a_note_cut_off_in_the_middle_counts_as_none(tmp_path):
    (tmp_path / "abc.json").write_text('{"pid": 12, "pha')
    assert post_mortem(tmp_path, "abc").pid is None


def test_discarded_files_are_gone(tmp_path):
    journal = Journal(tmp_path, "abc")
    with journal.recording():
        journal.enter("fit", 5.0)
    discard(tmp_path, "abc")
    assert list(tmp_path.iterdir()) == []
