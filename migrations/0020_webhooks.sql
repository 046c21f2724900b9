-- Delivery of notices: who is owed which group, each endpoint's numbered deliveries, every attempt,
-- and how far the log may be read.

-- An affiliate's endpoint belongs to no merchant: its rows stand under the nil merchant, as the
-- affiliate's own notices do.
alter table webhook_endpoint drop constraint webhook_endpoint_merchant_fk;
alter table webhook_endpoint add column affiliate_id uuid constraint webhook_endpoint_affiliate_fk references affiliate;
alter table webhook_endpoint add column merchant_owner_id uuid generated always as (nullif(merchant_id, '00000000-0000-0000-0000-000000000000')) stored constraint webhook_endpoint_merchant_fk references merchant;
alter table webhook_endpoint add constraint webhook_endpoint_owner check ((affiliate_id is null) = (merchant_owner_id is not null));
alter table webhook_endpoint drop constraint webhook_endpoint_format;
alter table webhook_endpoint add constraint webhook_endpoint_format check (format = 'khata' or (format = 'affiliate_order' and affiliate_id is not null));
alter table webhook_endpoint drop constraint webhook_endpoint_events;
alter table webhook_endpoint add constraint webhook_endpoint_events check (cardinality(events) between 1 and 15);
alter table webhook_endpoint add column paused_at timestamptz;
alter table webhook_endpoint add column paused_because text constraint webhook_endpoint_paused_because check (paused_because in ('owner', 'failing'));
alter table webhook_endpoint add column previous_secret_sealed bytea;
alter table webhook_endpoint add column previous_secret_until timestamptz;
update webhook_endpoint set paused_at = updated_at, paused_because = 'owner' where state = 'paused';
alter table webhook_endpoint add constraint webhook_endpoint_paused check ((state = 'paused') = (paused_at is not null) and (paused_at is null) = (paused_because is null));
alter table webhook_endpoint add constraint webhook_endpoint_previous check ((previous_secret_sealed is null) = (previous_secret_until is null));
create index webhook_endpoint_by_affiliate on webhook_endpoint (affiliate_id, environment) where affiliate_id is not null;
comment on column webhook_endpoint.merchant_id is 'Whose endpoint; the nil UUID for an affiliate''s';
comment on column webhook_endpoint.affiliate_id is 'Whose endpoint; null for a merchant''s';
comment on column webhook_endpoint.merchant_owner_id is 'The merchant when it is one''s; only there to be checked';
comment on column webhook_endpoint.format is 'How bodies are written: khata, or affiliate_order (affiliates alone)';
comment on column webhook_endpoint.paused_at is 'Since when nothing is sent; null while active';
comment on column webhook_endpoint.paused_because is 'owner: its owner wished so; failing: nothing arrived for five days';
comment on column webhook_endpoint.previous_secret_sealed is 'The secret before the last rotation, sealed as secret_sealed is; null: there is none';
comment on column webhook_endpoint.previous_secret_until is 'Until when deliveries are signed with it too';

create table webhook_lane (
    environment text not null,
    merchant_id uuid not null,
    endpoint_id uuid not null,
    last_sequence bigint not null default 0,
    due_at timestamptz,
    failures_in_row integer not null default 0,
    failing_since timestamptz,
    rests_until timestamptz,
    lease_until timestamptz,
    lease_token uuid,
    constraint webhook_lane_pk primary key (environment, merchant_id, endpoint_id),
    constraint webhook_lane_endpoint_fk foreign key (environment, merchant_id, endpoint_id) references webhook_endpoint on delete cascade,
    constraint webhook_lane_lease check ((lease_until is null) = (lease_token is null))
) with (fillfactor = 50);
comment on table webhook_lane is 'One per endpoint: where its deliveries stand. What one endpoint does delays no other.';
comment on column webhook_lane.environment is 'live or test';
comment on column webhook_lane.merchant_id is 'The endpoint''s';
comment on column webhook_lane.endpoint_id is 'Which endpoint';
comment on column webhook_lane.last_sequence is 'The number of its newest delivery; numbers have no gaps';
comment on column webhook_lane.due_at is 'When it has something to send at the earliest, real time; null: nothing waits';
comment on column webhook_lane.failures_in_row is 'Attempts that failed since the last one that arrived';
comment on column webhook_lane.failing_since is 'When the first of them failed; null: none did';
comment on column webhook_lane.rests_until is 'Nothing is tried before, because it fails; null: it does not';
comment on column webhook_lane.lease_until is 'Until when a node alone sends on it; null: none does';
comment on column webhook_lane.lease_token is 'That node''s token of this lease';
create index webhook_lane_due on webhook_lane (due_at) where due_at is not null;
insert into webhook_lane (environment, merchant_id, endpoint_id) select environment, merchant_id, endpoint_id from webhook_endpoint;
create function open_webhook_lane() returns trigger language plpgsql as $$
begin
    insert into webhook_lane (environment, merchant_id, endpoint_id) values (new.environment, new.merchant_id, new.endpoint_id);
    return null;
end
$$;
comment on function open_webhook_lane is 'Every endpoint has its lane, whoever makes it.';
create trigger webhook_endpoint_lane after insert on webhook_endpoint for each row execute function open_webhook_lane();

create table webhook_due (
    environment text not null,
    merchant_id uuid not null,
    endpoint_id uuid not null,
    position bigint not null,
    positions bigint[] not null constraint webhook_due_positions check (positions[1] = position),
    log_merchant_id uuid not null,
    created_at timestamptz not null,
    constraint webhook_due_pk primary key (environment, merchant_id, endpoint_id, position),
    constraint webhook_due_lane_fk foreign key (environment, merchant_id, endpoint_id) references webhook_lane on delete cascade
);
comment on table webhook_due is 'Groups of notices that an endpoint has not been given its deliveries of; written with the groups, one row for many of them.';
comment on column webhook_due.environment is 'live or test';
comment on column webhook_due.merchant_id is 'The endpoint''s';
comment on column webhook_due.endpoint_id is 'Which endpoint';
comment on column webhook_due.position is 'The first of the groups';
comment on column webhook_due.positions is 'Which groups, in their order';
comment on column webhook_due.log_merchant_id is 'Under which merchant the groups stand; the nil UUID for an affiliate''s own';
comment on column webhook_due.created_at is 'When they were written';

create table webhook_delivery (
    environment text not null,
    merchant_id uuid not null,
    endpoint_id uuid not null,
    sequence bigint not null,
    position bigint,
    message_id text not null,
    type text not null,
    body text not null,
    state text not null constraint webhook_delivery_state check (state in ('pending', 'delivered', 'dead')),
    attempts integer not null default 0,
    tries integer not null default 0,
    next_attempt_at timestamptz,
    created_at timestamptz not null,
    ended_at timestamptz,
    constraint webhook_delivery_pk primary key (environment, merchant_id, endpoint_id, sequence, created_at),
    constraint webhook_delivery_pending check ((state = 'pending') = (next_attempt_at is not null))
) partition by range (created_at);
comment on table webhook_delivery is 'One notice for one endpoint. Its body and id stay the same over all attempts. Partitioned by month; dropping a partition is retention.';
comment on column webhook_delivery.environment is 'live or test';
comment on column webhook_delivery.merchant_id is 'The endpoint''s';
comment on column webhook_delivery.endpoint_id is 'Which endpoint';
comment on column webhook_delivery.sequence is 'Its number on this endpoint, from 1, without gaps';
comment on column webhook_delivery.position is 'Which notice of the log; null for a ping';
comment on column webhook_delivery.message_id is 'webhook-id: from what is told, so that it is the same whenever the same is told';
comment on column webhook_delivery.type is 'Type of the notice';
comment on column webhook_delivery.body is 'What is sent, byte for byte';
comment on column webhook_delivery.state is 'pending: it is tried; delivered: it arrived; dead: given up';
comment on column webhook_delivery.attempts is 'How often it was tried in all';
comment on column webhook_delivery.tries is 'How often since it was last put on its schedule';
comment on column webhook_delivery.next_attempt_at is 'When it is tried next, real time; null once it ended';
comment on column webhook_delivery.created_at is 'When it was numbered, real time';
comment on column webhook_delivery.ended_at is 'When it arrived or was given up';
create index webhook_delivery_pending on webhook_delivery (environment, merchant_id, endpoint_id, next_attempt_at, sequence) where state = 'pending';

create table webhook_attempt (
    environment text not null,
    merchant_id uuid not null,
    endpoint_id uuid not null,
    sequence bigint not null,
    attempt integer not null,
    started_at timestamptz not null,
    duration_ms integer not null,
    status integer,
    fault text,
    answer bytea,
    constraint webhook_attempt_pk primary key (environment, merchant_id, endpoint_id, sequence, attempt, started_at)
) partition by range (started_at);
comment on table webhook_attempt is 'Every attempt to deliver. Partitioned by month; dropping a partition is retention.';
comment on column webhook_attempt.environment is 'live or test';
comment on column webhook_attempt.merchant_id is 'The endpoint''s';
comment on column webhook_attempt.endpoint_id is 'Which endpoint';
comment on column webhook_attempt.sequence is 'Which delivery';
comment on column webhook_attempt.attempt is 'Which attempt of it, from 1';
comment on column webhook_attempt.started_at is 'When it began, real time';
comment on column webhook_attempt.duration_ms is 'How long it took, in milliseconds';
comment on column webhook_attempt.status is 'HTTP status; null: none came';
comment on column webhook_attempt.fault is 'Why it failed where a status alone does not say it; null: it does';
comment on column webhook_attempt.answer is 'The first 4 KiB of the answer; null: none came';

-- A delivery is written twice, numbered and then ended: with room on its page the second version
-- stays there.
create or replace function ensure_month_partition(parent text, at timestamptz) returns void
language plpgsql as $$
declare
    begins timestamptz := date_trunc('month', at, 'UTC');
    ends timestamptz := date_trunc('month', at, 'UTC') + interval '1 month';
    part text := format('%s_%s', parent, to_char(begins at time zone 'UTC', 'YYYYMM'));
    room text := case parent
        when 'inbox' then ' with (fillfactor = 45)'
        when 'webhook_delivery' then ' with (fillfactor = 60)'
        else ''
    end;
begin
    if to_regclass(part) is null then
        perform pg_advisory_xact_lock(hashtext('ensure_month_partition'));
        execute format('create table if not exists %I partition of %I for values from (%L) to (%L)%s', part, parent, begins, ends, room);
    end if;
end
$$;
comment on function ensure_month_partition is 'Makes the UTC month''s partition of inbox, click, request_log, call_tally, webhook_delivery or webhook_attempt when it is missing.';

create table webhook_mark (
    position bigint constraint webhook_mark_pk primary key,
    transaction_id bigint not null,
    marked_at timestamptz not null
);
comment on table webhook_mark is 'How far the log of notices had been given out at some moments. Positions are given out before their rows can be seen; up to a mark none is still to come once every transaction of its moment has ended.';
comment on column webhook_mark.position is 'The newest position of a group given out by then';
comment on column webhook_mark.transaction_id is 'The first transaction id not yet given out then (pg_snapshot_xmax)';
comment on column webhook_mark.marked_at is 'When';
