-- Terms: campaigns and their versions, links, products, rules. All exist per environment.

create table campaign (
    environment text not null constraint campaign_environment check (environment in ('live', 'test')),
    merchant_id uuid not null constraint campaign_merchant_fk references merchant,
    campaign_id uuid not null,
    name text not null,
    state text not null constraint campaign_state check (state in ('draft', 'active', 'paused', 'archived')),
    listing text not null constraint campaign_listing check (listing in ('public', 'invite')),
    fallback_url text,
    created_at timestamptz not null,
    constraint campaign_pk primary key (environment, merchant_id, campaign_id)
);
comment on table campaign is 'A merchant''s terms for a set of products.';
comment on column campaign.environment is 'live or test';
comment on column campaign.merchant_id is 'Whose campaign';
comment on column campaign.campaign_id is 'UUID v7';
comment on column campaign.name is 'Shown to affiliates';
comment on column campaign.state is 'Only active campaigns have live links';
comment on column campaign.listing is 'public: on the campaigns page; invite: not';
comment on column campaign.fallback_url is 'Where its paused links lead; null: the merchant''s home page';
comment on column campaign.created_at is 'When it was made';
create index campaign_by_id on campaign (campaign_id);

create table campaign_terms (
    environment text not null,
    merchant_id uuid not null,
    campaign_id uuid not null,
    version integer not null,
    cookie_days integer not null constraint campaign_terms_cookie_days check (cookie_days between 1 and 366),
    hold_days integer constraint campaign_terms_hold_days check (hold_days between 0 and 366),
    hold_start text constraint campaign_terms_hold_start check (hold_start in ('confirmed', 'paid', 'delivered')),
    in_force_from timestamptz not null,
    constraint campaign_terms_pk primary key (environment, merchant_id, campaign_id, version),
    constraint campaign_terms_campaign_fk foreign key (environment, merchant_id, campaign_id) references campaign
);
comment on table campaign_terms is 'Versions of a campaign''s windows; the first reaches back without limit. Never updated.';
comment on column campaign_terms.environment is 'live or test';
comment on column campaign_terms.merchant_id is 'Whose campaign';
comment on column campaign_terms.campaign_id is 'Which campaign';
comment on column campaign_terms.version is 'From 1, gapless';
comment on column campaign_terms.cookie_days is 'Days after a click in which an order can earn';
comment on column campaign_terms.hold_days is 'Days of the return window; null: the merchant''s';
comment on column campaign_terms.hold_start is 'First status that starts the return window; null: the merchant''s';
comment on column campaign_terms.in_force_from is 'From when; the next version ends it';

create table link (
    environment text not null,
    merchant_id uuid not null,
    link_number bigint not null constraint link_number_range check (link_number between 0 and 1099511627775),
    code text not null constraint link_code_shape check (code ~ '^[A-Za-z0-9_-]{1,64}$'),
    affiliate_id uuid not null constraint link_affiliate_fk references affiliate,
    campaign_id uuid not null,
    destination text not null,
    state text not null constraint link_state check (state in ('live', 'paused', 'archived')),
    created_at timestamptz not null,
    constraint link_pk primary key (environment, merchant_id, link_number),
    constraint link_number_unique unique (link_number),
    constraint link_code_unique unique (code),
    constraint link_campaign_fk foreign key (environment, merchant_id, campaign_id) references campaign
);
comment on table link is 'Affiliate × campaign × destination. Everything but state never changes.';
comment on column link.environment is 'live or test';
comment on column link.merchant_id is 'Whose shop';
comment on column link.link_number is 'Random 40-bit number sealed into click ids; never reused';
comment on column link.code is 'Short name in the URL; never reused';
comment on column link.affiliate_id is 'Who shares it';
comment on column link.campaign_id is 'Under which terms';
comment on column link.destination is 'https URL on the approved domain';
comment on column link.state is 'live, paused, archived';
comment on column link.created_at is 'When it was made';

create table product (
    environment text not null constraint product_environment check (environment in ('live', 'test')),
    merchant_id uuid not null constraint product_merchant_fk references merchant,
    sku text not null,
    name text not null,
    price numeric not null,
    currency text not null,
    url text not null,
    created_at timestamptz not null,
    constraint product_pk primary key (environment, merchant_id, sku)
);
comment on table product is 'A merchant''s product, by its own SKU.';
comment on column product.environment is 'live or test';
comment on column product.merchant_id is 'Whose product';
comment on column product.sku is 'The merchant''s SKU, byte for byte';
comment on column product.name is 'Shown to affiliates';
comment on column product.price is 'Price of one unit in currency';
comment on column product.currency is 'ISO 4217';
comment on column product.url is 'Its page, on the approved domain';
comment on column product.created_at is 'When it was first seen';

create table rule (
    environment text not null constraint rule_environment check (environment in ('live', 'test')),
    merchant_id uuid not null,
    rule_id uuid not null,
    version integer not null,
    level text not null constraint rule_level check (level in ('product', 'campaign', 'merchant', 'platform')),
    campaign_id uuid,
    sku text,
    kind text not null constraint rule_kind check (kind in ('percent', 'flat')),
    rate_bps integer constraint rule_rate check (rate_bps between 0 and 10000),
    flat_amount numeric constraint rule_flat check (flat_amount >= 0),
    cap_amount numeric constraint rule_cap check (cap_amount >= 0),
    minimum_order numeric constraint rule_minimum check (minimum_order >= 0),
    currency text,
    in_force_from timestamptz not null,
    constraint rule_pk primary key (environment, merchant_id, rule_id, version),
    constraint rule_kind_amount check ((kind = 'percent') = (rate_bps is not null) and (kind = 'flat') = (flat_amount is not null)),
    constraint rule_money_currency check (currency is not null or (flat_amount is null and cap_amount is null and minimum_order is null)),
    constraint rule_subject check ((level = 'product') = (sku is not null) and (level = 'campaign') = (campaign_id is not null))
);
comment on table rule is 'Versions of commission rules at four levels; the first reaches back without limit. Never updated.';
comment on column rule.environment is 'live or test';
comment on column rule.merchant_id is 'Whose rule; the nil UUID for the platform''s';
comment on column rule.rule_id is 'UUID v7, the same over versions';
comment on column rule.version is 'From 1, gapless';
comment on column rule.level is 'product before campaign before merchant before platform';
comment on column rule.campaign_id is 'Of a campaign rule';
comment on column rule.sku is 'Of a product rule';
comment on column rule.kind is 'percent: rate_bps of the base; flat: flat_amount';
comment on column rule.rate_bps is 'Basis points: 1000 is 10 %';
comment on column rule.flat_amount is 'Per unit on a product rule, else once per order; in currency';
comment on column rule.cap_amount is 'Most the lines under this rule can earn together; in currency';
comment on column rule.minimum_order is 'Order total below which the rule gives zero; in currency';
comment on column rule.currency is 'Of flat, cap and minimum; null when there is none of them';
comment on column rule.in_force_from is 'From when; the next version ends it';
create index rule_by_sku on rule (environment, merchant_id, sku) where level = 'product';
create unique index rule_one_platform on rule (environment, version) where level = 'platform';
