-- Attribution beyond the click: merchants' settings, coupons, customers, decisions of the review queue.

create table attribution_setting (
    environment text not null constraint attribution_setting_environment check (environment in ('live', 'test')),
    merchant_id uuid not null constraint attribution_setting_merchant_fk references merchant,
    version integer not null constraint attribution_setting_version check (version >= 1),
    candidates text[] not null constraint attribution_setting_candidates check (
        cardinality(candidates) between 1 and 3 and candidates <@ array['click', 'coupon', 'customer']),
    automatic text[] not null constraint attribution_setting_automatic check (automatic <@ array['coupon', 'customer']),
    in_force_from timestamptz not null,
    set_by uuid,
    created_at timestamptz not null,
    constraint attribution_setting_pk primary key (environment, merchant_id, version)
);
comment on table attribution_setting is 'Versions of a merchant''s order of candidates; before the first, the network''s own holds. Never updated.';
comment on column attribution_setting.environment is 'live or test';
comment on column attribution_setting.merchant_id is 'Whose';
comment on column attribution_setting.version is 'From 1, gapless';
comment on column attribution_setting.candidates is 'What is considered, in this order';
comment on column attribution_setting.automatic is 'Those that make a commission without a person; a click always does';
comment on column attribution_setting.in_force_from is 'From when (test time in test); the next version ends it';
comment on column attribution_setting.set_by is 'Which account chose it; null: the installation itself or a key';
comment on column attribution_setting.created_at is 'When it was written';
create trigger attribution_setting_append_only before update or delete on attribution_setting for each row execute function refuse_change();

create table coupon (
    environment text not null constraint coupon_environment check (environment in ('live', 'test')),
    merchant_id uuid not null,
    code text not null constraint coupon_code_folded check (code = lower(code) and char_length(code) between 1 and 80),
    affiliate_id uuid not null constraint coupon_affiliate_fk references affiliate,
    campaign_id uuid not null,
    in_force_from timestamptz not null,
    ended_at timestamptz,
    created_at timestamptz not null,
    constraint coupon_pk primary key (code, merchant_id, environment, in_force_from),
    constraint coupon_campaign_fk foreign key (environment, merchant_id, campaign_id) references campaign,
    constraint coupon_span check (ended_at >= in_force_from)
);
comment on table coupon is 'Coupon codes assigned to one affiliate for a time. Only ended_at changes, once.';
comment on column coupon.environment is 'live or test';
comment on column coupon.merchant_id is 'Whose coupon';
comment on column coupon.code is 'In lowercase: codes are compared without regard to case';
comment on column coupon.affiliate_id is 'Who earns orders with it';
comment on column coupon.campaign_id is 'Under which campaign';
comment on column coupon.in_force_from is 'From when (test time in test)';
comment on column coupon.ended_at is 'From when it is the affiliate''s no more (test time in test); null: it still is';
comment on column coupon.created_at is 'When it was written';
create unique index coupon_one_open on coupon (code, merchant_id, environment) where ended_at is null;

-- A decision is final: it names what a person said, and with the order's facts it makes the same
-- commission again.
create table review_decision (
    environment text not null,
    merchant_id uuid not null,
    conversion_id text not null,
    decision text not null constraint review_decision_word check (decision in ('confirm', 'assign', 'reject')),
    affiliate_id uuid constraint review_decision_affiliate_fk references affiliate,
    campaign_id uuid,
    decided_by uuid,
    decided_at timestamptz not null,
    created_at timestamptz not null,
    constraint review_decision_pk primary key (conversion_id, merchant_id, environment),
    constraint review_decision_earner check ((decision = 'reject') = (affiliate_id is null) and (decision <> 'reject' or campaign_id is null))
);
comment on table review_decision is 'What people decided in the review queue, once per conversion. Append-only.';
comment on column review_decision.environment is 'live or test';
comment on column review_decision.merchant_id is 'Whose order';
comment on column review_decision.conversion_id is 'Which conversion';
comment on column review_decision.decision is 'confirm: the candidate shown; assign: another; reject: nobody';
comment on column review_decision.affiliate_id is 'Who earns it; null: nobody';
comment on column review_decision.campaign_id is 'On which campaign''s terms; null: the merchant''s own';
comment on column review_decision.decided_by is 'Which account decided; null: the installation itself or a key';
comment on column review_decision.decided_at is 'When it took effect (test time in test)';
comment on column review_decision.created_at is 'When it was written';
create trigger review_decision_append_only before update or delete on review_decision for each row execute function refuse_change();
create trigger review_decision_no_truncate before truncate on review_decision for each statement execute function refuse_change();

alter table conversion add column review text constraint conversion_review check (review in ('waiting', 'assigned', 'rejected'));
comment on column conversion.review is 'Where it stands with the review queue; null: nothing is to be decided';
update conversion set review = 'waiting' where confidence = 'LOW';
create index conversion_in_review on conversion (environment, merchant_id, received_at, conversion_id) where review = 'waiting';

-- The latest earlier conversion of a customer that a click earned: one step down this index.
create index conversion_by_customer on conversion (customer_hash, merchant_id, environment, least(ordered_at, received_at)) where customer_hash is not null and confidence = 'HIGH';

create table missing_link (
    environment text not null,
    merchant_id uuid not null,
    conversion_id text not null,
    link_number bigint not null,
    constraint missing_link_pk primary key (conversion_id, merchant_id, environment, link_number)
);
comment on table missing_link is 'Conversions judged without a link they need; judged again once when it is known, and deleted.';
comment on column missing_link.environment is 'live or test';
comment on column missing_link.merchant_id is 'Whose order';
comment on column missing_link.conversion_id is 'Which conversion';
comment on column missing_link.link_number is 'The link its click names';
create index missing_link_by_link on missing_link (link_number);
