-- What merchants' calls came to: a row per signed call, counts of the rest, keys' last use.

create table request_log (
    environment text not null,
    merchant_id uuid not null,
    received_at timestamptz not null,
    request_log_id text not null,
    key_id text not null,
    method text not null,
    path text not null,
    route text not null,
    status smallint not null,
    code text,
    latency_ms bigint not null,
    request_id text not null,
    event_id text,
    taken text constraint request_log_taken check (taken in ('RECEIVED', 'DUPLICATE', 'REPEATED')),
    faults jsonb not null,
    content_bytes bigint,
    stored_at timestamptz not null,
    constraint request_log_pk primary key (environment, merchant_id, received_at, request_log_id)
) partition by range (received_at);
comment on table request_log is 'Signed calls and what they came to; no bodies, secrets, signatures or addresses. Partitioned by month; dropping a partition is retention.';
comment on column request_log.environment is 'live or test';
comment on column request_log.merchant_id is 'Whose key the call named';
comment on column request_log.received_at is 'When it came, on the edge''s clock, to the millisecond';
comment on column request_log.request_log_id is 'call_ and 16 hex digits, drawn at the edge: request ids are the clients'' choice';
comment on column request_log.key_id is 'The key it named';
comment on column request_log.method is 'In capitals';
comment on column request_log.path is 'Without the query';
comment on column request_log.route is 'The path with a name for each id';
comment on column request_log.status is 'The answer''s HTTP status';
comment on column request_log.code is 'The log code of a refusal (PRODUCT §2); null when it was answered';
comment on column request_log.latency_ms is 'Milliseconds from its coming to its answer, at the edge';
comment on column request_log.request_id is 'The request id told to the client';
comment on column request_log.event_id is 'The event it made or met; null when the answer names none';
comment on column request_log.taken is 'What became of its event: stored, known, or the first answer again; null for other calls';
comment on column request_log.faults is 'The faults told to the client, a JSON array of sentences';
comment on column request_log.content_bytes is 'Bytes of the body, as its header told; null when it did not';
comment on column request_log.stored_at is 'When settlement stored it';
create index request_log_by_request on request_log using hash (request_id);
create index request_log_by_event on request_log using hash (event_id);

create table call_tally (
    environment text not null,
    merchant_id uuid not null,
    minute_at timestamptz not null,
    call_tally_id text not null,
    key_id text,
    reason text not null constraint call_tally_reason check (reason in ('missing_key', 'unknown_key', 'unproven', 'rate_limited', 'dropped')),
    calls bigint not null,
    stored_at timestamptz not null,
    constraint call_tally_pk primary key (environment, merchant_id, minute_at, call_tally_id)
) partition by range (minute_at);
comment on table call_tally is 'Calls that are only counted, a row per isolate of the edge and sending. Partitioned by month.';
comment on column call_tally.environment is 'live or test; live when they named no key there is';
comment on column call_tally.merchant_id is 'Whose key they named; the nil UUID when they named none there is';
comment on column call_tally.minute_at is 'When their minute began, on the edge''s clock';
comment on column call_tally.call_tally_id is 'tally_ and 16 hex digits, drawn at the edge';
comment on column call_tally.key_id is 'The key they named; null when there is none of that name';
comment on column call_tally.reason is 'missing_key, unknown_key; unproven (401) and rate_limited (429) beyond 60 a minute; dropped: rows that no object took';
comment on column call_tally.calls is 'How many';
comment on column call_tally.stored_at is 'When settlement stored it';

alter table api_key add column last_used_at timestamptz;
comment on column api_key.last_used_at is 'When the newest call came that proved its signature, on the edge''s clock; null: none yet';

comment on function ensure_month_partition is 'Makes the UTC month''s partition of inbox, click, request_log or call_tally when it is missing.';
