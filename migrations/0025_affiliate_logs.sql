-- An affiliate reads on in the logs of its merchants: who they are is found by these.
create index link_by_affiliate on link (affiliate_id, environment, merchant_id);
create index coupon_by_affiliate on coupon (affiliate_id, environment, merchant_id);
create index review_decision_by_affiliate on review_decision (affiliate_id, environment, merchant_id) where affiliate_id is not null;
