-- Resources that merchants write over the API: each write done once, and what campaigns lack for it.

create table used_signature (
    environment text not null constraint used_signature_environment check (environment in ('live', 'test')),
    merchant_id uuid not null constraint used_signature_merchant_fk references merchant,
    signature text not null,
    used_at timestamptz not null,
    constraint used_signature_pk primary key (environment, merchant_id, signature)
);
comment on table used_signature is 'Signatures of resource writes, stored with the effect: a second one within 900 s is a replay. Older ones are deleted.';
comment on column used_signature.environment is 'live or test';
comment on column used_signature.merchant_id is 'Who signed';
comment on column used_signature.signature is 'The start of the signature, hex';
comment on column used_signature.used_at is 'When the write was done';

create table idempotency_record (
    environment text not null constraint idempotency_record_environment check (environment in ('live', 'test')),
    merchant_id uuid not null constraint idempotency_record_merchant_fk references merchant,
    scoped_key text not null,
    body_sha256 text not null,
    status integer not null constraint idempotency_record_status check (status between 200 and 299),
    answer_sealed bytea not null,
    answered_at timestamptz not null,
    constraint idempotency_record_pk primary key (environment, merchant_id, scoped_key)
);
comment on table idempotency_record is 'First answers of resource writes, stored with the effect and repeated byte for byte for 24 hours. Older ones are deleted.';
comment on column idempotency_record.environment is 'live or test';
comment on column idempotency_record.merchant_id is 'Who signed';
comment on column idempotency_record.scoped_key is 'Method, path and the client''s key';
comment on column idempotency_record.body_sha256 is 'Of the body as received, hex';
comment on column idempotency_record.status is 'HTTP status of the answer';
comment on column idempotency_record.answer_sealed is 'The answer''s body under the master key, because some show a secret once: key number (1 byte), nonce (24), ciphertext';
comment on column idempotency_record.answered_at is 'When';

alter table campaign add column updated_at timestamptz;
update campaign set updated_at = created_at;
alter table campaign alter column updated_at set not null;
comment on column campaign.updated_at is 'When it, its terms or its commission last changed';
create index campaign_by_age on campaign (environment, merchant_id, created_at, campaign_id);

create table campaign_product (
    environment text not null,
    merchant_id uuid not null,
    campaign_id uuid not null,
    sku text not null,
    constraint campaign_product_pk primary key (environment, merchant_id, campaign_id, sku),
    constraint campaign_product_campaign_fk foreign key (environment, merchant_id, campaign_id) references campaign,
    constraint campaign_product_product_fk foreign key (environment, merchant_id, sku) references product on delete cascade
);
comment on table campaign_product is 'The products a campaign is about, as affiliates are shown; terms do not depend on it.';
comment on column campaign_product.environment is 'live or test';
comment on column campaign_product.merchant_id is 'Whose campaign';
comment on column campaign_product.campaign_id is 'Which campaign';
comment on column campaign_product.sku is 'Which product';

create index link_by_age on link (environment, merchant_id, created_at, code);
create index campaign_product_by_sku on campaign_product (environment, merchant_id, sku);
