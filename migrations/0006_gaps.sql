-- Places of a stream that can never come: a named state, and who decided to go on without them.

create table edge_gap (
    object text not null,
    epoch text not null,
    from_seq bigint not null,
    to_seq bigint not null,
    cause text not null constraint edge_gap_cause check (cause in ('pruned', 'wiped')),
    found_at timestamptz not null,
    accepted_at timestamptz,
    accepted_by uuid,
    constraint edge_gap_pk primary key (object, epoch, from_seq),
    constraint edge_gap_range check (from_seq between 1 and to_seq),
    constraint edge_gap_accepted check (accepted_at is not null or accepted_by is null)
);
comment on table edge_gap is 'Places that the edge no longer has and settlement never stored, or lost. Never deleted; accepted once.';
comment on column edge_gap.object is 'The object''s name';
comment on column edge_gap.epoch is 'The stream';
comment on column edge_gap.from_seq is 'The first place that is missing';
comment on column edge_gap.to_seq is 'The last place that is missing';
comment on column edge_gap.cause is 'pruned: acknowledged once, then deleted at the edge; wiped: the object lost its storage';
comment on column edge_gap.found_at is 'When it was found';
comment on column edge_gap.accepted_at is 'When an operator accepted the loss; null: the stream waits in front of it';
comment on column edge_gap.accepted_by is 'Which operator''s account; null with accepted_at: the installation itself';
create index edge_gap_open on edge_gap (object, epoch) where accepted_at is null;
create trigger edge_gap_kept before delete on edge_gap for each row execute function refuse_change();
create trigger edge_gap_no_truncate before truncate on edge_gap for each statement execute function refuse_change();
