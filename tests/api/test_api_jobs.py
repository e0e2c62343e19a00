"""Jobs over the wire: any method in the background."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from api.conftest import Office, new

from campaign_magics.api import Jobs
from campaign_magics.api.jobs import soap_call
from campaign_magics.errors import (
    AccessDenied,
    AnswerLost,
    InvalidOption,
    InvalidValue,
    SoapFault,
    UnknownName,
    WorkFailed,
)
from campaign_magics.session import Interrupted
from campaign_magics.session.calls import find_method


def test_a_job_tells_how_far_it_is_and_what_it_did(office: Office) -> None:
    delivery = new(office)
    job = office.jobs.submit("nms:delivery", "Prepare", delivery.id)
    assert (job.state, job.state_label, job.progress) == ("running", "Running", 0.0)
    office.clock.seconds += 1
    assert office.jobs.progress(job) == 0.5
    with pytest.raises(SoapFault, match="has not finished") as caught:
        job.result()
    assert caught.value.hint == f"see how it stands: session.jobs.status('{job.id}')"
    ended = office.jobs.wait(job)
    assert (ended.state, ended.progress, ended.result()) == ("finished", 1.0, "")
    logs = office.jobs.logs(job)
    assert logs["message"].iloc[-1] == ended.message == "The messages are prepared."
    assert " ".join(logs.columns) == "date level message object code"
    assert set(logs["level"]) == {"info"}
    assert str(logs["date"].dtype) == "datetime64[us, UTC]"


def test_a_method_with_arguments_goes_as_a_soap_call(office: Office) -> None:
    """PrepareProof(bStart): a proof is made of the delivery."""
    delivery = new(office)
    job = office.jobs.submit("nms:delivery", "PrepareProof", delivery.id, [False])
    assert office.jobs.wait(job).state == "finished"
    with pytest.raises(InvalidValue, match="takes 1 argument, 0 given"):
        office.jobs.submit("nms:delivery", "PrepareProof", delivery.id)
    with pytest.raises(InvalidValue, match="takes 0 arguments"):
        office.jobs.submit("nms:delivery", "Prepare", delivery.id, [True])


def test_a_soap_call_names_its_object_and_its_inputs(office: Office) -> None:
    """protocol.md §8: <param name="this"><value …/></param>, then the others."""
    schemas = office.connection.schemas
    method = find_method(schemas, "nms:delivery", "PrepareProof")
    call = soap_call(method, "nms:delivery", "<delivery id='3'><a/></delivery>", [True])
    this, start = call
    assert (call.get("name"), call.get("service")) == ("PrepareProof", "nms:delivery")
    assert (this.get("name"), this[0].tag, this[0].get("id")) == ("this", "value", "3")
    assert dict(start.attrib) == {"name": "bStart", "type": "boolean", "value": "true"}
    static = find_method(schemas, "nms:subscription", "Subscribe")
    order = soap_call(static, "nms:subscription", None, ["a&b", "<recipient/>", False])
    assert [param.get("name") for param in order] == [
        "serviceName",
        "recipient",
        "create",
    ]


@pytest.mark.parametrize(("method", "args"), [("Prepare", []), ("PrepareProof", [1])])
def test_a_method_of_an_object_wants_one(
    office: Office, method: str, args: list[object]
) -> None:
    """The server would look for number 0, and make a job of it that fails."""
    with pytest.raises(InvalidValue, match="wants an object"):
        office.jobs.submit("nms:delivery", method, args=args)


def test_the_object_is_given_as_it_comes_out_of_a_frame_or_a_call(
    office: Office,
) -> None:
    delivery = new(office)
    for entity in (delivery, pd.Series([delivery.id])[0]):
        job = office.jobs.submit("nms:delivery", "Prepare", entity)
        assert office.jobs.wait(job).state == "finished"


def test_an_analysis_that_warns_is_a_job_that_says_so(office: Office) -> None:
    delivery = new(office, targets="email = 'nobody@x.example'")
    job = office.jobs.submit("nms:delivery", "Prepare", delivery.id).wait()
    assert job.warned == "There is no message to send."
    assert "There is no message to send." in str(job)


def test_a_job_that_fails_raises_with_the_journal_s_cause(office: Office) -> None:
    delivery = office.deliveries.create("mail", label="Nobody at all")
    job = office.jobs.submit("nms:delivery", "Prepare", delivery.id)
    with pytest.raises(WorkFailed, match="DLV-490009"):
        office.jobs.wait(job)
    failed = job.refresh()
    assert (failed.state, failed.warning) == ("error", True)
    assert "DLV-490009" in failed.error
    assert "error" in set(job.logs()["level"])


def test_a_job_is_cancelled(office: Office) -> None:
    job = office.jobs.submit("nms:delivery", "Prepare", new(office).id)
    assert office.jobs.cancel(job).state == "cancelling"
    assert office.jobs.wait(job).state == "cancelled"


def test_unknown_jobs_schemas_and_methods(office: Office) -> None:
    with pytest.raises(SoapFault, match="There is no job 'x<y>'") as caught:
        office.jobs.status("x<y>")
    assert caught.value.hint == "give the id that submit() gave"
    for nothing in (" ", None, pd.DataFrame({"id": [1]})):
        with pytest.raises(InvalidValue, match="job is missing"):
            office.jobs.status(nothing)  # type: ignore[arg-type]
    with pytest.raises(UnknownName):
        office.jobs.submit("nms:delivry", "Prepare", 1)
    with pytest.raises(UnknownName, match="has no method Prepar"):
        office.jobs.submit("nms:delivery", "Prepar", 1)
    with pytest.raises(UnknownName, match="no record 999999"):
        office.jobs.submit("nms:delivery", "Prepare", 999_999)


@pytest.mark.parametrize("end", [AnswerLost("Lost."), KeyboardInterrupt()])
def test_a_job_that_may_have_begun_says_where_to_look(
    office: Office, monkeypatch: pytest.MonkeyPatch, end: BaseException
) -> None:
    delivery = new(office)
    call = office.connection.call

    def fail(schema: str, method: str, *args: Any, **more: Any) -> Any:
        if method in ("Submit", "SubmitSoapCall"):
            raise end
        return call(schema, method, *args, **more)

    monkeypatch.setattr(office.connection, "call", fail)
    for method, args in (("Prepare", ()), ("PrepareProof", (False,))):
        with pytest.raises((AnswerLost, Interrupted)) as caught:
            office.jobs.submit("nms:delivery", method, delivery, args)
        assert caught.value.hint == (  # type: ignore[union-attr]
            "it may have been done all the same: "
            f"see how nms:delivery {delivery.id} stands before you repeat it"
        )


def test_readers_and_production(office: Office) -> None:
    delivery = new(office)
    reader = Jobs(office.connect("reader"), clock=office.clock)
    with pytest.raises(AccessDenied):
        reader.submit("nms:delivery", "Prepare", delivery.id)
    live = Jobs(office.connect(production=True), clock=office.clock)
    with pytest.raises(InvalidOption, match="Running nms:delivery#Prepare changes"):
        live.submit("nms:delivery", "Prepare", delivery.id)
    job = live.submit("nms:delivery", "Prepare", delivery.id, yes="live")
    with pytest.raises(InvalidOption, match="Cancelling"):
        job.cancel()


def test_a_long_journal_is_read_in_pieces(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("campaign_magics.api.jobs._PAGE", 2)
    job = office.jobs.submit("nms:delivery", "Prepare", new(office).id)
    office.jobs.wait(job)
    messages = job.logs()["message"].tolist()
    assert len(messages) >= 3
    assert len(set(messages)) == len(messages)
