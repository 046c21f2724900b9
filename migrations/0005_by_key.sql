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
