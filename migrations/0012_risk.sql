-- Risk: what is known at the sale, what is counted, scores, and people's decisions on them.

alter table conversion add column signals jsonb not null default '{}';
comment on column conversion.signals is 'What risk knows of the sale, frozen with it; a late click record adds its own';
alter table conversion add column sale_key bigint;
comment on column conversion.sale_key is 'First 64 bits of SHA-256 over click id, amount and currency; null without a click id';
alter table conversion add column awaits_click text;
comment on column conversion.awaits_click is 'The click id whose record had not arrived when the order was settled; null: none is missing';
create index conversion_by_sale on conversion (environment, merchant_id, sale_key, ordered_at) where sale_key is not null;
create index conversion_awaiting_click on conversion (awaits_click) where awaits_click is not null;

alter table commission add column cleared_reasons text[];
comment on column commission.cleared_reasons is 'Risk reasons a person has cleared; null: nobody has decided';
alter table commission add column risk_due boolean not null default false;
comment on column commission.risk_due is 'Whether it is approved and still to be scored, or to be scored again on new facts';
update commission set cleared_reasons = '{}' where risk_cleared;
alter table commission drop column risk_cleared;
create index commission_risk_due on commission (environment, merchant_id, commission_id) where risk_due;
create index commission_in_review on commission (environment, merchant_id, commission_id) where state = 'approved';

create table risk_score (
    environment text not null,
    merchant_id uuid not null,
    commission_id text not null,
    score_id bigint generated always as identity,
    scored_at timestamptz not null,
    weights_version integer not null,
    threshold integer not null constraint risk_score_threshold check (threshold between 40 and 100),
    points integer not null constraint risk_score_points check (points between 0 and 100),
    reasons jsonb not null,
    facts jsonb not null,
    outcome text not null constraint risk_score_outcome check (outcome in ('clear', 'review', 'cleared')),
    created_at timestamptz not null,
    constraint risk_score_pk primary key (environment, merchant_id, commission_id, score_id)
);
comment on table risk_score is 'Every score a commission got, with what it was made of. Append-only.';
comment on column risk_score.environment is 'live or test';
comment on column risk_score.merchant_id is 'Whose commission';
comment on column risk_score.commission_id is 'Which commission';
comment on column risk_score.score_id is 'Order of writing';
comment on column risk_score.scored_at is 'When it took effect (test time in test)';
comment on column risk_score.weights_version is 'Which table of points was used';
comment on column risk_score.threshold is 'Points from which a person decides, as in force then';
comment on column risk_score.points is '0 to 100';
comment on column risk_score.reasons is 'Each reason with its points and a sentence';
comment on column risk_score.facts is 'Signals and counts it was made of; scoring them again gives the same';
comment on column risk_score.outcome is 'clear: below the threshold; review: waits for a person; cleared: a person had cleared all of its reasons';
comment on column risk_score.created_at is 'When it was written';
create trigger risk_score_append_only before update or delete on risk_score for each row execute function refuse_change();

create table risk_decision (
    environment text not null,
    merchant_id uuid not null,
    commission_id text not null,
    decision_id bigint generated always as identity,
    decision text not null constraint risk_decision_word check (decision in ('clear', 'refuse')),
    points integer not null,
    reasons text[] not null,
    note text,
    decided_by uuid,
    decided_at timestamptz not null,
    created_at timestamptz not null,
    constraint risk_decision_pk primary key (environment, merchant_id, commission_id, decision_id),
    constraint risk_decision_once unique (environment, merchant_id, commission_id, decision, reasons)
);
comment on table risk_decision is 'What people decided on commissions in risk review, once per set of reasons. Append-only.';
comment on column risk_decision.environment is 'live or test';
comment on column risk_decision.merchant_id is 'Whose commission';
comment on column risk_decision.commission_id is 'Which commission';
comment on column risk_decision.decision_id is 'Order of writing';
comment on column risk_decision.decision is 'clear or refuse';
comment on column risk_decision.points is 'The score shown then, 0 to 100';
comment on column risk_decision.reasons is 'The reasons shown then, sorted: what a clearance covers';
comment on column risk_decision.note is 'The operator''s words; never shown to affiliates';
comment on column risk_decision.decided_by is 'Which account; null for the installation itself';
comment on column risk_decision.decided_at is 'When it took effect (test time in test)';
comment on column risk_decision.created_at is 'When it was written';
create trigger risk_decision_append_only before update or delete on risk_decision for each row execute function refuse_change();

create table risk_setting (
    environment text not null constraint risk_setting_environment check (environment in ('live', 'test')),
    merchant_id uuid not null constraint risk_setting_merchant_fk references merchant,
    in_force_from timestamptz not null,
    threshold integer not null constraint risk_setting_threshold check (threshold between 40 and 100),
    constraint risk_setting_pk primary key (environment, merchant_id, in_force_from)
);
comment on table risk_setting is 'A merchant''s risk threshold over time; none in force: 60. Append-only.';
comment on column risk_setting.environment is 'live or test';
comment on column risk_setting.merchant_id is 'Whose';
comment on column risk_setting.in_force_from is 'From which real instant';
comment on column risk_setting.threshold is 'Points from which a person decides; above what one shared address can come to';

create table risk_tally (
    environment text not null,
    merchant_id uuid not null,
    kind text not null constraint risk_tally_kind check (kind in ('affiliate', 'affiliate_hour', 'shopper')),
    subject text not null,
    bucket timestamptz not null,
    orders bigint not null,
    reversed bigint not null,
    constraint risk_tally_pk primary key (environment, merchant_id, kind, subject, bucket)
) with (fillfactor = 50);
comment on table risk_tally is 'Commissioned orders counted for risk, of one merchant and environment each.';
comment on column risk_tally.environment is 'live or test';
comment on column risk_tally.merchant_id is 'Whose orders; no merchant''s count knows another''s';
comment on column risk_tally.kind is 'affiliate: all of its orders; affiliate_hour: of one hour; shopper: of one shopper hash and day';
comment on column risk_tally.subject is 'The affiliate, or the shopper hash';
comment on column risk_tally.bucket is 'Begin of the UTC hour or day of orderedAt (test time in test); 1970 where all are counted together';
comment on column risk_tally.orders is 'Orders with a commission';
comment on column risk_tally.reversed is 'Of these, taken back whole';

create table order_amounts (
    environment text not null,
    merchant_id uuid not null,
    currency text not null,
    amounts numeric[] not null,
    constraint order_amounts_pk primary key (environment, merchant_id, currency)
) with (fillfactor = 50);
comment on table order_amounts is 'A merchant''s latest order totals, for the median that an outlier is measured by.';
comment on column order_amounts.environment is 'live or test';
comment on column order_amounts.merchant_id is 'Whose orders';
comment on column order_amounts.currency is 'ISO 4217';
comment on column order_amounts.amounts is 'Totals in currency, oldest first, 100 at most';

create table affiliate_customer (
    environment text not null constraint affiliate_customer_environment check (environment in ('live', 'test')),
    merchant_id uuid not null constraint affiliate_customer_merchant_fk references merchant,
    customer_hash text not null,
    affiliate_id uuid not null constraint affiliate_customer_affiliate_fk references affiliate,
    created_at timestamptz not null,
    constraint affiliate_customer_pk primary key (environment, merchant_id, customer_hash, affiliate_id)
);
comment on table affiliate_customer is 'Customers of a merchant who are the affiliate itself: its own orders are self-referrals.';
comment on column affiliate_customer.environment is 'live or test';
comment on column affiliate_customer.merchant_id is 'Whose customer';
comment on column affiliate_customer.customer_hash is 'Keyed hash of the merchant''s customer id';
comment on column affiliate_customer.affiliate_id is 'Which affiliate that is';
comment on column affiliate_customer.created_at is 'When it was entered';

create table affiliate_state (
    affiliate_id uuid not null constraint affiliate_state_affiliate_fk references affiliate,
    in_force_from timestamptz not null,
    state text not null constraint affiliate_state_word check (state in ('active', 'suspended')),
    constraint affiliate_state_pk primary key (affiliate_id, in_force_from)
);
comment on table affiliate_state is 'What an affiliate''s state was, from which instant on; none in force: active. Append-only.';
comment on column affiliate_state.affiliate_id is 'Which affiliate';
comment on column affiliate_state.in_force_from is 'From which real instant';
comment on column affiliate_state.state is 'active or suspended';
insert into affiliate_state (affiliate_id, in_force_from, state)
select affiliate_id, created_at, state from affiliate where state = 'suspended';
