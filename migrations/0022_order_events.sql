-- What each affiliate's endpoint was last told of an order, in the affiliate order event: another
-- one is written when it differs.

create table webhook_order_state (
    environment text not null,
    merchant_id uuid not null,
    endpoint_id uuid not null,
    commission_id text not null,
    position bigint not null,
    order_status text not null constraint webhook_order_state_status check (order_status in ('pending', 'completed', 'refunded', 'failed')),
    commission_amount numeric not null,
    order_adjustment numeric not null,
    second bigint not null,
    constraint webhook_order_state_pk primary key (environment, merchant_id, endpoint_id, commission_id),
    constraint webhook_order_state_endpoint_fk foreign key (environment, merchant_id, endpoint_id) references webhook_endpoint on delete cascade
) with (fillfactor = 70);
comment on table webhook_order_state is 'What an endpoint was last told of a commission''s order; written with the delivery.';
comment on column webhook_order_state.environment is 'live or test';
comment on column webhook_order_state.merchant_id is 'The endpoint''s';
comment on column webhook_order_state.endpoint_id is 'Which endpoint';
comment on column webhook_order_state.commission_id is 'Whose order: com_…';
comment on column webhook_order_state.position is 'The notice it was told by; what an older one says is not told after it';
comment on column webhook_order_state.order_status is 'order_status of that event';
comment on column webhook_order_state.commission_amount is 'commission_amount of that event, in the order''s currency';
comment on column webhook_order_state.second is 'timestamp of that event, Unix seconds; the next one''s is greater';
comment on column webhook_order_state.order_adjustment is 'order_adjustment of that event, in the order''s currency';
