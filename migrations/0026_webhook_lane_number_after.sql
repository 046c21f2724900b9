-- A lane that cannot be numbered steps back for a moment: the others' turn comes meanwhile.

alter table webhook_lane add column number_after timestamptz;
comment on column webhook_lane.number_after is 'Nothing is numbered on it before, real time, because numbering failed; null: it never did';
