-- Notices are written by the group: what one event, or one release, makes known of one conversion
-- is one row. A row per notice was the largest share of settling: 3.3 rows and index entries an
-- event, each repeating the same ids.

create table webhook_event_group (
    environment text not null,
    merchant_id uuid not null,
    position bigint generated always as identity,
    conversion_id text,
    notices json not null,
    created_at timestamptz not null,
    constraint webhook_event_group_pk primary key (environment, merchant_id, position)
) with (toast_tuple_target = 8160);
comment on table webhook_event_group is 'Notices to send, written with the change they report: those of one event about one conversion, in order. Append-only.';
comment on column webhook_event_group.environment is 'live or test';
comment on column webhook_event_group.merchant_id is 'Whose';
comment on column webhook_event_group.position is 'Order of writing';
comment on column webhook_event_group.conversion_id is 'Which conversion they are about; null: none';
comment on column webhook_event_group.notices is 'Array, at most 256, of {type, affiliateId?, commissionId?, eventId?, occurredAt, data}; text, because nothing searches in it. Never compressed: a row is written far more often than read';
comment on column webhook_event_group.created_at is 'When they were written';
create index webhook_event_group_by_conversion on webhook_event_group using hash (conversion_id);

insert into webhook_event_group (environment, merchant_id, conversion_id, notices, created_at)
select environment, merchant_id, conversion_id,
    json_build_array(json_strip_nulls(json_build_object(
        'type', type, 'affiliateId', affiliate_id, 'commissionId', commission_id,
        'eventId', event_id, 'occurredAt', occurred_at, 'data', null))::jsonb
        || jsonb_build_object('data', data)),
    created_at
from webhook_event order by position;
drop table webhook_event;

-- One notice, as its readers see it. Its position is unique, stays the same for ever and follows
-- the order of writing: the group's, and the place in it.
create view webhook_event as
select written.environment, written.merchant_id, written.position * 256 + told.place - 1 as position,
    told.notice ->> 'type' as type, (told.notice ->> 'affiliateId')::uuid as affiliate_id,
    written.conversion_id, told.notice ->> 'commissionId' as commission_id,
    told.notice ->> 'eventId' as event_id, (told.notice ->> 'occurredAt')::timestamptz as occurred_at,
    (told.notice -> 'data')::jsonb as data, written.created_at
from webhook_event_group written
cross join lateral json_array_elements(written.notices) with ordinality as told (notice, place);
comment on view webhook_event is 'Notices one by one.';
