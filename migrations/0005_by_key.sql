-- Every lookup by key has one index to go by.
--
-- The planner knows nothing of a batch's arrays, and little of a young table: an index that merely
-- begins with (environment, merchant_id) looked as good to it as the primary key, and a lookup then
-- read all of a merchant's rows. The same constraints, named the same, begin with what tells rows
-- apart.

alter table conversion drop constraint conversion_order_unique;
alter table conversion add constraint conversion_order_unique unique (external_order_id, merchant_id, environment);

alter table commission drop constraint commission_conversion_unique;
alter table commission add constraint commission_conversion_unique unique (conversion_id, merchant_id, environment);

alter table order_fact drop constraint order_fact_content_unique;
alter table order_fact add constraint order_fact_content_unique unique (content_key, merchant_id, environment);

-- The same for notices: a conversion's id is one over all merchants, so it alone finds them, and a
-- hash of it is the smallest index for what is written most.
drop index webhook_event_by_conversion;
create index webhook_event_by_conversion on webhook_event using hash (conversion_id);

-- Every event of the inbox is written twice, stored and then settled. With room on its page the
-- second version needs no entries in the indexes, none of whose columns it changes.
create or replace function ensure_month_partition(parent text, at timestamptz) returns void
language plpgsql as $$
declare
    begins timestamptz := date_trunc('month', at, 'UTC');
    ends timestamptz := date_trunc('month', at, 'UTC') + interval '1 month';
    part text := format('%s_%s', parent, to_char(begins at time zone 'UTC', 'YYYYMM'));
    room text := case parent when 'inbox' then ' with (fillfactor = 45)' else '' end;
begin
    if to_regclass(part) is null then
        perform pg_advisory_xact_lock(hashtext('ensure_month_partition'));
        execute format('create table if not exists %I partition of %I for values from (%L) to (%L)%s', part, parent, begins, ends, room);
    end if;
end
$$;

-- Half of what is settled changes a conversion that is there; none of its indexes is touched.
alter table conversion set (fillfactor = 70);

-- As strict as before: at least two entries, one currency, sum zero. Entries are grouped before
-- their transfer is looked up, so that it is looked up once.
create or replace function check_transfers_balance() returns trigger language plpgsql as $$
declare
    broken text;
begin
    select e.transfer_key into broken
    from (
        select environment, merchant_id, transfer_key, sum(amount) as sum, count(*) as entries,
               min(currency) as currency, max(currency) as other_currency
        from written
        group by environment, merchant_id, transfer_key
    ) e
    left join ledger_transfer t using (environment, merchant_id, transfer_key)
    where e.sum <> 0 or e.entries < 2 or e.currency <> e.other_currency
       or t.currency is distinct from e.currency
    limit 1;
    if broken is not null then
        raise exception 'transfer % does not balance', broken
            using errcode = 'check_violation', constraint = 'ledger_transfer_balances';
    end if;
    return null;
end
$$;
