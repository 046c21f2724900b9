-- How affiliates are paid; the index by which a merchant finds its own lines of payouts; orders that
-- nobody speaks of any more.

create table payout_method (
    method_version_id uuid constraint payout_method_pk primary key,
    position bigint generated always as identity,
    affiliate_id uuid not null constraint payout_method_affiliate_fk references affiliate,
    currency text,
    kind text not null constraint payout_method_kind check (kind in ('bank', 'esewa', 'khalti', 'paypal')),
    details_sealed bytea not null,
    masked text not null,
    set_by uuid constraint payout_method_set_by_fk references account,
    created_at timestamptz not null
);
comment on table payout_method is 'Versions of how an affiliate is paid, in live; test payouts need none. The newest of the payout''s currency is in force, else the newest of any currency. Append-only: a payout keeps the version of its approval.';
comment on column payout_method.method_version_id is 'UUID v7; also what the details are sealed to';
comment on column payout_method.position is 'Order of writing, under a lock on the affiliate: the highest is the newest';
comment on column payout_method.affiliate_id is 'Who is paid';
comment on column payout_method.currency is 'ISO 4217: for payouts in this currency; null: in any';
comment on column payout_method.kind is 'bank, esewa, khalti, paypal';
comment on column payout_method.details_sealed is 'The fields, sealed under the master key: key number, nonce, ciphertext';
comment on column payout_method.masked is 'As people may see it: the last characters alone';
comment on column payout_method.set_by is 'Which account set it; null: the installation';
comment on column payout_method.created_at is 'When it was set';
create index payout_method_by_affiliate on payout_method (affiliate_id, currency, position desc);
create trigger payout_method_append_only before update or delete on payout_method for each row execute function refuse_change();
create trigger payout_method_no_truncate before truncate on payout_method for each statement execute function refuse_change();

create index payout_line_by_merchant on payout_line (environment, merchant_id, payout_id);

alter table merchant add column assume_delivered_after_days integer;
alter table merchant add constraint merchant_assume_delivered check (assume_delivered_after_days between 1 and 366);
comment on column merchant.assume_delivered_after_days is 'An order without news for so many days counts as delivered; null: never, the default';

-- Orders that wait for a status, oldest first: the list of those nobody speaks of is read from here.
create index commission_awaiting_status on commission (environment, merchant_id, created_at)
    where state = 'pending' or (state = 'hold' and hold_until is null);
