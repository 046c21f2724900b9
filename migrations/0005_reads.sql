-- Ways in for reads: the steps of one conversion, a campaign by its id alone.

create index webhook_event_by_conversion on webhook_event (environment, merchant_id, conversion_id, position) where conversion_id is not null;
create index campaign_by_id on campaign (campaign_id);
