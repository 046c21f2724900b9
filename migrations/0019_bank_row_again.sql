-- A bank's row that came too early, or did not match, is judged again when its file comes again:
-- the first judgement stays, a later one is a row of its own.

alter table bank_row drop constraint bank_row_once;
alter table bank_row add constraint bank_row_once unique (file_sha256, line_number, outcome);
