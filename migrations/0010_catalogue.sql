-- The catalogue as merchants keep it by API, rules that end, webhook endpoints, days to reconcile.

alter table product add column image_url text;
alter table product add column category text;
alter table product add column stock text not null default 'in_stock' constraint product_stock check (stock in ('in_stock', 'out_of_stock'));
alter table product add column updated_at timestamptz;
comment on column product.image_url is 'Its picture, https, on any host; null without one';
comment on column product.category is 'The merchant''s own word for what it is; null without one';
comment on column product.stock is 'Whether it can be bought';
comment on column product.updated_at is 'When something of it, its own commission included, last changed';
update product set updated_at = created_at;
alter table product alter column updated_at set not null;
create index product_by_time on product (environment, merchant_id, created_at desc, sku);

-- A rule is ended by a last version that pays nothing and matches nothing: orders from its instant
-- on fall to the next level, orders before it keep their terms, and nothing is updated or deleted.
alter table rule drop constraint rule_kind;
alter table rule add constraint rule_kind check (kind in ('percent', 'flat', 'ended'));
alter table rule add constraint rule_ended_bare check (kind <> 'ended' or (cap_amount is null and minimum_order is null and currency is null));
alter table rule add constraint rule_ended_follows check (kind <> 'ended' or version > 1);
comment on column rule.kind is 'percent: rate_bps of the base; flat: flat_amount; ended: the rule is no more from in_force_from on';

create table webhook_endpoint (
    environment text not null constraint webhook_endpoint_environment check (environment in ('live', 'test')),
    merchant_id uuid not null constraint webhook_endpoint_merchant_fk references merchant,
    endpoint_id uuid not null,
    url text not null,
    events text[] not null constraint webhook_endpoint_events check (cardinality(events) between 1 and 14),
    format text not null constraint webhook_endpoint_format check (format in ('khata')),
    description text,
    state text not null constraint webhook_endpoint_state check (state in ('active', 'paused')),
    secret_sealed bytea not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint webhook_endpoint_pk primary key (environment, merchant_id, endpoint_id)
);
comment on table webhook_endpoint is 'Where a merchant wants to be told of what happens.';
comment on column webhook_endpoint.environment is 'live or test';
comment on column webhook_endpoint.merchant_id is 'Whose endpoint';
comment on column webhook_endpoint.endpoint_id is 'UUID v7';
comment on column webhook_endpoint.url is 'https URL on a public host; looked at again at each connection';
comment on column webhook_endpoint.events is 'Types of webhook events it is told of';
comment on column webhook_endpoint.format is 'How bodies are written';
comment on column webhook_endpoint.description is 'The merchant''s own note; null without one';
comment on column webhook_endpoint.state is 'active: it is sent to; paused: it is not';
comment on column webhook_endpoint.secret_sealed is 'The whsec_… text under the master key: key number (1 byte), nonce (24), ciphertext';
comment on column webhook_endpoint.created_at is 'When it was made';
comment on column webhook_endpoint.updated_at is 'When it last changed';

-- A day's orders are looked for by when they were placed. Orders come nearly in that order, so a
-- summary of ranges finds them at no cost to an order's settling; the multi form of it is not
-- spoiled by a few late ones.
create index conversion_by_day on conversion using brin (ordered_at timestamptz_minmax_multi_ops) with (autosummarize = on);
