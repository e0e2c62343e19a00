"""Expressions that Adobe's pages and SDK show must read as they are written there.

Pages: "Data oriented APIs", "Schema structure", "Form structure", "Links",
"General configurations" (SQLData), "Indicator calculation", "Filters", the Campaign
v8 queryDef pages; the README of acc-js-sdk.
"""

import pytest

from campaign_magics.xtk.errors import ExpressionError
from campaign_magics.xtk.parser import parse
from campaign_magics.xtk.printer import to_source

pytestmark = pytest.mark.pure

SHOWN = r"""
@email
@Id
@id
@midInSMSId
desc
memoValue
subscription
htmlSource_jst
1
0
true
FALSE
'string'
'Test'
'nms:offer'
subscription/@label
[folder/@label]
[service/@label]
[location/@zipCode]
[indicators/@estimatedRecipientOpenRatio]
[WebpushParameters/@richMediaOptions]
[@operator-id]
[@modifiedBy-id]
[job/@pid]
@type = 1
@type=0
@isImage = true
@isMessageCenter=true
@state = 20
@id = 12345
@id=1246
@midInSMSId != 0
@age > 25
@age <= 45
@name ='Doe'
@name = 'Newsletter'
@name='{name}'
@lastName='Garcia'
@email!=''
@email IS NOT NULL
@email = 'peter.martinez@adobe.com'
@email= 'john.doe@aol.com'
@domain =  'adobe.com '
[@email]='johnlennon@thebeatles.com'
[@lastName]='Smith'
[@firstName]='Chris'
[folder/@name] = 'Folder20'
[folder/@name]='wfExamples'
[folder/@label]='Training'
[folder/@label] like 'Segment%'
[enum/@name]='eventType'
[url/@type] = 2
[@folder-id] = 1234
[@job-id]=99
[@job-id]=[../job/@id]
[@folder-id]=$(folderId)
[@group-id]=$long(../@owner-id)
[@folder-id] = 1234 and @domain like 'Adobe%'
[validation/@sandboxMode]=0 AND @state>=45
@namespace = 'nms' and @name='recipient'
@name = 'Alex' or @name = 'Joe\'s'
@entitySchema IN ('xtk:schema', 'xtk:srcSchema')
@city IN ('Newton', 'Culver City')
@age IN (15, 45)
@label LIKE '%Proof%'
@label NOT LIKE '%Proof%'
(@age > 15 or @age <= 45) and  (@city = 'Newton' or @city = 'Culver City')
@created <= '2024-12-01'
@startDate = #2002/02/01#
@expirationDate >= GetDate()
@created > SubHours(GetDate(), 24)
@lastModified > = #2020-12-31T12:34:56.789Z#
@city=[currentOperator/location/@city]
[/ignored/@action] == 'FCP'
/tmp/@test != ''
([/tmp/@test] == 'Test' or @lastName != 'Doe') and @boolean2 == true
Iif([/tmp/@flag]=='On', true, false)
@gender >= 1 and @gender != 2
@boolean1=true or @boolean2=false
@gender+1
@email + '('+@created+')'
@lastName + ' ' + @firstName +' (' + @email + ')'
@lastName+'-'+@firstName
@label + Iif(@code='','', ' (' + [folder/@label] + ')')
@line1+'n'+@line2+'n'+@line3+'n'+@line4+'n'+@line5+'n'+@line6
ToString(@date) + ' - ' + @number
ToString([@rcpGroup-id]) + ',' + ToString([@recipient-id])
Upper([../address/@line2])
SubString(JuxtWords(Smart([../infos/@firstname]), Upper([../infos/@name])), 1, 80)
AllNonNull2([../address/@line], [../infos/@name])
GetEmailDomain([@email])
GetEmailDomain(@email)='adobe.com'
Lower([@label]) LIKE '%50\%%'
GetDate()
Year(@birthDate)
Month(GetDate())
DateOnly(@logDate)
SubDays([target/@birthDate], 7)
count(@id)
Count(@id)
count(@email) > 1
count(@logType)>1
count([newsgroup/@id])
countDistinct([@broadLog-id])
Countdistinct ([@broadLog-id])
Countdistinct(Iif([url/@type]=1, @broadLog-id, 0))
Countdistinct(Iif([url/@type]=1, @source-id, 0))
Sum([delivery-linkedDelivery/properties/@toDeliver])
Sum(Iif([url/@type]=5, webTrackingLog/@amount, 0))
Sum(iIf([url/@category]='delicious',@totalClicks,0))
Sum(iIf([url/@category]="email",@totalClicks,0))
count (Iif([url/@type] = 2, @id, 0))
count(Iif([@url-id] != 1, @totalClicks, 0))
count(Iif([url/@type]=4 or [url/@type]=5, @id, 0))
Count(@status=2 and msg/@failureReason=20)
percent(@forward, sum(@forward))
Iif(([@toDeliver] - [@text]) = 0, 0, round(toDouble(@recipientOpen) * [@toDeliver] / ([@toDeliver] - [@text]), 0))
@personClick - @recipientClick
@prepared + @error + @success
@totalVisitors / @days
hasNamedRight('admin')=false
$(loginId)!=0
$(login)=='admin'
$(hostname)!='front_srv2'
$(/ignored/@ownerType)=1
$(/tmp/@text)='agency'
$(@_context) = 'selection' and $(@_hasFilter) = false
@id = $noescaping(@_selection)
$(instance/vars/@xxx)
$date(instance/vars/@startPlanningDate)
$([vars/selectedDelivery])
'$(var2/@id)'!=''
""".strip().splitlines()  # noqa: E501


@pytest.mark.parametrize("text", SHOWN)
def test_a_documented_expression_reads_and_round_trips(text):
    tree = parse(text)
    assert parse(to_source(tree)) == tree


def test_there_are_at_least_eighty_of_them():
    assert len(set(SHOWN)) >= 80


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (
            "@id NOT IN ([SQLDATA[SELECT iOperatorId FROM XtkOperatorGroup]])",
            "replaced by subQuery in Campaign v7",
        ),
        ("count(*)", "replaced by CountAll() in Campaign v7"),
        ("[location/@city] =  'Newton", "the quote is missing on the page"),
        ("[target/recipient.@lastName]", "a web application's page, not a query"),
        ("format(@x, 'number', '#,##0.00')", "a function of reports"),
    ],
)
def test_what_the_pages_show_and_a_query_refuses(text, why):
    with pytest.raises(ExpressionError):
        parse(text)
