-- A merchant's payment that was entered wrongly is taken back by another entry: the rows stay.

alter table merchant_payment drop constraint merchant_payment_positive;
alter table merchant_payment add constraint merchant_payment_not_zero check (amount <> 0);
comment on column merchant_payment.amount is 'In currency; below zero: it takes so much of earlier payments back';
