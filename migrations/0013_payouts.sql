-- Payouts: runs, their payouts and lines, files, the bank's answers; and what else moves a payable
-- balance: corrections, write-offs, conversions between currencies, merchants' payments.

alter table account add column super_admin boolean not null default false;
alter table account add constraint account_super_admin check (not super_admin or role = 'operator');
comment on column account.super_admin is 'Whether this operator may ask for corrections and decide on them';

create table payout_minimum (
    environment text not null constraint payout_minimum_environment check (environment in ('live', 'test')),
    currency text not null,
    amount numeric not null constraint payout_minimum_amount check (amount >= 0),
    constraint payout_minimum_pk primary key (environment, currency)
);
comment on table payout_minimum is 'Below it nothing is paid out and lines stay open. A currency without a row has none: anything above zero is paid.';
comment on column payout_minimum.environment is 'live or test';
comment on column payout_minimum.currency is 'ISO 4217';
comment on column payout_minimum.amount is 'The least that is paid, in currency';

create table payout_run (
    run_id uuid constraint payout_run_pk primary key,
    environment text not null constraint payout_run_environment check (environment in ('live', 'test')),
    merchant_id uuid constraint payout_run_merchant_fk references merchant,
    cut_off_at timestamptz not null,
    scheduled_at timestamptz,
    state text not null constraint payout_run_state check (state in ('open', 'sent')),
    left_out jsonb not null default '[]',
    created_by uuid,
    created_at timestamptz not null,
    sent_at timestamptz,
    constraint payout_run_merchant check ((environment = 'test') = (merchant_id is not null)),
    constraint payout_run_sent check ((state = 'sent') = (sent_at is not null))
);
comment on table payout_run is 'One round of payouts with one cut-off and at most one file per format.';
comment on column payout_run.run_id is 'UUID v7';
comment on column payout_run.environment is 'live or test';
comment on column payout_run.merchant_id is 'Of a test run: whose; null in live, where a run is the network''s';
comment on column payout_run.cut_off_at is 'Lines that took effect by then are in it (test time in test)';
comment on column payout_run.scheduled_at is 'The instant of the schedule it was made for (test time in test); null: made by hand, or split off';
comment on column payout_run.state is 'open: its payouts are looked at; sent: its files are written, and nothing joins it any more';
comment on column payout_run.left_out is 'Merchants whose events were not all in: [{merchantId, why}]';
comment on column payout_run.created_by is 'Which operator''s account; null: the schedule';
comment on column payout_run.created_at is 'When it was made';
comment on column payout_run.sent_at is 'When its payouts began processing; null: not yet';
create unique index payout_run_once_per_instant on payout_run (environment, coalesce(merchant_id, '00000000-0000-0000-0000-000000000000'), scheduled_at) where scheduled_at is not null;
create index payout_run_by_age on payout_run (created_at desc, run_id);

create table payout (
    payout_id uuid constraint payout_pk primary key,
    run_id uuid not null constraint payout_run_fk references payout_run,
    environment text not null constraint payout_environment check (environment in ('live', 'test')),
    merchant_id uuid constraint payout_merchant_fk references merchant,
    affiliate_id uuid not null constraint payout_affiliate_fk references affiliate,
    currency text not null,
    amount numeric not null,
    state text not null constraint payout_state check (state in ('draft', 'approved', 'processing', 'settled', 'failed', 'cancelled', 'returned')),
    cut_off_at timestamptz not null,
    method_version_id uuid,
    created_at timestamptz not null,
    approved_at timestamptz,
    approved_by uuid,
    processing_at timestamptz,
    failure_asked_at timestamptz,
    failure_asked_by uuid,
    answered_at timestamptz,
    reason text,
    constraint payout_positive check (amount > 0 or state = 'cancelled'),
    constraint payout_test_merchant check ((environment = 'test') = (merchant_id is not null)),
    constraint payout_approved check ((state in ('draft', 'cancelled')) or approved_at is not null),
    constraint payout_processing check ((state in ('processing', 'settled', 'failed', 'returned')) = (processing_at is not null)),
    constraint payout_answered check ((state in ('settled', 'failed', 'returned')) = (answered_at is not null))
) with (fillfactor = 70);
comment on table payout is 'One transfer to one affiliate in one currency. Its life is docs/payout-states.md.';
comment on column payout.payout_id is 'UUID v7; what a bank row names. A failed one is never sent again';
comment on column payout.run_id is 'Of which run';
comment on column payout.environment is 'live or test';
comment on column payout.merchant_id is 'In test: the one merchant; null in live, where lines of several merchants are paid together';
comment on column payout.affiliate_id is 'Who is paid';
comment on column payout.currency is 'ISO 4217, of every line';
comment on column payout.amount is 'Sum of its lines, in currency';
comment on column payout.state is 'draft, approved, processing, settled, failed, cancelled, returned';
comment on column payout.cut_off_at is 'Lines that took effect by then are in it (test time in test)';
comment on column payout.method_version_id is 'The payout method frozen at approval; null: not approved, or none was known';
comment on column payout.created_at is 'When it was drafted (test time in test)';
comment on column payout.approved_at is 'When it was last approved (test time in test); null: it is not';
comment on column payout.approved_by is 'Which operator''s account; null: not approved, or the sandbox';
comment on column payout.processing_at is 'When it was sent (test time in test); its lines never change from then on';
comment on column payout.failure_asked_at is 'When an operator asked to take it for failed; another one''s word is needed';
comment on column payout.failure_asked_by is 'Which operator''s account asked';
comment on column payout.answered_at is 'When its last answer was taken in (test time in test)';
comment on column payout.reason is 'Why it was cancelled, failed or returned';
create index payout_by_run on payout (run_id, state, payout_id);
create index payout_by_affiliate on payout (affiliate_id, environment, currency, created_at desc);

create table payout_line (
    environment text not null,
    merchant_id uuid not null,
    payout_id uuid not null constraint payout_line_payout_fk references payout,
    kind text not null constraint payout_line_kind check (kind in ('commission', 'correction', 'bank_return', 'fx', 'write_off')),
    subject text not null,
    affiliate_id uuid not null,
    currency text not null,
    amount numeric not null,
    held boolean not null default true,
    constraint payout_line_pk primary key (payout_id, subject, kind, merchant_id, environment)
);
comment on table payout_line is 'What a payout is made of. Rows leave a draft when their commission does, and never change once it is sent.';
comment on column payout_line.environment is 'live or test';
comment on column payout_line.merchant_id is 'In whose books';
comment on column payout_line.payout_id is 'Of which payout';
comment on column payout_line.kind is 'commission, or the kind of the payable item';
comment on column payout_line.subject is 'com_… of a commission; else the payable item''s id';
comment on column payout_line.affiliate_id is 'Whose';
comment on column payout_line.currency is 'ISO 4217';
comment on column payout_line.amount is 'Net of the commission, or the item''s amount; in currency';
comment on column payout_line.held is 'False once its payout failed or was cancelled: the line is open again. A returned payout keeps its lines, the return is an item of its own';
create unique index payout_line_held on payout_line (subject, kind, merchant_id, environment) where held;

create table payable_item (
    environment text not null constraint payable_item_environment check (environment in ('live', 'test')),
    merchant_id uuid not null constraint payable_item_merchant_fk references merchant,
    item_id uuid not null,
    kind text not null constraint payable_item_kind check (kind in ('correction', 'bank_return', 'fx', 'write_off')),
    source text not null,
    affiliate_id uuid not null constraint payable_item_affiliate_fk references affiliate,
    currency text not null,
    amount numeric not null constraint payable_item_not_zero check (amount <> 0),
    commission_id text,
    effective_at timestamptz not null,
    created_at timestamptz not null,
    constraint payable_item_pk primary key (item_id, merchant_id, environment),
    constraint payable_item_once unique (source, kind, currency, merchant_id, environment)
);
comment on table payable_item is 'Whatever is payable and no commission; open until a payout holds it. Append-only.';
comment on column payable_item.environment is 'live or test';
comment on column payable_item.merchant_id is 'In whose books';
comment on column payable_item.item_id is 'UUID v7';
comment on column payable_item.kind is 'correction, bank_return, fx, write_off';
comment on column payable_item.source is 'The correction''s, fx conversion''s or write-off''s id, or the returned payout''s';
comment on column payable_item.affiliate_id is 'Whose';
comment on column payable_item.currency is 'ISO 4217';
comment on column payable_item.amount is 'Plus favours the affiliate; in currency';
comment on column payable_item.commission_id is 'Of a correction: the commission it corrects';
comment on column payable_item.effective_at is 'From when (test time in test)';
comment on column payable_item.created_at is 'When it was written';
create index payable_item_by_affiliate on payable_item (affiliate_id, environment, currency);
create trigger payable_item_append_only before update or delete on payable_item for each row execute function refuse_change();

create table correction (
    environment text not null constraint correction_environment check (environment in ('live', 'test')),
    merchant_id uuid not null constraint correction_merchant_fk references merchant,
    correction_id text not null,
    commission_id text not null,
    amount numeric not null constraint correction_not_zero check (amount <> 0),
    currency text not null,
    reason text not null,
    charged_to text not null constraint correction_charged_to check (charged_to in ('merchant', 'network')),
    state text not null constraint correction_state check (state in ('requested', 'approved', 'refused')),
    requested_by uuid not null,
    requested_at timestamptz not null,
    decided_by uuid,
    decided_at timestamptz,
    effective_at timestamptz,
    constraint correction_pk primary key (environment, merchant_id, correction_id),
    constraint correction_request unique (correction_id),
    constraint correction_commission_fk foreign key (environment, merchant_id, commission_id) references commission,
    constraint correction_decided check ((state = 'requested') = (decided_by is null) and (state = 'requested') = (decided_at is null)),
    constraint correction_effective check ((state = 'approved') = (effective_at is not null)),
    constraint correction_second_approval check (decided_by <> requested_by)
);
comment on table correction is 'An extra entry on a paid or rejected commission, asked for by one super-admin and decided by another.';
comment on column correction.environment is 'live or test';
comment on column correction.merchant_id is 'Whose commission';
comment on column correction.correction_id is 'The requester''s own id of the request: the same one again is the same request';
comment on column correction.commission_id is 'What it corrects';
comment on column correction.amount is 'Plus favours the affiliate; in currency';
comment on column correction.currency is 'ISO 4217, the commission''s';
comment on column correction.reason is 'Why, for merchant and affiliate to read';
comment on column correction.charged_to is 'merchant: its debt changes; network: the network bears it';
comment on column correction.state is 'requested, approved (posted), refused';
comment on column correction.requested_by is 'The super-admin who asked';
comment on column correction.requested_at is 'When';
comment on column correction.decided_by is 'The other super-admin, who decided';
comment on column correction.decided_at is 'When';
comment on column correction.effective_at is 'When it was posted (test time in test); null: not approved';
create index correction_by_commission on correction (commission_id);

create table bank_row (
    bank_row_id uuid constraint bank_row_pk primary key,
    file_sha256 text not null,
    line_number integer not null constraint bank_row_line check (line_number > 0),
    payout_id uuid,
    currency text,
    amount numeric,
    answer text constraint bank_row_answer check (answer in ('settled', 'failed', 'returned')),
    reason text,
    outcome text not null constraint bank_row_outcome check (outcome in ('settled', 'failed', 'returned', 'repeat', 'unreadable', 'unknown_payout', 'currency_differs', 'amount_differs', 'not_sent', 'settled_after_failed')),
    created_at timestamptz not null,
    constraint bank_row_once unique (file_sha256, line_number)
);
comment on table bank_row is 'Every row of the bank''s answers, and what it came to. Append-only.';
comment on column bank_row.bank_row_id is 'UUID v7';
comment on column bank_row.file_sha256 is 'Of the file it stood in, hex; sandbox: and the payout''s id for the sandbox''s own';
comment on column bank_row.line_number is 'From 1, the header counted';
comment on column bank_row.payout_id is 'The payout it names; null: unreadable';
comment on column bank_row.currency is 'As the bank says; null: unreadable';
comment on column bank_row.amount is 'As the bank says, in currency; null: unreadable';
comment on column bank_row.answer is 'settled, failed, returned; null: unreadable';
comment on column bank_row.reason is 'The bank''s words';
comment on column bank_row.outcome is 'What it did to the payout; repeat: nothing, it was known; the rest: nothing, and somebody must look';
comment on column bank_row.created_at is 'When it was taken in';
create index bank_row_by_payout on bank_row (payout_id, created_at);
create trigger bank_row_append_only before update or delete on bank_row for each row execute function refuse_change();

create table payout_file (
    run_id uuid not null constraint payout_file_run_fk references payout_run,
    environment text not null constraint payout_file_environment check (environment = 'live'),
    format text not null constraint payout_file_format check (format in ('csv', 'pain001')),
    bytes bytea not null,
    sha256 text not null,
    created_at timestamptz not null,
    constraint payout_file_pk primary key (run_id, format)
);
comment on table payout_file is 'A run''s files as written when it was sent; every export is these bytes. Append-only.';
comment on column payout_file.run_id is 'Of which run';
comment on column payout_file.environment is 'live; test payouts are never exported';
comment on column payout_file.format is 'csv: every method; pain001: bank transfers';
comment on column payout_file.bytes is 'The file';
comment on column payout_file.sha256 is 'Of the bytes, hex';
comment on column payout_file.created_at is 'When the run was sent';
create trigger payout_file_append_only before update or delete on payout_file for each row execute function refuse_change();

create table merchant_payment (
    environment text not null constraint merchant_payment_environment check (environment in ('live', 'test')),
    merchant_id uuid not null constraint merchant_payment_merchant_fk references merchant,
    merchant_payment_id text not null,
    currency text not null,
    amount numeric not null constraint merchant_payment_positive check (amount > 0),
    paid_at timestamptz not null,
    entered_by uuid,
    created_at timestamptz not null,
    constraint merchant_payment_pk primary key (merchant_payment_id, merchant_id, environment)
);
comment on table merchant_payment is 'What merchants paid the network against their debt. Append-only.';
comment on column merchant_payment.environment is 'live or test';
comment on column merchant_payment.merchant_id is 'Who paid';
comment on column merchant_payment.merchant_payment_id is 'The payment''s own reference: the same one again is the same payment';
comment on column merchant_payment.currency is 'ISO 4217';
comment on column merchant_payment.amount is 'In currency';
comment on column merchant_payment.paid_at is 'When the money came';
comment on column merchant_payment.entered_by is 'Which operator''s account; null: the installation';
comment on column merchant_payment.created_at is 'When it was entered';
create trigger merchant_payment_append_only before update or delete on merchant_payment for each row execute function refuse_change();

create table write_off (
    environment text not null constraint write_off_environment check (environment in ('live', 'test')),
    merchant_id uuid not null constraint write_off_merchant_fk references merchant,
    write_off_id text not null,
    affiliate_id uuid not null constraint write_off_affiliate_fk references affiliate,
    currency text not null,
    amount numeric not null constraint write_off_positive check (amount > 0),
    reason text not null,
    entered_by uuid,
    effective_at timestamptz not null,
    created_at timestamptz not null,
    constraint write_off_pk primary key (write_off_id, merchant_id, environment)
);
comment on table write_off is 'Negative balances given up by the network. Append-only.';
comment on column write_off.environment is 'live or test';
comment on column write_off.merchant_id is 'In whose books';
comment on column write_off.write_off_id is 'The operator''s own id of the request: the same one again is the same write-off';
comment on column write_off.affiliate_id is 'Whose balance';
comment on column write_off.currency is 'ISO 4217';
comment on column write_off.amount is 'How much of the negative balance, in currency';
comment on column write_off.reason is 'Why';
comment on column write_off.entered_by is 'Which operator''s account; null: the installation';
comment on column write_off.effective_at is 'From when (test time in test)';
comment on column write_off.created_at is 'When it was entered';
create trigger write_off_append_only before update or delete on write_off for each row execute function refuse_change();

create table fx_rate (
    rate_id uuid constraint fx_rate_pk primary key,
    environment text not null constraint fx_rate_environment check (environment in ('live', 'test')),
    from_currency text not null,
    to_currency text not null,
    rate numeric not null constraint fx_rate_positive check (rate > 0),
    dated date not null,
    source text not null,
    entered_by uuid,
    created_at timestamptz not null,
    constraint fx_rate_currencies check (from_currency <> to_currency)
);
comment on table fx_rate is 'Exchange rates as operators entered them. Append-only; a wrong one is followed by a right one.';
comment on column fx_rate.rate_id is 'UUID v7';
comment on column fx_rate.environment is 'live or test';
comment on column fx_rate.from_currency is 'ISO 4217';
comment on column fx_rate.to_currency is 'ISO 4217';
comment on column fx_rate.rate is 'Units of to_currency for one of from_currency';
comment on column fx_rate.dated is 'The day it is of';
comment on column fx_rate.source is 'Where it was read, in the operator''s words';
comment on column fx_rate.entered_by is 'Which operator''s account; null: the installation';
comment on column fx_rate.created_at is 'When it was entered';
create index fx_rate_by_pair on fx_rate (environment, from_currency, to_currency, dated desc);
create trigger fx_rate_append_only before update or delete on fx_rate for each row execute function refuse_change();

create table fx_conversion (
    environment text not null constraint fx_conversion_environment check (environment in ('live', 'test')),
    merchant_id uuid not null constraint fx_conversion_merchant_fk references merchant,
    fx_conversion_id text not null,
    affiliate_id uuid not null constraint fx_conversion_affiliate_fk references affiliate,
    rate_id uuid not null constraint fx_conversion_rate_fk references fx_rate,
    rate numeric not null,
    from_currency text not null,
    from_amount numeric not null constraint fx_conversion_from check (from_amount > 0),
    to_currency text not null,
    to_amount numeric not null constraint fx_conversion_to check (to_amount > 0),
    converted_by uuid,
    effective_at timestamptz not null,
    created_at timestamptz not null,
    constraint fx_conversion_pk primary key (fx_conversion_id, merchant_id, environment)
);
comment on table fx_conversion is 'A payable balance taken from one currency into another, before a draft. Append-only.';
comment on column fx_conversion.environment is 'live or test';
comment on column fx_conversion.merchant_id is 'In whose books';
comment on column fx_conversion.fx_conversion_id is 'The operator''s own id of the request: the same one again is the same conversion';
comment on column fx_conversion.affiliate_id is 'Whose balance';
comment on column fx_conversion.rate_id is 'By which entered rate';
comment on column fx_conversion.rate is 'That rate, frozen';
comment on column fx_conversion.from_currency is 'ISO 4217';
comment on column fx_conversion.from_amount is 'What left, in from_currency';
comment on column fx_conversion.to_currency is 'ISO 4217';
comment on column fx_conversion.to_amount is 'What came, in to_currency: from_amount × rate, rounded half-even';
comment on column fx_conversion.converted_by is 'Which operator''s account; null: the installation';
comment on column fx_conversion.effective_at is 'From when (test time in test)';
comment on column fx_conversion.created_at is 'When it was done';
create trigger fx_conversion_append_only before update or delete on fx_conversion for each row execute function refuse_change();

create table failed_event (
    environment text not null,
    merchant_id uuid not null,
    event_id text not null,
    constraint failed_event_pk primary key (environment, merchant_id, event_id)
);
comment on table failed_event is 'Events that could not be settled, until a retry settles them: their merchant is not paid out from. An index on the inbox would cost each event settled.';
comment on column failed_event.environment is 'live or test';
comment on column failed_event.merchant_id is 'Whose';
comment on column failed_event.event_id is 'Which event';
insert into failed_event select environment, merchant_id, event_id from inbox where state = 'failed';

create index commission_payable on commission (environment, affiliate_id, currency) where state = 'payable';
