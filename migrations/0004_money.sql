-- Money: conversions, what is known of their orders, commissions, the ledger, notices to send.

create table conversion (
    environment text not null,
    merchant_id uuid not null,
    conversion_id text not null,
    event_id text not null,
    external_order_id text not null,
    state text not null constraint conversion_state check (state in ('attributed', 'unattributed')),
    confidence text not null constraint conversion_confidence check (confidence in ('HIGH', 'MEDIUM', 'LOW')),
    affiliate_id uuid,
    campaign_id uuid,
    click_id text,
    order_amount numeric not null,
    currency text not null,
    order_status text not null,
    order_status_at timestamptz not null,
    refunded_amount numeric not null default 0,
    reversed_by text,
    ordered_at timestamptz not null,
    received_at timestamptz not null,
    external_product_id text,
    coupon_code text,
    customer_hash text,
    items jsonb not null default '[]',
    returned_items jsonb not null default '[]',
    metadata jsonb,
    attribution jsonb not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint conversion_pk primary key (environment, merchant_id, conversion_id),
    constraint conversion_order_unique unique (environment, merchant_id, external_order_id)
);
comment on table conversion is 'An order reported for attribution, once per merchant, environment and order id.';
comment on column conversion.environment is 'live or test';
comment on column conversion.merchant_id is 'Whose order';
comment on column conversion.conversion_id is 'cnv_…, derived from merchant, environment and order id';
comment on column conversion.event_id is 'The event that reported it';
comment on column conversion.external_order_id is 'The merchant''s order id, byte for byte';
comment on column conversion.state is 'attributed: an affiliate earns it; unattributed: waits in the review queue';
comment on column conversion.confidence is 'HIGH by click, MEDIUM by coupon or customer, LOW by nothing';
comment on column conversion.affiliate_id is 'Who earns it';
comment on column conversion.campaign_id is 'Under which campaign';
comment on column conversion.click_id is 'The click id as sent';
comment on column conversion.order_amount is 'Order total in currency';
comment on column conversion.currency is 'ISO 4217';
comment on column conversion.order_status is 'The status with the latest statusUpdatedAt';
comment on column conversion.order_status_at is 'That instant (test time in test)';
comment on column conversion.refunded_amount is 'Largest total taken back reported so far, in currency';
comment on column conversion.reversed_by is 'The status that took the whole order back; null: none did';
comment on column conversion.ordered_at is 'When the order was placed (test time in test)';
comment on column conversion.received_at is 'When the edge accepted it (test time in test)';
comment on column conversion.external_product_id is 'The SKU sent, for product rules';
comment on column conversion.coupon_code is 'The coupon sent';
comment on column conversion.customer_hash is 'Keyed hash of the merchant''s customer id';
comment on column conversion.items is 'The order''s lines as sent';
comment on column conversion.returned_items is 'Units taken back per SKU, the largest reported';
comment on column conversion.metadata is 'The merchant''s own object';
comment on column conversion.attribution is 'The attribution receipt';
comment on column conversion.created_at is 'When it was settled';
comment on column conversion.updated_at is 'When it last changed';
create index conversion_by_time on conversion (environment, merchant_id, received_at desc, conversion_id);

create table order_fact (
    environment text not null,
    merchant_id uuid not null,
    conversion_id text not null,
    event_id text not null,
    content_key text not null,
    status text not null,
    status_updated_at timestamptz not null,
    received_at timestamptz not null,
    refunded_amount numeric,
    items jsonb not null default '[]',
    reason text,
    constraint order_fact_pk primary key (environment, merchant_id, conversion_id, event_id),
    constraint order_fact_content_unique unique (environment, merchant_id, content_key)
);
comment on table order_fact is 'Everything reported of an order, kept whether it changed a commission or not. Append-only.';
comment on column order_fact.environment is 'live or test';
comment on column order_fact.merchant_id is 'Whose order';
comment on column order_fact.conversion_id is 'Which order';
comment on column order_fact.event_id is 'The event that said so';
comment on column order_fact.content_key is 'What makes two reports the same';
comment on column order_fact.status is 'What was said';
comment on column order_fact.status_updated_at is 'When it happened (test time in test)';
comment on column order_fact.received_at is 'When the edge heard it (test time in test)';
comment on column order_fact.refunded_amount is 'Total taken back so far, as reported; null: the whole order';
comment on column order_fact.items is 'Units taken back so far per SKU, as reported';
comment on column order_fact.reason is 'The merchant''s words';

create table commission (
    environment text not null,
    merchant_id uuid not null,
    commission_id text not null,
    conversion_id text not null,
    affiliate_id uuid not null,
    campaign_id uuid,
    state text not null constraint commission_state check (state in ('pending', 'hold', 'approved', 'payable', 'paid', 'rejected')),
    in_flight boolean not null default false,
    amount numeric not null,
    net_amount numeric not null,
    currency text not null,
    hold_until timestamptz,
    terms jsonb not null,
    reason text,
    decided_at timestamptz,
    risk_cleared boolean not null default false,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint commission_pk primary key (environment, merchant_id, commission_id),
    constraint commission_conversion_unique unique (environment, merchant_id, conversion_id),
    constraint commission_conversion_fk foreign key (environment, merchant_id, conversion_id) references conversion,
    constraint commission_net check (net_amount between 0 and amount),
    constraint commission_in_flight check (not in_flight or state = 'payable')
) with (fillfactor = 70);
comment on table commission is 'What an affiliate is credited for one conversion, on the terms of the sale.';
comment on column commission.environment is 'live or test';
comment on column commission.merchant_id is 'Who owes it';
comment on column commission.commission_id is 'com_…, the conversion id''s characters';
comment on column commission.conversion_id is 'For which conversion';
comment on column commission.affiliate_id is 'Who earns it';
comment on column commission.campaign_id is 'Under which campaign';
comment on column commission.state is 'MONEY §5';
comment on column commission.in_flight is 'Whether a processing payout carries it; only while payable';
comment on column commission.amount is 'The frozen amount, in currency';
comment on column commission.net_amount is 'What is left of it after refunds, in currency';
comment on column commission.currency is 'ISO 4217, the order''s';
comment on column commission.hold_until is 'End of the return window (test time in test); null: no window runs yet';
comment on column commission.terms is 'Everything frozen at the sale';
comment on column commission.reason is 'Why it was rejected or reduced, in the reporter''s words';
comment on column commission.decided_at is 'statusUpdatedAt of the merchant''s last approve or reject';
comment on column commission.risk_cleared is 'Whether a person cleared its risk reasons';
comment on column commission.created_at is 'When it came to be (test time in test)';
comment on column commission.updated_at is 'When it last changed (test time in test)';
create index commission_due on commission (environment, hold_until) where state = 'hold' and hold_until is not null;
create index commission_by_time on commission (environment, merchant_id, created_at desc, commission_id);
create index commission_by_affiliate on commission (affiliate_id, state);

create table ledger_transfer (
    environment text not null,
    merchant_id uuid not null,
    transfer_key text not null,
    currency text not null,
    effective_at timestamptz not null,
    created_at timestamptz not null,
    constraint ledger_transfer_pk primary key (environment, merchant_id, transfer_key)
);
comment on table ledger_transfer is 'One posting: entries of one environment, merchant and currency that sum to zero. Append-only.';
comment on column ledger_transfer.environment is 'live or test';
comment on column ledger_transfer.merchant_id is 'Whose books';
comment on column ledger_transfer.transfer_key is 'What was posted, once: com_…:created';
comment on column ledger_transfer.currency is 'ISO 4217';
comment on column ledger_transfer.effective_at is 'When it took effect (test time in test)';
comment on column ledger_transfer.created_at is 'When it was written';

create table ledger_entry (
    environment text not null,
    merchant_id uuid not null,
    transfer_key text not null,
    account text not null constraint ledger_entry_account check (account in (
        'A.pending', 'A.hold', 'A.approved', 'A.payable', 'A.in_flight',
        'M.accrued', 'M.due', 'N.bank', 'N.cost', 'N.fx')),
    affiliate_id uuid,
    currency text not null,
    amount numeric not null constraint ledger_entry_not_zero check (amount <> 0),
    constraint ledger_entry_pk primary key (environment, merchant_id, transfer_key, account),
    constraint ledger_entry_affiliate check ((account like 'A.%') = (affiliate_id is not null))
);
comment on table ledger_entry is 'One side of a transfer: plus is credit, minus is debit. Append-only; a balance is a sum.';
comment on column ledger_entry.environment is 'live or test';
comment on column ledger_entry.merchant_id is 'Whose books';
comment on column ledger_entry.transfer_key is 'Of which transfer';
comment on column ledger_entry.account is 'Chart of accounts: MONEY §6';
comment on column ledger_entry.affiliate_id is 'Whose account, for A accounts';
comment on column ledger_entry.currency is 'ISO 4217';
comment on column ledger_entry.amount is 'In currency, at its minor unit';
create index ledger_entry_by_affiliate on ledger_entry (affiliate_id, environment, currency, account) where affiliate_id is not null;

create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation';
end
$$;
comment on function refuse_change is 'Keeps append-only tables so.';
create trigger ledger_entry_append_only before update or delete on ledger_entry for each row execute function refuse_change();
create trigger ledger_entry_no_truncate before truncate on ledger_entry for each statement execute function refuse_change();
create trigger ledger_transfer_append_only before update or delete on ledger_transfer for each row execute function refuse_change();
create trigger ledger_transfer_no_truncate before truncate on ledger_transfer for each statement execute function refuse_change();

-- Checked once per statement over its new rows: a deferred row trigger would fire once per entry.
-- A transfer's entries are written in one statement, so this is the stricter of the two.
create function check_transfers_balance() returns trigger language plpgsql as $$
declare
    broken text;
begin
    select e.transfer_key into broken
    from written e
    left join ledger_transfer t using (environment, merchant_id, transfer_key)
    group by e.environment, e.merchant_id, e.transfer_key
    having sum(e.amount) <> 0 or count(*) < 2 or bool_or(t.currency is distinct from e.currency)
    limit 1;
    if broken is not null then
        raise exception 'transfer % does not balance', broken
            using errcode = 'check_violation', constraint = 'ledger_transfer_balances';
    end if;
    return null;
end
$$;
comment on function check_transfers_balance is 'A transfer has at least two entries, one currency, and sums to zero.';
create trigger ledger_transfer_balances after insert on ledger_entry
    referencing new table as written for each statement execute function check_transfers_balance();

create table webhook_event (
    environment text not null,
    merchant_id uuid not null,
    position bigint generated always as identity,
    type text not null,
    affiliate_id uuid,
    conversion_id text,
    commission_id text,
    event_id text,
    occurred_at timestamptz not null,
    data jsonb not null,
    created_at timestamptz not null,
    constraint webhook_event_pk primary key (environment, merchant_id, position)
);
comment on table webhook_event is 'Notices to send, written with the change they report; one per step, in order.';
comment on column webhook_event.environment is 'live or test';
comment on column webhook_event.merchant_id is 'Whose';
comment on column webhook_event.position is 'Order of writing';
comment on column webhook_event.type is 'conversion.…, commission.…, event.processed';
comment on column webhook_event.affiliate_id is 'Whose endpoints get it too; null: none';
comment on column webhook_event.conversion_id is 'Which conversion';
comment on column webhook_event.commission_id is 'Which commission';
comment on column webhook_event.event_id is 'Which event, for event.processed';
comment on column webhook_event.occurred_at is 'When the step took effect (test time in test)';
comment on column webhook_event.data is 'What the notice says';
comment on column webhook_event.created_at is 'When it was written';
create index webhook_event_by_conversion on webhook_event (environment, merchant_id, conversion_id, position) where conversion_id is not null;
