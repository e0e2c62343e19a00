"""Jobs: methods in the background, their status, journal and progress."""

from __future__ import annotations

import pytest
from lxml import etree
from sandbox.services.conftest import READER
from sandbox.services.sending import entity, new, state

pytestmark = pytest.mark.pure

SUBMIT = "xtk:jobInterface|nms:delivery#Submit"
EXECUTE = "xtk:jobInterface|nms:delivery#Execute"
SOAP_CALL = "xtk:jobInterface|nms:delivery#SubmitSoapCall"
JOB = "xtk:jobInterface|xtk:job"


def status(desk, job: str, after: int = 0, most: int = 100):
    """Return status, log elements and progress."""
    reply = desk.call(f"{JOB}#GetStatus", job, after, most)
    code, logs, properties = reply.outputs
    progress = etree.fromstring(properties).find("progress")
    shown = (int(progress.get("current")), int(progress.get("max")))
    return code, list(etree.fromstring(logs)), shown


def test_a_submitted_analysis_runs_in_time_and_tells_how_far_it_is(desk):
    """Running with growing progress, then finished with its journal."""
    delivery = new(desk)
    (job,) = desk.call(SUBMIT, "Prepare", entity=entity(delivery)).outputs
    number, _, rest = job.partition("/")
    assert number.isdecimal()
    assert rest.startswith("nms:delivery@@")
    seen = []
    for _ in range(4):
        code, _, (current, whole) = status(desk, job)
        seen.append((code, current / whole))
        desk.after(0.5)
    assert seen == [(2, 0.0), (2, 0.25), (2, 0.5), (2, 0.75)]
    code, logs, progress = status(desk, job)
    assert (code, progress) == (5, (100, 100))
    assert [log.get("iRc") for log in logs] == ["0"] * len(logs)
    assert "300" in "".join(log.get("message") for log in logs)
    assert state(desk, delivery) == "45"
    assert desk.call(f"{JOB}#GetResult", job).outputs == ("",)


def test_the_journal_is_read_in_pieces(desk):
    """Only lines after the last one known, and not more than asked for."""
    delivery = new(desk)
    (job,) = desk.call(EXECUTE, "Prepare", entity=entity(delivery)).outputs
    _, whole, _ = status(desk, job)
    assert len(whole) >= 3
    read, last = [], 0
    while True:
        _, piece, _ = status(desk, job, last, 2)
        assert len(piece) <= 2
        if not piece:
            break
        read += [log.get("id") for log in piece]
        last = int(piece[-1].get("id"))
    assert read == [log.get("id") for log in whole]


def test_a_line_of_the_journal_has_the_recorded_attributes(desk):
    """protocol.md §8: id, iRc, logDate, logType, message, object."""
    delivery = new(desk)
    (job,) = desk.call(EXECUTE, "Prepare", entity=entity(delivery)).outputs
    _, logs, _ = status(desk, job)
    assert set(logs[0].attrib) == {
        "id", "iRc", "logDate", "logType", "message", "object",
    }  # fmt: skip
    assert logs[0].get("logDate").startswith("2026-03-15 ")
    assert logs[0].get("logDate").endswith("Z")


def test_executing_waits_for_the_end(desk):
    """The delivery is ready when the call returns."""
    delivery = new(desk)
    (job,) = desk.call(EXECUTE, "Prepare", entity=entity(delivery)).outputs
    assert status(desk, job)[0] == 5
    assert state(desk, delivery) == "45"


def test_an_empty_target_ends_in_error(desk):
    """DLV-490009 with return code 16384, level 0, as recorded; a warning shows."""
    delivery = new(desk, "<delivery label='Nobody'/>")
    (job,) = desk.call(SUBMIT, "Prepare", entity=entity(delivery)).outputs
    desk.after(5)
    code, logs, _ = status(desk, job)
    assert code == 6
    assert logs[-1].get("message").startswith("DLV-490009 ")
    assert (logs[-1].get("iRc"), logs[-1].get("logType")) == ("16384", "0")
    assert desk.call(f"{JOB}#HasWarning", job).outputs == (True,)
    assert "no result" in desk.refused(f"{JOB}#GetResult", job)
    assert state(desk, delivery) == "37"


def test_a_job_on_a_delivery_that_is_not_there_is_a_job_in_error(desk):
    """The client learns it where it looks: in the status."""
    (job,) = desk.call(SUBMIT, "Prepare", entity=entity("1")).outputs
    code, logs, _ = status(desk, job)
    assert code == 6
    assert "no delivery" in logs[-1].get("message")


def test_a_cancelled_analysis_leaves_the_delivery_as_it_was(desk):
    """Cancelling, then cancelled; it can be prepared again."""
    delivery = new(desk)
    (job,) = desk.call(SUBMIT, "Prepare", entity=entity(delivery)).outputs
    desk.after(1.2)
    assert state(desk, delivery) == "22"
    desk.call(f"{JOB}#Cancel", job)
    assert status(desk, job)[0] == 3
    desk.call(f"{JOB}#WaitJobCancelled", job, 10)
    assert status(desk, job)[0] == 4
    assert state(desk, delivery) == "0"
    assert desk.rows("nms:broadLogRcp", "@id", f"[@delivery-id] = {delivery}") == []
    desk.call(EXECUTE, "Prepare", entity=entity(delivery))
    assert state(desk, delivery) == "45"


def test_a_paused_analysis_is_pending_then_paused(desk):
    """Status 7, then 8."""
    delivery = new(desk)
    (job,) = desk.call(SUBMIT, "Prepare", entity=entity(delivery)).outputs
    desk.call(f"{JOB}#Pause", job)
    assert status(desk, job)[0] == 7
    desk.after(1)
    assert status(desk, job)[0] == 8
    desk.after(10)
    assert state(desk, delivery) == "0"


def test_cancelling_what_has_ended_changes_nothing(desk):
    """It stays finished, and so does its delivery."""
    delivery = new(desk)
    (job,) = desk.call(EXECUTE, "Prepare", entity=entity(delivery)).outputs
    desk.call(f"{JOB}#Cancel", job)
    desk.call(f"{JOB}#Pause", job)
    desk.call(f"{JOB}#WaitJobCancelled", job, 0)
    assert status(desk, job)[0] == 5
    assert state(desk, delivery) == "45"


def test_waiting_for_a_job_nobody_cancelled_is_a_fault(desk):
    """It says how long it waited."""
    (job,) = desk.call(SUBMIT, "Prepare", entity=entity(new(desk))).outputs
    assert "within 1 second" in desk.refused(f"{JOB}#WaitJobCancelled", job, 1)


@pytest.mark.parametrize("start", [False, True])
def test_a_soap_call_carries_its_parameters(desk, start):
    """PrepareProof with bStart, as the SDK sends it: a proof, started or not."""
    delivery = new(desk)
    call = (
        '<soapCall name="PrepareProof" service="nms:delivery">'
        f'<param name="this" type="DOMDocument"><value id="{delivery}"/></param>'
        f'<param name="bStart" type="boolean" value="{str(start).lower()}"/></soapCall>'
    )
    (job,) = desk.call(SOAP_CALL, call, entity=entity(delivery)).outputs
    desk.after(20)
    assert status(desk, job)[0] == 5
    where = f"[@linkedDelivery-id] = {delivery}"
    ((proof, sent, is_proof),) = desk.rows("nms:delivery", "@id @state @FCP", where)
    assert (sent, is_proof) == ("95" if start else "45", "1")
    assert state(desk, delivery) == "0"
    messages = desk.rows(
        "nms:broadLogRcp", "@address @isSeed", f"[@delivery-id] = {proof}"
    )
    assert messages == [("admin@mail.example", "1")]


@pytest.mark.parametrize("method", ["GetStatus", "GetResult", "HasWarning", "Cancel"])
def test_an_unknown_job_is_a_fault(desk, method):
    """Whatever is asked of it."""
    args = [0, 10] if method == "GetStatus" else []
    assert "no job" in desk.refused(f"{JOB}#{method}", "1/nms:delivery@@x", *args)


@pytest.mark.parametrize(
    ("action", "arg"),
    [
        (SUBMIT, "Publish"),
        (EXECUTE, ""),
        (SOAP_CALL, '<soapCall name="Publish" service="nms:webApp"/>'),
        ("xtk:jobInterface|nms:recipient#Submit", "Prepare"),
    ],
)
def test_what_does_not_run_as_a_job_says_so(desk, action, arg):
    """SBX-100001 names the method."""
    assert "SBX-100001" in desk.refused(action, arg, entity=entity("1001"))


def test_who_may_only_read_may_follow_jobs_but_not_start_them(desk):
    """GetStatus is reading; Submit and Cancel are not."""
    delivery = new(desk)
    (job,) = desk.call(EXECUTE, "Prepare", entity=entity(delivery)).outputs
    cause = desk.refused(SUBMIT, "Prepare", entity=entity(delivery), by=READER)
    assert "XTK-170019" in cause
    assert "XTK-170019" in desk.refused(f"{JOB}#Cancel", job, by=READER)
    assert desk.call(f"{JOB}#GetStatus", job, 0, 1, by=READER).outputs[0] == 5


def test_the_same_world_gives_the_same_job_ids(desk):
    """Ids follow from the seed, so that lessons can be repeated."""
    ids = [job for (job,) in desk.rows("xtk:job", "@pid")]
    assert len(ids) == len(set(ids)) > 5
