"""The queries of Adobe's pages "Data oriented APIs", "Query the database with queryDef"
and the migration guide, asked as they are printed there (ids and names are theirs)."""

from __future__ import annotations

import pytest

from campaign_magics.sandbox.faults import Fault

ANSWERED = {
    "get with a filter on the e-mail, ours": """
        <queryDef schema="nms:recipient" operation="getIfExists"><select>
        <node expr="@firstName"/><node expr="@lastName"/></select>
        <where><condition expr="@email= 'john.doe@aol.com'"/></where></queryDef>""",
    "select on folder and domain": """
        <queryDef schema="nms:recipient" operation="select"><select>
        <node expr="@email"/><node expr="@lastName+'-'+@firstName"/>
        <node expr="Year(@birthDate)"/></select><where>
        <condition expr="[@folder-id] = 1234 and @domain like 'Adobe%'"/></where>
        <orderBy><node expr="@birthDate" sortDesc="true"/></orderBy></queryDef>""",
    "count": """
        <queryDef schema="nms:recipient" operation="count"><where>
        <condition expr="[@folder-id] = 1234 and @domain like 'Adobe%'"/></where>
        </queryDef>""",
    "grouping, in the page's own spelling": """
        <queryDef schema="nms:recipient" operation="select"><select>
        <node expr="@email"/><node expr="count(@email)"/></select>
        <groupby><node expr="@email"/></groupby>
        <having><condition expr="count(@email) > 1"/></having></queryDef>""",
    "grouping by attribute": """
        <queryDef schema="nms:recipient"><select>
        <node expr="@email" groupBy="true"/></select></queryDef>""",
    "bracketing in one expression": """
        <queryDef schema="nms:recipient"><select><node expr="@id"/></select><where>
        <condition expr="(@age > 15 or @age &lt;= 45) and
        ([location/@city] = 'Newton' or [location/@city] = 'Culver City') "/></where>
        </queryDef>""",
    "IN lists": """
        <queryDef schema="nms:recipient"><select><node expr="@id"/></select><where>
        <condition><condition expr="@age IN (15, 45)"/>
        <condition expr="[location/@city] IN ('Newton', 'Culver City')"/></condition>
        </where></queryDef>""",
    "a link's label and the folder of older releases": """
        <queryDef schema="nms:recipient"><select><node expr="[folder/@label]"/>
        <node expr="folder"/></select><where>
        <condition expr="[folder/@label] like 'Segment%'"/></where></queryDef>""",
    "a sub-list that is still valid": """
        <queryDef schema="nms:recipient" operation="select"><select>
        <node expr="@email"/><node expr="subscription"><node expr="[service/@label]"/>
        <where><condition expr="@expirationDate >= GetDate()"/></where>
        <orderBy><node expr="@expirationDate"/></orderBy></node></select></queryDef>""",
    "values bound and not": """
        <queryDef schema="nms:recipient"><select>
        <node expr="@created = #2002/02/01#"/>
        <node expr="@created = #2002/02/01#" noSqlBind="true"/></select></queryDef>""",
    "an alias": """
        <queryDef schema="nms:recipient" operation="get"><select>
        <node expr="@firstName" alias="@firstName"/><node expr="@lastName"/>
        <node expr="[folder/@label]" alias="@My_folder"/></select></queryDef>""",
    "deliveries that are no proofs": """
        <queryDef schema="nms:delivery" operation="select" lineCount="3"><select>
        <node expr="@id"/><node expr="@label"/><node expr="@created"/></select><where>
        <condition expr="@label NOT LIKE '%Proof%'" bool-operator="AND"/>
        <condition expr="@created &lt;= '2024-12-01'" bool-operator="AND"/></where>
        <orderBy><node expr="@lastModified" sortDesc="true"/></orderBy></queryDef>""",
    "technical workflows": """
        <queryDef schema="xtk:workflow" operation="select"><select>
        <node expr="@id"/><node expr="@label"/><node expr="@internalName"/></select>
        <where><condition expr="[folder/@name]='nmsTechnicalWorkflow'"/>
        <condition expr="@production = 1"/></where>
        <orderBy><node expr="@internalName" sortDesc="false"/></orderBy></queryDef>""",
    "tracking logs by day": """
        <queryDef schema="nms:trackingLogRcp" operation="select"><select>
        <node expr="DateOnly(@logDate)" groupBy="1"/>
        <node expr="count(@id)" alias="@count"/>
        <node expr="countDistinct([@broadLog-id])" alias="@distinctCount"/></select>
        <where><condition expr="@logDate IS NOT NULL AND @logDate &lt; #2024-12-01#
        AND [@url-id] &lt;&gt; 1"/></where></queryDef>""",
    "a count as a node": """
        <queryDef schema="nms:recipient" operation="get"><select>
        <node expr="Count(@id)" alias="@count"/></select><where>
        <condition expr="@blackList = 0"/></where></queryDef>""",
    "an analysed enumeration of a mapping": """
        <queryDef schema="nms:deliveryMapping" operation="getIfExists"><select>
        <node expr="@id"/><node expr="@name"/>
        <node expr="[storage/@exclusionType]" analyze="true"/></select>
        <where><condition expr="@name='mapRecipient'"/></where></queryDef>""",
    "pages": """
        <queryDef schema="nms:recipient" lineCount="2" startLine="2"><select>
        <node expr="@id"/><node expr="@email"/></select>
        <orderBy><node expr="@id"/></orderBy></queryDef>""",
    "e-mails that occur twice in a folder": """
        <queryDef schema="nms:recipient"><select><node expr="@id"/></select><where>
        <condition expr="@email" setOperator="IN" internalId="1">
        <subQuery schema="nms:recipient"><select><node expr="@email"/></select>
        <where><condition expr="[@folder-id]=$(folderId)"/></where>
        <groupBy><node expr="@email"/></groupBy>
        <having><condition expr="count(@email)>1"/></having></subQuery></condition>
        </where></queryDef>""",
    "workflows in pause or error, with a field selected twice": """
        <queryDef schema="xtk:workflow" operation="select"><select>
        <node expr="@internalName"/><node expr="@state"/><node expr="@label"/>
        <node expr="@failed"/><node expr="@state"/></select>
        <where id="12837805386">
        <condition boolOperator="AND" expr="[folder/@name] = 'Folder20'"/>
        <condition boolOperator="AND" internalId="2">
        <condition boolOperator="OR" expr="@state = 20" internalId="3"/>
        <condition expr="@state = 13" internalId="4"/></condition></where>
        </queryDef>""",
    "recent messages": """
        <queryDef schema="nms:broadLogRcp" operation="getIfExists" lineCount="1">
        <select><node expr="@id" alias="@midInSMSId"/></select><where>
        <condition expr="@id != 0"/>
        <condition expr="@eventDate > SubHours(GetDate(), 24)"/></where>
        <orderBy><node expr="@id"/></orderBy></queryDef>""",
}


@pytest.mark.parametrize("name", ANSWERED)
def test_documented_queries_are_answered(mixed, name):
    """No fault: it works unchanged."""
    assert mixed.ask(ANSWERED[name]).startswith("<")


REFUSED = {
    "get finds nobody": (
        """<queryDef schema="nms:recipient" operation="get"><select>
        <node expr="@firstName"/></select>
        <where><condition expr="@email= 'john.doe@aol.com'"/></where></queryDef>""",
        "No 'nms:recipient' document",
    ),
    "count(*) is no more": (
        """<queryDef schema="nms:recipient"><select><node expr="count(*)"/></select>
        </queryDef>""",
        "XTK-1700",
    ),
    "SQL data is no more": (
        """<queryDef schema="nms:recipient"><select><node expr="@id"/></select><where>
        <condition expr="@id NOT IN ([SQLDATA[SELECT iOperatorId FROM X]])"/></where>
        </queryDef>""",
        "XTK-1700",
    ),
    "SQL conditions are no more": (
        """<queryDef schema="nms:recipient"><select><node expr="@id"/></select><where>
        <condition sql="sEmail in (select sEmail from nmsRecipient)"/></where>
        </queryDef>""",
        "SQL in a condition is refused",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_documented_refusals_are_faults(mixed, name):
    """The pages name these as errors."""
    query, cause = REFUSED[name]
    with pytest.raises(Fault, match="SOP-330011") as caught:
        mixed.ask(query)
    assert cause in caught.value.detail
