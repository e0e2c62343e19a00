"""The WSDL as Adobe's page "Web service calls" shows it; stock zeep lives on it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests
import zeep
import zeep.exceptions
from lxml import etree
from sandbox.server.caller import Caller
from sandbox.server.served import ADMIN, Served

from campaign_magics.secret import Secret

PATH = "/nl/jsp/schemawsdl.jsp?schema="
XSD = "{http://www.w3.org/2001/XMLSchema}"
WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
SOAP = "{http://schemas.xmlsoap.org/wsdl/soap/}"

DOCUMENTED_TYPES = """
<s:schema xmlns:s="http://www.w3.org/2001/XMLSchema" elementFormDefault="qualified"
          targetNamespace="urn:xtk:queryDef">
  <s:element name="ExecuteQuery"><s:complexType><s:sequence>
    <s:element maxOccurs="1" minOccurs="1" name="sessiontoken" type="s:string"/>
    <s:element maxOccurs="1" minOccurs="1" name="entity">
      <s:complexType><s:sequence><s:any/></s:sequence></s:complexType>
    </s:element>
  </s:sequence></s:complexType></s:element>
  <s:element name="ExecuteQueryResponse"><s:complexType><s:sequence>
    <s:element maxOccurs="1" minOccurs="1" name="pdomOutput">
      <s:complexType mixed="true"><s:sequence><s:any/></s:sequence></s:complexType>
    </s:element>
  </s:sequence></s:complexType></s:element>
</s:schema>"""


def wsdl(caller: Caller, schema: str) -> etree._Element:
    answer = caller.send("GET", f"{PATH}{schema}", headers=caller.tokens)
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/xml")
    return etree.fromstring(answer.body)


def plain_tree(element: etree._Element) -> object:
    """Tag, attributes and children: what two documents must share to be equal."""
    return element.tag, dict(element.attrib), [plain_tree(child) for child in element]


def test_the_types_are_those_of_the_documented_page(caller: Caller):
    """``ExecuteQuery`` and its response, attribute for attribute."""
    schema = wsdl(caller, "xtk:queryDef").find(f"{WSDL}types/{XSD}schema")
    documented = etree.fromstring(DOCUMENTED_TYPES)
    assert schema is not None
    assert plain_tree(schema)[:2] == plain_tree(documented)[:2]
    for element in documented:
        found = schema.find(f"{XSD}element[@name='{element.get('name')}']")
        assert found is not None
        assert plain_tree(found) == plain_tree(element)


def test_messages_port_binding_and_service(caller: Caller):
    """Names, style and address as documented."""
    root = wsdl(caller, "xtk:queryDef")
    assert [etree.QName(child).localname for child in root[1:5]] == ["message"] * 4
    part = root.find(f"{WSDL}message[@name='ExecuteQueryIn']/{WSDL}part")
    assert dict(part.attrib) == {"element": "tns:ExecuteQuery", "name": "parameters"}
    port_type = root.find(f"{WSDL}portType")
    assert port_type.get("name") == "queryDefMethodsSoap"
    binding = root.find(f"{WSDL}binding")
    assert dict(binding.attrib) == {
        "name": "queryDefMethodsSoap",
        "type": "tns:queryDefMethodsSoap",
    }
    operation = binding.find(f"{WSDL}operation[@name='ExecuteQuery']")
    assert dict(operation.find(f"{SOAP}operation").attrib) == {
        "soapAction": "xtk:queryDef#ExecuteQuery",
        "style": "document",
    }
    assert dict(operation.find(f"{WSDL}input/{SOAP}body").attrib) == {
        "encodingStyle": "http://schemas.xmlsoap.org/soap/encoding/",
        "namespace": "urn:xtk:queryDef",
        "use": "literal",
    }
    service = root.find(f"{WSDL}service")
    assert service.get("name") == "XtkQueryDef"
    port = caller.connection.port
    assert service.find(f"{WSDL}port/{SOAP}address").get("location") == (
        f"http://127.0.0.1:{port}/nl/jsp/soaprouter.jsp"
    )


def test_interface_methods_keep_their_own_action(caller: Caller):
    """§9: ``xtk:persist#Write`` in the WSDL of nms:recipient."""
    binding = wsdl(caller, "nms:recipient").find(f"{WSDL}binding")
    operation = binding.find(f"{WSDL}operation[@name='Write']/{SOAP}operation")
    assert operation.get("soapAction") == "xtk:persist#Write"


def test_without_a_session_one_is_sent_to_log_on(served: Served):
    """302 to a page that is HTML; the address of the WSDL comes along."""
    stranger = served.caller()
    answer = stranger.send("GET", f"{PATH}xtk:session")
    assert answer.status == 302
    place = answer.headers["Location"]
    assert place.startswith("/nl/jsp/logon.jsp?target=/nl/jsp/schemawsdl.jsp%3Fschema")
    page = stranger.send("GET", place)
    assert (page.status, page.headers["Content-Type"][:9]) == (200, "text/html")
    stranger.close()


def test_the_address_may_hold_the_session(
    served: Served, caller: Caller, monkeypatch: pytest.MonkeyPatch
):
    """Both tokens; or user/password, only where a zone allows that."""
    stranger = served.caller()
    tokens = (
        f"&__sessiontoken={caller.tokens['Cookie'].partition('=')[2]}"
        f"&__securitytoken={caller.tokens['X-Security-Token']}"
    )
    path = f"{PATH}xtk:session"
    assert stranger.send("GET", path + tokens).status == 200
    short = "&__sessiontoken=admin/admin"
    assert stranger.send("GET", path + short).status == 302
    monkeypatch.setattr(served.instance.authority, "_allow_user_password", True)
    assert stranger.send("GET", path + short).status == 200
    assert stranger.send("GET", path + short + "x").status == 302
    stranger.close()


@pytest.mark.parametrize("schema", ["nms:nothing", "", "xtk:common", "a" * 3000])
def test_what_has_no_methods_has_no_wsdl(caller: Caller, schema: str):
    """404 and why."""
    answer = caller.send("GET", f"{PATH}{schema}", headers=caller.tokens)
    assert answer.status == 404


def test_every_schema_with_methods_has_a_wsdl_that_zeep_loads(
    served: Served, caller: Caller
):
    """All of them, and every method is an operation."""
    session = requests.Session()
    session.headers.update(caller.tokens)
    transport = zeep.Transport(session=session)
    base = f"http://127.0.0.1:{served.port}"
    with_methods = [
        schema_id
        for schema_id in served.instance.world.schema_ids()
        if (schema := served.instance.world.schema(schema_id)).methods
        or schema.implements
    ]
    assert len(with_methods) > 20
    for schema_id in with_methods:
        client = zeep.Client(f"{base}{PATH}{schema_id}", transport=transport)
        names = {
            method.name for method in served.instance.world.schema(schema_id).methods
        }
        assert names <= {*client.service._operations}
    session.close()


@pytest.fixture
def stock(served: Served) -> Iterator[tuple[str, requests.Session]]:
    """A server that knows one IMS token, and requests as anybody installs it."""
    served.instance.authority.allow_bearer(Secret("ims-token"), ADMIN)
    with requests.Session() as session:
        yield f"http://127.0.0.1:{served.port}{PATH}", session


def test_stock_zeep_logs_on_queries_and_writes(stock: tuple[str, requests.Session]):
    """From the served WSDL alone: no schema, no helper, no transport of ours."""
    where, session = stock
    session.headers["Authorization"] = "Bearer ims-token"
    transport = zeep.Transport(session=session)
    logon = zeep.Client(f"{where}xtk:session", transport=transport)
    opened = logon.service.Logon(
        sessiontoken="",
        strLogin="admin",
        strPassword="admin",
        elemParameters={"_value_1": etree.Element("parameters")},
    )
    del session.headers["Authorization"]
    session.headers["X-Security-Token"] = opened.pstrSecurityToken
    session.cookies.set("__sessiontoken", opened.pstrSessionToken)
    user = opened.pSessionInfo["_value_1"].find(".//{*}userInfo")
    assert user.get("login") == "admin"

    people = zeep.Client(f"{where}nms:recipient", transport=transport)
    document = etree.fromstring(
        '<recipient xtkschema="nms:recipient" _key="@email" '
        'email="zeep@mail.example" lastName="Zeepé"/>'
    )
    people.service.Write(sessiontoken="", domDoc={"_value_1": document})

    query = etree.fromstring(
        '<queryDef schema="nms:recipient" operation="get"><select>'
        '<node expr="@lastName"/></select><where>'
        "<condition expr=\"@email = 'zeep@mail.example'\"/></where></queryDef>"
    )
    queries = zeep.Client(f"{where}xtk:queryDef", transport=transport)
    found = queries.service.ExecuteQuery(sessiontoken="", entity={"_value_1": query})
    assert found.get("lastName") == "Zeepé"

    assert (
        logon.service.GetOption(sessiontoken="", strName="XtkDatabaseId").pbtType == 6
    )
    assert logon.service.GetServerTime(sessiontoken="").tzinfo is not None
    assert logon.service.Logoff(sessiontoken="") is None
    with pytest.raises(zeep.exceptions.TransportError, match="XSV-350008"):
        logon.service.TestCnx(sessiontoken="")


def test_stock_zeep_reads_faults_and_empty_documents(
    stock: tuple[str, requests.Session],
):
    """A fault is zeep's Fault; an unchanged entity is an empty document."""
    where, session = stock
    session.headers["Authorization"] = "Bearer ims-token"
    transport = zeep.Transport(session=session)
    queries = zeep.Client(f"{where}xtk:queryDef", transport=transport)
    query = etree.fromstring('<queryDef schema="nms:nothing"/>')
    with pytest.raises(zeep.exceptions.Fault, match="SOP-330011"):
        queries.service.ExecuteQuery(sessiontoken="", entity={"_value_1": query})
    persist = zeep.Client(f"{where}xtk:session", transport=transport)
    nothing = persist.service.GetEntityIfMoreRecent(
        sessiontoken="", strPk="xtk:schema|nms:nothing", strMd5="", bMustExist=False
    )
    assert nothing is None


def test_stock_zeep_gets_objects_back(stock: tuple[str, requests.Session]):
    """SelectAll and NewInstance answer with the object in the caller's namespace."""
    where, session = stock
    session.headers["Authorization"] = "Bearer ims-token"
    transport = zeep.Transport(session=session)
    queries = zeep.Client(f"{where}xtk:queryDef", transport=transport)
    query = etree.fromstring('<queryDef schema="nms:service" operation="select"/>')
    full = queries.service.SelectAll(
        sessiontoken="", entity={"_value_1": query}, bDuplicate=False
    )
    assert full.find(".//{*}node").get("expr")
    deliveries = zeep.Client(f"{where}nms:delivery", transport=transport)
    blank = etree.fromstring('<delivery xtkschema="nms:delivery" label="Zeep"/>')
    made = deliveries.service.NewInstance(sessiontoken="", entity={"_value_1": blank})
    assert made.get("_operation") == "insert"
