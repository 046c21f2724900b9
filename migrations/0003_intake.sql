-- What comes from the edge: streams, the inbox, clicks; and what goes to it: the directory.

create table edge_stream (
    object text not null,
    epoch text not null,
    stored_seq bigint not null,
    highest_seq bigint not null,
    edge_time_at timestamptz not null,
    first_seen_at timestamptz not null,
    constraint edge_stream_pk primary key (object, epoch)
);
comment on table edge_stream is 'One stream of one object at the edge; a wiped object begins a new one.';
comment on column edge_stream.object is 'The object''s name: merchant:environment, or clicks-N';
comment on column edge_stream.epoch is 'The random number the object drew at birth, 16 hex digits';
comment on column edge_stream.stored_seq is 'Everything up to here is in the inbox';
comment on column edge_stream.highest_seq is 'The highest seq the object has named; above stored_seq: some is still out';
comment on column edge_stream.edge_time_at is 'The edge''s clock at its last batch';
comment on column edge_stream.first_seen_at is 'When the first batch came';

create table settle_cursor (
    object text not null,
    epoch text not null,
    settled_seq bigint not null,
    constraint settle_cursor_pk primary key (object, epoch)
);
comment on table settle_cursor is 'How far each intake stream is settled. Its row lock is the settling node''s lease.';
comment on column settle_cursor.object is 'The object''s name';
comment on column settle_cursor.epoch is 'The stream';
comment on column settle_cursor.settled_seq is 'Everything up to here has an outcome or is parked';

create table inbox (
    environment text not null,
    merchant_id uuid not null,
    received_at timestamptz not null,
    event_id text not null,
    object text not null,
    epoch text not null,
    seq bigint not null,
    kind text not null constraint inbox_kind check (kind in ('conversion', 'order_status', 'clock_advance')),
    key_id text not null,
    body bytea not null,
    stored_at timestamptz not null,
    state text not null default 'received' constraint inbox_state check (state in ('received', 'applied', 'skipped', 'parked', 'failed')),
    code text,
    detail text,
    conversion_id text,
    commission_id text,
    settled_at timestamptz,
    constraint inbox_pk primary key (environment, merchant_id, received_at, event_id)
) partition by range (received_at);
comment on table inbox is 'Every accepted event, as sent, with its outcome. Partitioned by month, kept as long as the books.';
comment on column inbox.environment is 'live or test';
comment on column inbox.merchant_id is 'Who signed it';
comment on column inbox.received_at is 'When the edge accepted it, on the edge''s clock; travels with the event';
comment on column inbox.event_id is 'Prefix and place in the stream';
comment on column inbox.object is 'The stream''s object';
comment on column inbox.epoch is 'The stream';
comment on column inbox.seq is 'The place in it, gapless from 1';
comment on column inbox.kind is 'conversion, order_status or clock_advance';
comment on column inbox.key_id is 'The key that signed it';
comment on column inbox.body is 'The event as the edge sent it, UTF-8 JSON';
comment on column inbox.stored_at is 'When settlement stored it';
comment on column inbox.state is 'received, then applied, skipped, parked or failed';
comment on column inbox.code is 'Outcome code (MONEY §10); null while received';
comment on column inbox.detail is 'The outcome in a sentence';
comment on column inbox.conversion_id is 'The conversion it made or met';
comment on column inbox.commission_id is 'The commission it made or met';
comment on column inbox.settled_at is 'When it got its last outcome';
create index inbox_by_stream on inbox (object, epoch, seq);
create index inbox_by_event on inbox (event_id);

create table parked_event (
    environment text not null,
    merchant_id uuid not null,
    event_id text not null,
    received_at timestamptz not null,
    conversion_id text not null,
    link_number bigint,
    parked_at timestamptz not null,
    expires_at timestamptz not null,
    constraint parked_event_pk primary key (environment, merchant_id, event_id)
);
comment on table parked_event is 'Events that wait for their missing half; deleted when they go on.';
comment on column parked_event.environment is 'live or test';
comment on column parked_event.merchant_id is 'Who signed it';
comment on column parked_event.event_id is 'Which event';
comment on column parked_event.received_at is 'Its inbox partition';
comment on column parked_event.conversion_id is 'The conversion it belongs to, there or not';
comment on column parked_event.link_number is 'The unknown link a conversion waits for; null: a status waits for its conversion';
comment on column parked_event.parked_at is 'Since when';
comment on column parked_event.expires_at is 'When it goes on without the missing half';
create index parked_event_by_conversion on parked_event (environment, merchant_id, conversion_id);
create index parked_event_by_link on parked_event (link_number) where link_number is not null;
create index parked_event_by_expiry on parked_event (expires_at);

create table clock_move (
    environment text not null constraint clock_move_test_only check (environment = 'test'),
    merchant_id uuid not null,
    event_id text not null,
    real_at timestamptz not null,
    seconds integer not null constraint clock_move_forward check (seconds between 1 and 31622400),
    constraint clock_move_pk primary key (environment, merchant_id, event_id)
);
comment on table clock_move is 'Moves of a merchant''s test clock. Test time is real time plus the moves made by then.';
comment on column clock_move.environment is 'Always test';
comment on column clock_move.merchant_id is 'Whose test clock';
comment on column clock_move.event_id is 'The event that moved it';
comment on column clock_move.real_at is 'From which real instant, a whole second';
comment on column clock_move.seconds is 'How far forward';

create table click (
    environment text not null,
    merchant_id uuid not null,
    clicked_at timestamptz not null,
    click_id text not null,
    link_number bigint not null,
    affiliate_id uuid,
    campaign_id uuid,
    class text not null constraint click_class check (class in ('human', 'bot', 'preview', 'prefetch', 'head', 'duplicate')),
    reason text not null,
    shopper_hash text,
    country text,
    private boolean not null,
    sub_ids text[] not null default '{}',
    stored_at timestamptz not null,
    constraint click_pk primary key (environment, merchant_id, clicked_at, click_id)
) partition by range (clicked_at);
comment on table click is 'Followed links. Partitioned by month; dropping a partition is retention. Never needed to attribute.';
comment on column click.environment is 'live or test; live when the link is not known';
comment on column click.merchant_id is 'Whose link; the nil UUID when the link is not known';
comment on column click.clicked_at is 'On the edge''s clock, to the millisecond';
comment on column click.click_id is 'The id minted for it';
comment on column click.link_number is 'Which link';
comment on column click.affiliate_id is 'Who shared it; null when the link is not known';
comment on column click.campaign_id is 'Under which campaign; null when the link is not known';
comment on column click.class is 'human counts in headlines; the others are kept apart';
comment on column click.reason is 'Why that class';
comment on column click.shopper_hash is 'Keyed daily hash of the address; null without one';
comment on column click.country is 'Two letters; null when unknown';
comment on column click.private is 'Whether the shopper asked not to be remembered';
comment on column click.sub_ids is 'The affiliate''s own tags, sub1 to sub5';
comment on column click.stored_at is 'When settlement stored it';
create index click_by_id on click (click_id);

create table click_loss (
    object text not null,
    epoch text not null,
    seq bigint not null,
    dropped bigint not null,
    constraint click_loss_pk primary key (object, epoch, seq)
);
comment on table click_loss is 'Click records an isolate had to drop: statistics lost, and counted.';
comment on column click_loss.object is 'The shard';
comment on column click_loss.epoch is 'Its stream';
comment on column click_loss.seq is 'The row that reported it';
comment on column click_loss.dropped is 'How many';

create table directory_row (
    name text constraint directory_row_pk primary key,
    version bigint not null,
    entry jsonb not null,
    pushed_version bigint not null default 0,
    refused_version bigint not null default 0,
    changed_at timestamptz not null
);
comment on table directory_row is 'What the edge must know of links and keys; pushed until it is acknowledged.';
comment on column directory_row.name is 'link:code or key:id; decides the shard';
comment on column directory_row.version is 'max(last + 1, commit time in microseconds)';
comment on column directory_row.entry is 'The row as pushed; secrets in it are sealed to the edge''s key';
comment on column directory_row.pushed_version is 'The version the edge has acknowledged; below version: still to push';
comment on column directory_row.refused_version is 'The version the edge refused, because its code or number is another link''s there; not pushed again, never shown as done';
comment on column directory_row.changed_at is 'When it last changed';
create index directory_row_unpushed on directory_row (name) where pushed_version < version and refused_version < version;

create function ensure_month_partition(parent text, at timestamptz) returns void
language plpgsql as $$
declare
    begins timestamptz := date_trunc('month', at, 'UTC');
    ends timestamptz := date_trunc('month', at, 'UTC') + interval '1 month';
    part text := format('%s_%s', parent, to_char(begins at time zone 'UTC', 'YYYYMM'));
begin
    if to_regclass(part) is null then
        perform pg_advisory_xact_lock(hashtext('ensure_month_partition'));
        execute format('create table if not exists %I partition of %I for values from (%L) to (%L)', part, parent, begins, ends);
    end if;
end
$$;
comment on function ensure_month_partition is 'Makes the UTC month''s partition of inbox or click when it is missing.';
