-- What settling writes most, made lighter without giving up a guarantee.

-- Receipts, terms and lines are written once and read whole: text that is checked to be JSON costs
-- half of what a searchable tree does.
alter table conversion
    alter column items drop default, alter column returned_items drop default,
    alter column items type json using items::json,
    alter column returned_items type json using returned_items::json,
    alter column metadata type json using metadata::json,
    alter column attribution type json using attribution::json,
    alter column items set default '[]', alter column returned_items set default '[]';
alter table order_fact
    alter column items drop default,
    alter column items type json using items::json,
    alter column items set default '[]';
alter table commission alter column terms type json using terms::json;

-- A commission's id is its conversion's id under another prefix, so the primary key already makes
-- it one per conversion.
alter table commission drop constraint commission_conversion_unique;
alter table commission add constraint commission_of_conversion
    check (commission_id = 'com_' || substr(conversion_id, 5));

-- The reference to the conversion is checked once per statement instead of once per row, and a
-- conversion cannot go away.
alter table commission drop constraint commission_conversion_fk;
create function check_commissions_have_conversions() returns trigger language plpgsql as $$
declare
    lone text;
begin
    select written.commission_id into lone
    from written
    left join conversion using (environment, merchant_id, conversion_id)
    where conversion.conversion_id is null
    limit 1;
    if lone is not null then
        raise exception 'commission % has no conversion', lone
            using errcode = 'foreign_key_violation', constraint = 'commission_conversion_fk';
    end if;
    return null;
end
$$;
comment on function check_commissions_have_conversions is 'Every commission belongs to a conversion of its books.';
create trigger commission_conversion_fk after insert on commission
    referencing new table as written for each statement execute function check_commissions_have_conversions();
create trigger conversion_is_kept before delete on conversion for each row execute function refuse_change();
create trigger conversion_no_truncate before truncate on conversion for each statement execute function refuse_change();
