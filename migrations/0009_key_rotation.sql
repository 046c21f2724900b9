-- Rotation: a key that a successor replaces works until a set instant, and no longer.

alter table api_key add column expires_at timestamptz;
alter table api_key add column successor_key_id text;
alter table api_key add constraint api_key_successor
    check (successor_key_id is null or expires_at is not null and successor_key_id <> key_id);
comment on column api_key.expires_at is 'From then on it counts as revoked, at the edge too; null: no such instant';
comment on column api_key.successor_key_id is 'The key that rotation made in its place; null: not rotated';
create index api_key_expiring on api_key (expires_at) where expires_at is not null and state <> 'revoked';
