-- Shops' own webhooks: their keys, their events, and what they give back part by part.

alter table api_key add column shop jsonb;
comment on column api_key.shop is 'Of a shop''s key: {source, orderIdField, fulfilledIsDelivered}; it proves that shop''s webhooks and nothing else. null: a key that signs calls';

alter table inbox drop constraint inbox_kind;
alter table inbox add constraint inbox_kind check (kind in ('conversion', 'order_status', 'clock_advance', 'webhook'));
comment on column inbox.kind is 'conversion, order_status, clock_advance, or webhook: a shop''s own';

alter table conversion add column refund_parts jsonb not null default '{}';
comment on column conversion.refund_parts is 'What a shop gave back, in currency, by the shop''s id of each part; {} where no shop told';

-- A shop's webhook says several things of its order at once; the content is unique by itself.
alter table order_fact drop constraint order_fact_pk;
alter table order_fact add constraint order_fact_pk primary key (environment, merchant_id, conversion_id, event_id, status);
