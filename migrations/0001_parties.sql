-- People and parties: who signs in, who sells, who shares, with which keys.

create table merchant (
    merchant_id uuid constraint merchant_pk primary key,
    name text not null,
    state text not null constraint merchant_state check (state in ('pending', 'approved', 'suspended', 'rejected')),
    approved_domain text not null,
    home_url text not null,
    currency text not null,
    time_zone text not null,
    hold_days integer constraint merchant_hold_days check (hold_days between 0 and 366),
    hold_start text not null default 'delivered' constraint merchant_hold_start check (hold_start in ('confirmed', 'paid', 'delivered')),
    created_at timestamptz not null
);
comment on table merchant is 'One shop. Exists once, in both environments.';
comment on column merchant.merchant_id is 'UUID v7; also the first part of every derived conversion id';
comment on column merchant.name is 'Shown to affiliates';
comment on column merchant.state is 'pending: test keys only; approved; suspended: nothing works, links go home; rejected';
comment on column merchant.approved_domain is 'Lowercase ASCII host; destinations and deep links lie on it or below it';
comment on column merchant.home_url is 'Where a paused link leads when its campaign has no fallback';
comment on column merchant.currency is 'ISO 4217; stamped into orders that name none';
comment on column merchant.time_zone is 'IANA name; days in reports begin at its midnight';
comment on column merchant.hold_days is 'Days of the return window where the campaign says none; null: 14';
comment on column merchant.hold_start is 'First order status that starts the return window';
comment on column merchant.created_at is 'When it signed up';

create table affiliate (
    affiliate_id uuid constraint affiliate_pk primary key,
    name text not null,
    state text not null constraint affiliate_state check (state in ('active', 'suspended')),
    created_at timestamptz not null
);
comment on table affiliate is 'One who shares links and is paid. Exists once, in both environments.';
comment on column affiliate.affiliate_id is 'UUID v7';
comment on column affiliate.name is 'Shown to merchants and on statements';
comment on column affiliate.state is 'suspended: attributed, but every commission goes to review';
comment on column affiliate.created_at is 'When it joined';

create table account (
    account_id uuid constraint account_pk primary key,
    email text not null constraint account_email unique,
    password_hash text not null,
    role text not null constraint account_role check (role in ('operator', 'merchant', 'affiliate')),
    merchant_id uuid constraint account_merchant_fk references merchant,
    affiliate_id uuid constraint account_affiliate_fk references affiliate,
    created_at timestamptz not null,
    constraint account_party check (
        (role = 'operator' and merchant_id is null and affiliate_id is null)
        or (role = 'merchant' and merchant_id is not null and affiliate_id is null)
        or (role = 'affiliate' and affiliate_id is not null and merchant_id is null)
    )
);
comment on table account is 'One person who signs in, with exactly one role.';
comment on column account.account_id is 'UUID v7';
comment on column account.email is 'In lowercase';
comment on column account.password_hash is 'argon2id in PHC form';
comment on column account.role is 'What the person may do';
comment on column account.merchant_id is 'Whose merchant account it is; null for the other roles';
comment on column account.affiliate_id is 'Whose affiliate account it is; null for the other roles';
comment on column account.created_at is 'When it was opened';

create table api_key (
    environment text not null constraint api_key_environment check (environment in ('live', 'test')),
    merchant_id uuid not null constraint api_key_merchant_fk references merchant,
    key_id text not null constraint api_key_id unique,
    state text not null constraint api_key_state check (state in ('active', 'disabled', 'revoked')),
    secret_sealed bytea not null,
    per_minute_max integer not null constraint api_key_per_minute check (per_minute_max between 1 and 12000),
    per_hour_max integer not null constraint api_key_per_hour check (per_hour_max between 1 and 720000),
    allow_list text[] not null default '{}',
    created_at timestamptz not null,
    constraint api_key_pk primary key (environment, merchant_id, key_id)
);
comment on table api_key is 'A merchant''s key: public id and sealed signing secret.';
comment on column api_key.environment is 'live or test';
comment on column api_key.merchant_id is 'Whose key it is';
comment on column api_key.key_id is 'pk_live_… or pk_test_…';
comment on column api_key.state is 'active, disabled (can come back), revoked (cannot)';
comment on column api_key.secret_sealed is 'The sk_… text under the master key: key number (1 byte), nonce (24), ciphertext';
comment on column api_key.per_minute_max is 'Calls in any 60 seconds';
comment on column api_key.per_hour_max is 'Calls in any 3,600 seconds';
comment on column api_key.allow_list is 'Addresses or networks that may use it; empty: any';
comment on column api_key.created_at is 'When it was made';

create table audit_log (
    audit_id bigint generated always as identity constraint audit_log_pk primary key,
    at timestamptz not null,
    account_id uuid,
    action text not null,
    subject text not null,
    detail jsonb not null default '{}'
);
comment on table audit_log is 'What people did, in the transaction that did it.';
comment on column audit_log.audit_id is 'Order of writing';
comment on column audit_log.at is 'When';
comment on column audit_log.account_id is 'Who; null for the installation itself';
comment on column audit_log.action is 'Noun and verb, as on the command line: link.pause';
comment on column audit_log.subject is 'What it was done to';
comment on column audit_log.detail is 'Before and after, without secrets';
