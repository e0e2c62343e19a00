-- The sandbox's tables under the names that a query uses, so that DuckDB can run the
-- same SQL.  Links are structs.  Record 0, which no query finds, is left out.
CREATE SCHEMA nms;
CREATE SCHEMA xtk;
CREATE VIEW xtk.folder AS
  SELECT f.iFolderId AS id, f.sName AS name, f.sLabel AS label, f.sModel AS model,
    f.sFullName AS fullName, f.iParentId AS "parent-id", f.iOrder AS "order",
    {'id': p.iFolderId, 'name': p.sName, 'label': p.sLabel} AS parent
  FROM XtkFolder f LEFT JOIN XtkFolder p ON p.iFolderId = f.iParentId
  WHERE f.iFolderId <> 0;
CREATE VIEW nms.recipient AS
  SELECT r.iRecipientId AS id, r.sEmail AS email, r.sFirstName AS firstName,
    r.sMiddleName AS middleName, r.sLastName AS lastName, r.sSalutation AS salutation,
    r.iGender AS gender, r.iStatus AS status, r.iEmailFormat AS emailFormat,
    r.sLanguage AS language, r.sCompany AS company, r.sAccount AS account,
    r.sOrigin AS origin, r.sPhone AS phone, r.tsBirthDate AS birthDate,
    r.tsCreated AS created, r.tsLastModified AS lastModified,
    r.iBlackList = 1 AS blackList, r.iFolderId AS "folder-id",
    date_sub('year', r.tsBirthDate, DATE '2026-03-15') AS age,
    {'city': r.sCity, 'zipCode': r.sZipCode, 'countryCode': r.sCountryCode} AS location,
    {'id': f.iFolderId, 'name': f.sName, 'label': f.sLabel,
     'parent': {'id': p.iFolderId, 'name': p.sName, 'label': p.sLabel}} AS folder,
    {'id': c.iCountryId, 'isoA2': c.sIsoA2, 'isoA3': c.sIsoA3, 'label': c.sLabel}
      AS country
  FROM NmsRecipient r
  LEFT JOIN XtkFolder f ON f.iFolderId = r.iFolderId
  LEFT JOIN XtkFolder p ON p.iFolderId = f.iParentId
  LEFT JOIN NmsCountry c ON c.sIsoA2 = r.sCountryCode
  WHERE r.iRecipientId <> 0;
CREATE VIEW nms.service AS
  SELECT iServiceId AS id, sName AS name, sLabel AS label, iType AS messageType,
    iMode AS mode, tsCreated AS created
  FROM NmsService WHERE iServiceId <> 0;
CREATE VIEW nms.subscription AS
  SELECT s.tsCreated AS created, s.tsExpirationDate AS expirationDate,
    s.iValidated = 1 AS validated, s.iRecipientId AS "recipient-id",
    s.iServiceId AS "service-id",
    {'id': v.iServiceId, 'name': v.sName, 'label': v.sLabel} AS service,
    {'id': r.iRecipientId, 'email': r.sEmail, 'lastName': r.sLastName,
     'gender': r.iGender} AS recipient
  FROM NmsSubscription s
  LEFT JOIN NmsService v ON v.iServiceId = s.iServiceId
  LEFT JOIN NmsRecipient r ON r.iRecipientId = s.iRecipientId;
CREATE VIEW nms.delivery AS
  SELECT iDeliveryId AS id, sInternalName AS internalName, sLabel AS label,
    iState AS state, iMessageType AS messageType, iIsModel = 1 AS isModel,
    tsCreated AS created,
    {'processed': iProcessed, 'success': iSuccess, 'error': iError} AS indicators
  FROM NmsDelivery WHERE iDeliveryId <> 0;
CREATE VIEW nms.broadLogRcp AS
  SELECT b.sBroadLogRcpId AS id, b.sAddress AS address, b.iStatus AS status,
    b.tsEvent AS eventDate, b.iAttempts AS attempts, b.sSegmentCode AS segmentCode,
    b.iDeliveryId AS "delivery-id", b.iRecipientId AS "recipient-id",
    {'id': d.iDeliveryId, 'label': d.sLabel, 'state': d.iState,
     'internalName': d.sInternalName} AS delivery,
    {'id': r.iRecipientId, 'email': r.sEmail, 'lastName': r.sLastName,
     'gender': r.iGender, 'location': {'city': r.sCity}} AS recipient,
    {'text': m.sText, 'failureReason': m.iFailureReason} AS msg
  FROM NmsBroadLogRcp b
  LEFT JOIN NmsDelivery d ON d.iDeliveryId = b.iDeliveryId
  LEFT JOIN NmsRecipient r ON r.iRecipientId = b.iRecipientId
  LEFT JOIN NmsBroadLogMsg m ON m.iBroadLogMsgId = b.iMsgId;
CREATE VIEW nms.trackingLogRcp AS
  SELECT t.sTrackingLogRcpId AS id, t.tsLog AS logDate, t.iDeviceType AS deviceType,
    t.iRecipientId AS "recipient-id", t.iDeliveryId AS "delivery-id",
    {'label': d.sLabel} AS delivery
  FROM NmsTrackingLogRcp t
  LEFT JOIN NmsDelivery d ON d.iDeliveryId = t.iDeliveryId;
CREATE VIEW nms.rcpGrpRel AS
  SELECT g.iRecipientId AS "recipient-id", g.iGroupId AS "rcpGroup-id",
    {'id': p.iGroupId, 'name': p.sName, 'label': p.sLabel} AS rcpGroup
  FROM NmsRcpGrpRel g LEFT JOIN NmsGroup p ON p.iGroupId = g.iGroupId;
