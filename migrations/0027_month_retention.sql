-- Months that are over for good go as a whole: dropping a partition costs nothing, whatever it holds.
create function drop_month_partitions(parent text, before timestamptz) returns integer
language plpgsql as $$
declare
    part text;
    dropped integer := 0;
begin
    for part in
        select child.relname from pg_inherits
        join pg_class child on child.oid = inhrelid
        where inhparent = to_regclass(parent)
          and (to_date(right(child.relname, 6), 'YYYYMM') + interval '1 month') at time zone 'UTC' <= before
        order by child.relname
    loop
        execute format('drop table %I', part);
        dropped := dropped + 1;
    end loop;
    return dropped;
end
$$;
comment on function drop_month_partitions is 'Drops the UTC months'' partitions of a table that ended by an instant; answers how many.';
