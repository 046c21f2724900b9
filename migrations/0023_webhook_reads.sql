-- What reads of deliveries, attempts and the log of notices need.

create index webhook_attempt_by_start on webhook_attempt (environment, merchant_id, endpoint_id, started_at);
create index webhook_delivery_dead on webhook_delivery (environment, merchant_id, endpoint_id, sequence) where state = 'dead';

-- Positions of the log are drawn before their rows are written, and a statement may draw one before
-- its transaction has an id. Then a mark taken between the two would not wait for that transaction,
-- and its notices would come to be below a mark already passed. With its id drawn first, whoever
-- has a position also has an id that the mark knows.
create function draw_transaction_id() returns trigger
language plpgsql as $$
begin
    perform pg_current_xact_id();
    return null;
end
$$;
comment on function draw_transaction_id is 'Gives the transaction its id before the statement draws positions.';
create trigger webhook_event_group_id_first before insert on webhook_event_group for each statement execute function draw_transaction_id();
comment on column webhook_mark.transaction_id is 'The transaction that made the mark: whoever drew a position up to it has an id below this one';
